"""Words of messages."""

from __future__ import annotations


def counted(number: int, noun: str, nouns: str = "") -> str:
    """Return a number with its noun: ``1 file``, ``2,000 files``; ``nouns`` is a plural that no ``s`` makes."""
    return f"{number:,} {noun if number == 1 else nouns or f'{noun}s'}"
