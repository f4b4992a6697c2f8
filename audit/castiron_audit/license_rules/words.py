"""Turns a text into the numbers of the words that rules know, with where other words stand between them."""

from __future__ import annotations

import re
from array import array
from itertools import compress, repeat
from operator import is_
from typing import TYPE_CHECKING, Literal

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_audit.license_rules.index import RuleIndex

WORD = re.compile(r"[^_\W]+\+?[^_\W]*")
"""Letters and digits; ``gpl2+`` is one word."""
_WORD_OR_END = re.compile(rf"{WORD.pattern}|\n")
_WORD_OR_END_IN_ASCII = re.compile(r"[0-9a-z]+\+?[0-9a-z]*|\n")
"""The same for lower case: Unicode's classes take half as long again."""


@dataclass(frozen=True, slots=True)
class Words:
    """A text as numbers of words; those that no rule has are left out, and so are stopwords."""

    numbers: Sequence[int]
    packed: bytes
    """The numbers as 16-bit numbers in the machine's order."""
    quads: Sequence[int]
    """The four words that begin at each word, see `quads`."""
    different_quads: frozenset[int]
    """The same, each once."""
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
    pattern = _WORD_OR_END_IN_ASCII if text.isascii() else _WORD_OR_END
    tokens = pattern.findall("\n".join((*text.lower().splitlines(), "")))
    found = list(map(index.counted.get, tokens))
    gaps: set[int] = set()
    unknown = 0
    lines: list[int] = []
    line = 1
    # A loop over what is left out, and over the ends of lines: the words of a text are ten times as many.
    for before, place in enumerate(compress(range(len(found)), map(is_, found, repeat(None)))):
        if (token := tokens[place]) == "\n":
            lines += [line] * (place - before - len(lines))
            line += 1
        else:
            gaps.add(place - before - 1)
            unknown += token not in index.stopwords
    numbers = array("H", list(filter(None, found)))
    packed = numbers.tobytes()
    grams = quads(packed)
    return Words(
        numbers=numbers,
        packed=packed,
        quads=grams,
        different_quads=frozenset(grams),
        gaps=frozenset(gaps),
        unknown=unknown,
        lines=lines,
        legalese=bytes(map(index.is_legalese.__getitem__, numbers)),
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
