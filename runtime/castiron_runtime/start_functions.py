"""Functions that run while a program starts: they are put side by side, so that a start reads few pages of the code.

The names are data of the project, found by ``python -m tests.long.start_functions``.  They hold for all series and
targets: a name that an interpreter does not have says nothing.  Source: decision 021.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

FILE = Path(__file__).parent / "profiles" / "start_functions.txt"
"""A name a line, sorted; an empty line ends a group."""


def start_functions(text: str) -> tuple[frozenset[str], ...]:
    """Return the groups of `FILE`'s text: what every program runs, then what runs when much is imported."""
    return tuple(frozenset(group.split()) for group in text.split("\n\n"))


def first_of_all(functions: Sequence[str], groups: Iterable[Collection[str]]) -> list[str]:
    """Return functions with those of the groups in front, group after group, each in the order of ``functions``."""
    rank: dict[str, int] = {}
    place = 0
    for place, group in enumerate(groups, 1):
        for name in group:
            rank.setdefault(name, place)
    return sorted(functions, key=lambda name: rank.get(name, place + 1))
