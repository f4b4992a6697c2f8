"""Finds rules most of whose words a text has: texts with other names in them, more or fewer words, other wordings.

Rules are chosen by a sketch: few of their groups of four words, of which a text that has the rule has most (Broder,
On the resemblance and containment of documents, 1997).  The chosen ones are then compared by all groups of four words,
within the part of the text that has most of them.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from functools import cache, lru_cache
from itertools import chain, compress
from operator import ge, mul
from typing import TYPE_CHECKING

from castiron_audit.license_rules.index import Kind, rule_index
from castiron_audit.license_rules.match import Taken, make_match
from castiron_audit.license_rules.words import quads
from castiron_audit.spdx_list import license_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_audit.license_rules.index import RuleIndex
    from castiron_audit.license_rules.match import RuleMatch
    from castiron_audit.license_rules.words import Words

_SKETCH_SHARE = 0.4
"""Share of a rule's sketch that a text must have for the rule to be compared with it."""
_CANDIDATES = 100
"""Rules looked at for one text, the most likely ones ..."""
_WORDS_LOOKED_AT = 30_000
"""... and words of these rules, together: texts of long licenses have fewer relatives worth a look ..."""
_FEWEST_CANDIDATES = 5
"""... but so many are always looked at."""
_COMPARED = 16
"""Rules compared with one text, those most of whose groups of words it has."""
_REST = 40
"""Groups of four words without a match from which on rules are chosen for these alone."""
_PLACES = 3
"""Places in one text at which one rule is looked for."""

_COVERAGE = 0.65
"""Share of a rule's words that a text must have ..."""
_COVERAGE_SHORT = 0.8
"""... of a rule with fewer than ten words ..."""
_COVERAGE_SEVERAL = 0.9
"""... and of one for several licenses, as what is missing may be one of these."""
_DENSITY = 0.4
"""Share of the words between the first and the last found that must be the rule's."""
_OWN_WORDS = 0.5
"""Share of a match's words that no better match may have."""


def similar_matches(words: Words, index: RuleIndex, open_words: bytes) -> list[RuleMatch]:
    """Return the best of them for each part of the text.

    ``open_words`` has a 1 for each word that matters and that no exact match has; a match must have such a word.
    """
    grams = words.different_quads
    rules = _candidates(grams, index)
    found = [match for rule, common in rules.items() for match in _compare(rule, words, common, index)]
    # Of several license texts, the relatives of one may be all that was compared: the rest is looked at alone.
    rest = _grams_of_rest(words, open_words, _best(found, len(words.numbers)))
    if len(rest) >= _REST:
        others = [rule for rule in _candidates(rest, index) if index.kinds[rule] == Kind.TEXT and rule not in rules]
        found += [
            match for rule in others for match in _compare(rule, words, grams.intersection(_rule_grams(rule)), index)
        ]
    # The best match may be what an exact one has already: it still says that lesser ones are not meant.
    return [
        match
        for match in _best(found, len(words.numbers))
        if match.mask & int.from_bytes(open_words[match.start : match.end], "little")
    ]


def _grams_of_rest(words: Words, open_words: bytes, found: Sequence[RuleMatch]) -> frozenset[int]:
    """Return the groups of four words that stand near to words that matter and that no match has, exact or not."""
    rest = bytearray(open_words)
    for match in found:
        width = match.end - match.start
        part = int.from_bytes(rest[match.start : match.end], "little") & ~match.mask
        rest[match.start : match.end] = part.to_bytes(width, "little")
    near = int.from_bytes(rest, "little")
    for places in (1, 2, 4):
        near |= near << 8 * places | near >> 8 * places
    return frozenset(compress(words.quads, (near & (1 << 8 * len(rest)) - 1).to_bytes(len(rest), "little")))


