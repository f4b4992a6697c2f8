"""Turns a text into the numbers of the words that rules know, with where other words stand between them."""

from __future__ import annotations

import re
from array import array
from typing import TYPE_CHECKING, Literal

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_audit.license_rules.index import RuleIndex

WORD = re.compile(r"[^_\W]+\+?[^_\W]*")
"""Letters and digits; ``gpl2+`` is one word."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text as numbers of words; those that no rule has are left out, and so are stopwords."""

    numbers: Sequence[int]
    packed: bytes
    """The numbers as 16-bit numbers in the machine's order."""
    quads: Sequence[int]
    """The four words that begin at each word, see `quads`."""
    gaps: frozenset[int]
    """Places of words that a word follows which was left out."""
    unknown: int
    """Number of words left out that no rule has."""
    lines: Sequence[int]
    """Line of each word, counted from 1."""
    legalese: bytes
    """1 for each word that is specific to licenses, else 0."""


def read_words(text: str, index: RuleIndex) -> Words:
    """Return the words of a text."""
    numbers = array("H")
    gaps: set[int] = set()
    unknown = 0
    lines: list[int] = []
    get, stopwords = index.counted.get, index.stopwords
    for line, content in enumerate(text.lower().splitlines(), start=1):
        before = len(numbers)
        words = WORD.findall(content)
        counted = [number for number in map(get, words) if number is not None]
        if len(counted) == len(words):  # as most lines of licenses
            numbers.extend(counted)
        else:
            for word in words:
                number = get(word)
                if number is None:
                    gaps.add(len(numbers) - 1)
                    unknown += word not in stopwords
                else:
                    numbers.append(number)
        lines += [line] * (len(numbers) - before)
    packed = numbers.tobytes()
    return Words(
        numbers=numbers,
        packed=packed,
        quads=quads(packed),
        gaps=frozenset(gaps),
        unknown=unknown,
        lines=lines,
        legalese=bytes(map(index.legalese.__ge__, numbers)),
    )


def pairs(packed: bytes) -> list[int]:
    """Return one number for each two words that follow each other in a text of 16-bit numbers."""
    return _grams(packed, 2, "I")


def quads(packed: bytes) -> list[int]:
    """Return one number for each four words that follow each other in a text of 16-bit numbers."""
    return _grams(packed, 4, "Q")


def _grams(packed: bytes, size: int, code: Literal["I", "Q"]) -> list[int]:
    """Return the grams of a size: memory read as larger numbers, from each of as many places in turn."""
    count = max(0, len(packed) // 2 - size + 1)
    grams = [0] * count
    for first in range(min(size, count)):
        end = len(packed) - (len(packed) - 2 * first) % (2 * size)
        grams[first::size] = memoryview(packed[2 * first : end]).cast(code).tolist()
    return grams
