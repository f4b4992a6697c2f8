"""Finds rules whose words a text has, all and in order: by the four words of each rule that fewest others have."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

from castiron_audit.license_rules.match import make_match, whole_mask
from castiron_audit.license_rules.words import pairs

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.license_rules.index import RuleIndex
    from castiron_audit.license_rules.match import RuleMatch
    from castiron_audit.license_rules.words import Words


def exact_matches(words: Words, index: RuleIndex) -> list[RuleMatch]:
    """Return all of them, also those within others."""
    matches = []
    for rule, start in _places(words, index):
        length = index.lengths[rule]
        phrases = ((0, length),) if index.continuous[rule] else index.phrases.get(rule, ())
        if all(_is_unbroken(words, start + first, start + last) for first, last in phrases):
            mask = whole_mask(length)
            matches.append(make_match(rule, start, mask, words, index=index, length=length, coverage=1.0, exact=True))
    return matches


def _is_unbroken(words: Words, start: int, end: int) -> bool:
    """Return whether no other word stands between the first and the last."""
    return not any(place in words.gaps for place in range(start, end - 1))


def _places(words: Words, index: RuleIndex) -> Iterator[tuple[int, int]]:
    """Yield rule and place of its first word."""
    packed = words.packed
    anchors, keys, rules, offsets = index.anchors, index.anchor_keys, index.anchor_rules, index.anchor_offsets
    for grams, different in ((words.numbers, None), (pairs(packed), None), (words.quads, words.different_quads)):
        known = anchors.keys() & (set(grams) if different is None else different)
        for place in compress(range(len(grams)), map(known.__contains__, grams)) if known else ():
            gram = grams[place]
            anchor = anchors[gram]
            while anchor < len(keys) and keys[anchor] == gram:
                rule = rules[anchor]
                start = place - offsets[anchor]
                if start >= 0 and packed.startswith(index.packed(rule), 2 * start):
                    yield rule, start
                anchor += 1
