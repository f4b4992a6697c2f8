"""Finds packages of npm in scripts by texts that they need to work: ``data/script_marks.toml`` says which, and why."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.script_strings import ShownPackage
from castiron_audit.tables import table
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from ahocorasick_rs import BytesAhoCorasick

NAME = "script_marks"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Mark:
    """Texts of one package, all of which must be there."""

    package: str
    texts: frozenset[bytes]
    proof: str


@cache
def _marks() -> tuple[_Mark, ...]:
    return tuple(
        _Mark(
            package=row["package"],
            texts=frozenset(text.encode() for text in row["texts"]),
            proof=max(row["texts"], key=lambda text: (len(text), text)),
        )
        for row in table(NAME)["mark"]
    )


@cache
def _finder() -> tuple[tuple[bytes, ...], BytesAhoCorasick]:
    """Return the texts, and what finds all of them in one pass."""
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    texts = tuple(sorted({text for mark in _marks() for text in mark.texts}))
    return texts, BytesAhoCorasick(texts, implementation=Implementation.DFA)


def marked_packages(script: bytes) -> tuple[ShownPackage, ...]:
    """Return the packages all of whose texts of one row stand in a script, sorted by name."""
    texts, finder = _finder()
    there = {texts[number] for number, _, _ in finder.find_matches_as_indexes(script, overlapping=True)}
    shown: dict[str, ShownPackage] = {}
    for mark in _marks():
        if mark.texts <= there:
            shown.setdefault(mark.package, ShownPackage(name=mark.package, proof=mark.proof, count=len(mark.texts)))
    return tuple(shown[name] for name in sorted(shown))