def _candidates(grams: frozenset[int], index: RuleIndex) -> dict[int, frozenset[int]]:
    """Return the rules to compare with the text, the best first, each with its groups of words that the text has."""
    ends, rules = index.gram_ends, index.gram_rules
    rows = map(index.grams.__getitem__, index.grams.keys() & grams)
    counts = Counter(chain.from_iterable(rules[ends[row - 1] if row else 0 : ends[row]] for row in rows))
    lengths = index.lengths
    # Thousands of rules have a group in common with a text: all this is done without a loop of Python's.
    enough = list(compress(counts, map(ge, counts.values(), map(_least_shared().__getitem__, counts))))
    shares = zip(map(counts.__getitem__, enough), map(index.sketch_sizes.__getitem__, enough), strict=True)
    worths = map(mul, map(_squares().__getitem__, shares), map(lengths.__getitem__, enough))
    likely = sorted(zip(worths, enough, strict=True))
    chosen: list[tuple[float, int, frozenset[int]]] = []
    looked_at = 0
    for number, (_, rule) in enumerate(likely[:_CANDIDATES]):
        if looked_at > _WORDS_LOOKED_AT and number >= _FEWEST_CANDIDATES:
            break
        looked_at += (length := lengths[rule])
        common = grams.intersection(_rule_grams(rule))
        share = len(common) / _different_grams(rule)
        # Each word that the text changes takes at most four of the rule's groups of words.
        if share >= 4 * _needed(length, index.coverages[rule], index.expression(rule)) - 3:
            chosen.append((-(share**2) * length, rule, common))
    # No two are of one rule, so sets are not compared.
    return {rule: common for _, rule, common in sorted(chosen)[:_COMPARED]}


@cache
def _least_shared() -> bytes:
    """Return how many groups of words of each rule's sketch a text must have, by the number of the rule."""
    return rule_index().sketch_sizes.translate(bytes(math.ceil(_SKETCH_SHARE * size) for size in range(256)))


@cache
def _squares() -> dict[tuple[int, int], float]:
    """Return the square of each share of a sketch, below zero: the largest come first."""
    sizes = range(1, max(rule_index().sketch_sizes) + 1)
    return {(count, size): -((count / size) ** 2) for size in sizes for count in range(1, size + 1)}


@lru_cache(maxsize=1024)
def _rule_grams(rule: int) -> Sequence[int]:
    return quads(rule_index().packed(rule))


@cache
def _different_grams(rule: int) -> int:
    """Return how many there are of a rule; a number is kept longer than the groups, which are large."""
    return len(set(_rule_grams(rule)))


def _compare(rule: int, words: Words, common: frozenset[int], index: RuleIndex) -> Iterator[RuleMatch]:
    """Yield where the text has most of a rule, the best place first.

    ``common`` are the groups of words that both have.
    """
    length = index.lengths[rule]
    needed = _needed(length, index.coverages[rule], index.expression(rule))
    width = length + length // 4 + 20
    begins = bytes(map(common.__contains__, words.quads))
    first, last = begins.find(1), begins.rfind(1)
    if first < 0:
        return
    # Mostly all of them are near to each other, and no list of them is needed.
    places = [] if last - first < width else list(compress(range(len(begins)), begins))
    for _ in range(_PLACES):
        start, end = _densest(places, width) if places else (first, last + 1)
        if end - start < needed * length / 2:
            return
        in_text = _covered(begins[start:end])
        matched = in_text.bit_count()
        if matched / length < needed or matched < _DENSITY * (end - start + 3):
            return
        within = not places or (start <= places[0] and places[-1] < end)
        here = common if within else common.intersection(words.quads[start:end])
        # What only one of the two says twice does not count twice.
        matched = min(matched, _covered(bytes(map(here.__contains__, _rule_grams(rule)))).bit_count())
        coverage = matched / length
        if coverage < needed or matched < _DENSITY * (end - start + 3):
            return
        if _has_phrases(rule, words, start, end + 3, index) and _is_named(rule, words, start, end + 3):
            mask = _closed(in_text)
            yield make_match(rule, start, mask, words, index=index, length=matched, coverage=coverage, exact=False)
        if within:
            return
        places = [place for place in places if not start <= place < end]


def _needed(length: int, stated: int, expression: str) -> float:
    usual = _COVERAGE_SEVERAL if " " in expression else _COVERAGE_SHORT if length < 10 else _COVERAGE
    return max(stated / 100, usual)


