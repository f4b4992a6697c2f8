"""A rule found in a text, and which words two of them share."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from castiron_audit.license_rules.index import Kind
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from castiron_audit.license_rules.index import RuleIndex
    from castiron_audit.license_rules.words import Words


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleMatch:
    """A rule found in a text."""

    rule: int
    """Its number."""
    kind: Kind
    expression: str
    start: int
    """Place of the first word."""
    end: int
    """Place behind the last one."""
    mask: int = field(repr=False)
    """The words from ``start`` on that belong to it: a byte of 1 for each, the lowest first."""
    length: int
    """Number of words that the rule has, too."""
    legalese: int
    """Number of words that are specific to licenses."""
    coverage: float
    """Share of the rule's words that the text has; 1.0 if it has all of them."""
    exact: bool
    """True if the text has the rule's words and no others between them."""


def make_match(
    rule: int, start: int, mask: int, words: Words, *, index: RuleIndex, length: int, coverage: float, exact: bool
) -> RuleMatch:
    """Return a match of the words that ``mask`` has."""
    end = start + (mask.bit_length() + 7) // 8
    return RuleMatch(
        rule=rule,
        kind=Kind(index.kinds[rule]),
        expression=index.expression(rule),
        start=start,
        end=end,
        mask=mask,
        length=length,
        legalese=(mask & int.from_bytes(words.legalese[start:end], "little")).bit_count(),
        coverage=coverage,
        exact=exact,
    )


def whole_mask(length: int) -> int:
    """Return the mask of so many words that follow each other."""
    return int.from_bytes(b"\1" * length, "little")


def shared(left: RuleMatch, right: RuleMatch) -> int:
    """Return how many words two matches have in common."""
    if left.start > right.start:
        left, right = right, left
    return (left.mask >> 8 * (right.start - left.start) & right.mask).bit_count()


def contains(left: RuleMatch, right: RuleMatch) -> bool:
    """Return whether all words of ``right`` belong to ``left``."""
    return left.start <= right.start and left.mask >> 8 * (right.start - left.start) & right.mask == right.mask


class Taken:
    """The words of a text that matches have."""

    def __init__(self, size: int) -> None:
        self._words = bytearray(size)

    def add(self, match: RuleMatch) -> None:
        """Take the words of a match."""
        self._words[match.start : match.end] = (self._of(match) | match.mask).to_bytes(
            match.end - match.start, "little"
        )

    def count(self, match: RuleMatch) -> int:
        """Return how many words of a match are taken."""
        return (self._of(match) & match.mask).bit_count()

    def free(self, words: bytes) -> bytes:
        """Return those of the words marked with 1 that are not taken."""
        free = int.from_bytes(words, "little") & ~int.from_bytes(self._words, "little")
        return free.to_bytes(len(words), "little")

    def _of(self, match: RuleMatch) -> int:
        return int.from_bytes(self._words[match.start : match.end], "little")
