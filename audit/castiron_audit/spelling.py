"""Suggests what a misspelt word was meant to be."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word that is most like ``word``, upper and lower case alike; None if none is."""
    by_lower = {item.lower(): item for item in sorted(known)}
    found = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.7)
    return by_lower[found[0]] if found else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ``; did you mean 'x'?`` for the end of a message, empty if nothing is near."""
    found = nearest(word, known)
    return f"; did you mean {found!r}?" if found is not None else ""
