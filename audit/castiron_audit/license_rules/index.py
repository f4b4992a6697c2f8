"""The rules by which licenses are found, as they are in ``data/license_rules.msgpack.zst``.

The file is made by ``make_index.py``.  It is read when the first text is looked at: 12 MB of numbers, which
takes 60 ms.
"""

from __future__ import annotations

import sys
from array import array
from enum import IntEnum
from functools import cache
from importlib.resources import files
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Literal

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

FILE_NAME = "license_rules.msgpack.zst"
FORMAT = 1


class Kind(IntEnum):
    """What a rule is the text of."""

    TEXT = 0
    """A license."""
    NOTICE = 1
    """A notice that something is under a license."""
    REFERENCE = 2
    """The name of a license, or the address of its page."""
    TAG = 3
    """The license in a form for machines: ``license='MIT'``."""
    INTRODUCTION = 4
    """What stands before a license."""
    CLUE = 5
    """Something that hints at a license."""
    FALSE_POSITIVE = 6
    """Something that looks like a license and is none."""


@dataclass(frozen=True, slots=True)
class RuleIndex:
    """All rules; a rule is known by its number."""

    source: str
    numbers: Mapping[str, int]
    """Number of each word that a rule has."""
    counted: Mapping[str, int]
    """The same without stopwords."""
    is_legalese: bytes
    """1 for the number of each word that is specific to licenses."""
    stopwords: frozenset[str]
    """Words that do not count: of markup, mostly."""
    aliases: Mapping[str, str]
    """Identifiers of SPDX by every identifier that they have or had, in lower case."""
    generic: frozenset[str]
    """Identifiers that stand for no certain license."""
    exceptions: frozenset[str]
    """Identifiers that stand after ``WITH``."""
    expressions: Sequence[str]
    words: bytes
    """Words of all rules, one after the other, as 16-bit numbers."""
    starts: Sequence[int]
    """Where the words of each rule begin, in bytes; one more for the end."""
    lengths: Sequence[int]
    """Number of words of each rule."""
    rule_expressions: Sequence[int]
    kinds: Sequence[int]
    continuous: Sequence[int]
    coverages: Sequence[int]
    phrases: Mapping[int, tuple[tuple[int, int], ...]]
    """By rule: start and end of the words that have to be there as they are."""
    anchors: Mapping[int, int]
    """Place in the two following of the first rule that has a gram as its anchor."""
    anchor_keys: Sequence[int]
    anchor_rules: Sequence[int]
    anchor_offsets: Sequence[int]
    """Where in the rule its anchor is."""
    sketch_sizes: bytes
    """Number of grams that stand for each rule."""
    grams: Mapping[int, int]
    """Place in the following of each such gram."""
    gram_ends: Sequence[int]
    gram_rules: Sequence[int]

    def packed(self, rule: int) -> bytes:
        """Return the words of a rule."""
        return self.words[self.starts[rule] : self.starts[rule + 1]]

    def expression(self, rule: int) -> str:
        """Return the licenses of a rule; empty for what is no license."""
        return self.expressions[self.rule_expressions[rule]]


@cache
def rule_index() -> RuleIndex:
    """Return the rules."""
    import msgpack
    import zstandard

    packed = files("castiron_audit.data").joinpath(FILE_NAME).read_bytes()
    content: dict[str, Any] = msgpack.unpackb(zstandard.ZstdDecompressor().decompress(packed))
    if content["format"] != FORMAT:
        raise RuntimeError(f"{FILE_NAME} has format {content['format']}, and this code reads {FORMAT}: make it again.")
    phrases: dict[int, tuple[tuple[int, int], ...]] = {}
    for rule, start, end in zip(
        *(_numbers(code, content[f"phrase_{name}"]) for code, name in (("H", "rules"), ("I", "starts"), ("I", "ends"))),
        strict=True,
    ):
        phrases[rule] = (*phrases.get(rule, ()), (start, end))
    anchor_keys = [
        *_numbers("H", content["anchor_words"]),
        *_keys("I", content["anchor_pairs"]),
        *_keys("Q", content["anchor_quads"]),
    ]
    grams = _keys("Q", content["gram_words"])
    numbers = dict(zip(content["words"], _numbers("H", content["word_numbers"]), strict=True))
    stopwords = frozenset(content["stopwords"])
    # Of several anchors with the same key, the first is the last that is put in.
    anchors = dict(zip(reversed(anchor_keys), range(len(anchor_keys) - 1, -1, -1), strict=True))
    lengths = _numbers("I", content["rule_lengths"])
    return RuleIndex(
        source=content["source"],
        numbers=numbers,
        counted={word: number for word, number in numbers.items() if word not in stopwords},
        is_legalese=(b"\1" * (content["legalese"] + 1)).ljust(1 << 16, b"\0"),
        stopwords=stopwords,
        aliases=content["aliases"],
        generic=frozenset(content["generic"]),
        exceptions=frozenset(content["exceptions"]),
        expressions=content["expressions"],
        words=content["rule_words"] if sys.byteorder == "little" else _numbers("H", content["rule_words"]).tobytes(),
        starts=[0, *accumulate(2 * length for length in lengths)],
        lengths=lengths,
        rule_expressions=_numbers("H", content["rule_expressions"]),
        kinds=content["rule_kinds"],
        continuous=content["rule_continuous"],
        coverages=content["rule_coverages"],
        phrases=phrases,
        anchors=anchors,
        anchor_keys=anchor_keys,
        anchor_rules=_numbers("H", content["anchor_rules"]),
        anchor_offsets=_numbers("H", content["anchor_offsets"]),
        sketch_sizes=content["sketch_sizes"],
        grams=dict(zip(grams, range(len(grams)), strict=True)),
        gram_ends=list(accumulate(_numbers("H", content["gram_counts"]))),
        # A list, as its numbers are counted over and over: an array makes each anew.
        gram_rules=_numbers("H", content["gram_rules"]).tolist(),
    )


def _keys(code: Literal["I", "Q"], packed: bytes) -> Sequence[int]:
    """Return groups of words as numbers, as `castiron_audit.license_rules.words.quads` does."""
    return memoryview(_numbers("H", packed).tobytes()).cast(code).tolist()


def _numbers(code: str, packed: bytes) -> array[int]:
    numbers = array(code)
    numbers.frombytes(packed)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