def _densest(places: Sequence[int], width: int) -> tuple[int, int]:
    """Return start and end of the part of at most ``width`` words that has most of the places, which are not empty."""
    if places[-1] - places[0] < width:
        return places[0], places[-1] + 1
    most, where, first = 0, (0, 0), 0
    for last, place in enumerate(places):
        while place - places[first] >= width:
            first += 1
        if last - first >= most:
            most, where = last - first + 1, (places[first], place + 1)
    return where


def _covered(begins: bytes) -> int:
    """Return the mask of the words of groups of four, of which the first ones are given as a 1."""
    mask = int.from_bytes(begins, "little")
    mask |= mask << 8
    return mask | mask << 16


def _closed(mask: int) -> int:
    """Return the mask with gaps of up to seven words filled: a name in a text belongs to the text."""
    for places in (1, 2, 4):
        mask |= mask << 8 * places
    for places in (1, 2, 4):
        mask &= mask >> 8 * places
    return mask


def _has_phrases(rule: int, words: Words, start: int, end: int, index: RuleIndex) -> bool:
    """Return whether the phrases that a rule requires stand in that part of the text, with no other word in them."""
    first_word = index.starts[rule]
    for first, last in index.phrases.get(rule, ()):
        phrase = index.words[first_word + 2 * first : first_word + 2 * last]
        place = words.packed.find(phrase, 2 * start, 2 * end)
        while place >= 0:
            word, odd = divmod(place, 2)
            if not odd and words.gaps.isdisjoint(range(word, word + last - first - 1)):
                break
            place = words.packed.find(phrase, place + 1, 2 * end)
        else:
            return False
    return True


_NO_NAMES = frozenset(
    {
        "agreement", "and", "any", "clause", "code", "community", "copyright", "exception", "for", "foundation",
        "free", "general", "later", "lesser", "library", "licence", "license", "licenseref", "new", "notice", "of",
        "only", "open", "or", "original", "permission", "project", "public", "reference", "scancode", "simplified",
        "software", "source", "style", "terms", "the", "to", "use", "variant", "version", "with",
    }
)  # fmt: skip
"""Words in names of licenses that do not tell them apart."""


@lru_cache(maxsize=1024)
def _name_words(rule: int) -> frozenset[int]:
    """Return the words of a rule that are of its licenses' names; none for a license text, in which names change."""
    index = rule_index()
    if index.kinds[rule] == Kind.TEXT:
        return frozenset()
    identifiers = re.split(r" (?:AND|OR|WITH) ", index.expression(rule).replace("(", "").replace(")", ""))
    names = " ".join((*identifiers, *(license_name(item) or "" for item in identifiers))).lower()
    numbers = {index.numbers.get(word, -1) for word in re.findall(r"[a-z]{2,}", names) if word not in _NO_NAMES}
    return frozenset(numbers.intersection(memoryview(index.packed(rule)).cast("H")))


def _is_named(rule: int, words: Words, start: int, end: int) -> bool:
    """Return whether a text that nearly has a notice has one of the words that name its license.

    "Licensed under the Acme License (the "License"); you may not use this file ..." is the form of many notices.
    """
    names = _name_words(rule)
    return not names or not names.isdisjoint(words.numbers[start:end])


def _worth(match: RuleMatch) -> float:
    """Return how well a match explains a text: more licenses, or later ones, need words that nothing else explains."""
    doubt = 0.9 if " " in match.expression else 0.97 if match.expression.endswith("-or-later") else 1.0
    return match.length * match.coverage * doubt


def _best(found: Sequence[RuleMatch], size: int) -> list[RuleMatch]:
    """Return the matches that explain most of the text, each with words of its own."""
    kept: list[RuleMatch] = []
    taken = Taken(size)
    for match in sorted(found, key=lambda match: (-_worth(match), len(match.expression), match.rule)):
        if taken.count(match) <= _OWN_WORDS * match.length:
            kept.append(match)
            taken.add(match)
    return kept
