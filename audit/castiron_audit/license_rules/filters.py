"""Chooses among the rules found in one text: those within others and those that mostly overlap better ones go.

The order and the shares are those of ScanCode Toolkit (``licensedcode/match.py``, Apache-2.0), for which the rules were
written.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

from castiron_audit.license_rules.index import Kind
from castiron_audit.license_rules.match import Taken, contains, shared

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from castiron_audit.license_rules.index import RuleIndex
    from castiron_audit.license_rules.match import RuleMatch
    from castiron_audit.license_rules.words import Words

_SMALL_RULE = 15
"""Words; shorter rules are not spread over more lines than they have words."""
_SMALL, _MEDIUM, _LARGE, _EXTRA_LARGE = 0.1, 0.4, 0.7, 0.9
"""Shares of a match's words that another match has, too."""

_UNSPECIFIC = {
    "BSD-3-Clause": "BSD-",
    "GPL-1.0-or-later": "GPL-",
    "LGPL-2.0-or-later": "LGPL-",
    "AGPL-1.0-or-later": "AGPL-",
}
"""What a name without a version or clauses stands for, and how the identifiers of its relatives begin."""

_ITEMS = frozenset({Kind.REFERENCE, Kind.TAG, Kind.INTRODUCTION, Kind.CLUE})
"""Kinds of rules that items of a list of licenses match."""
_LONGEST_ITEM = 20
_ITEM_DISTANCE = 10
"""Words between two items, at most."""
_SHORTEST_LIST = 15
_LONG_LIST = 150
"""Items from which on a text that has hardly anything else is such a list as a whole."""


def chosen(matches: Sequence[RuleMatch], words: Words, index: RuleIndex) -> list[RuleMatch]:
    """Return the matches that tell the licenses of the text, also those of rules for what only looks like a license."""
    dense = [match for match in matches if len(matches) == 1 or not _scattered(match, words, index)]
    kept, contained = _without_contained(dense)
    kept, overlapping = _without_overlapping(kept, words)
    # What goes because of a match that goes itself comes back.
    for discarded in (contained, overlapping):
        taken = Taken(len(words.numbers))
        for match in kept:
            taken.add(match)
        kept += [match for match in discarded if not taken.count(match)]
    return _without_contained(kept)[0]


def without_lists(matches: Sequence[RuleMatch]) -> list[RuleMatch]:
    """Return the matches without those of lists that only name many licenses, as tools that know licenses have them."""
    items = [match for match in matches if _is_item(match)]
    if len(items) > _LONG_LIST and len(items) > 0.95 * len(matches) and _is_list(items):
        return []
    kept: list[RuleMatch] = []
    run: list[RuleMatch] = []
    for match in sorted(matches, key=_order):
        item = _is_item(match)
        if run and (not item or match.start - run[-1].end > _ITEM_DISTANCE):
            kept += [] if _is_list(run) else run
            run = []
        (run if item else kept).append(match)
    return sorted(kept + ([] if _is_list(run) else run), key=_order)


def without_unspecific(matches: Sequence[RuleMatch]) -> list[RuleMatch]:
    """Return the matches without "under the BSD" where what follows is "BSD 2-Clause License".

    ``matches`` are in the order of the text.
    """
    return [
        match
        for place, match in enumerate(matches)
        if match.expression not in _UNSPECIFIC
        or not any(
            match.start < other.start < match.end < other.end
            and other.expression.startswith(_UNSPECIFIC[match.expression])
            for other in matches[place + 1 : place + 4]
        )
    ]


def _is_item(match: RuleMatch) -> bool:
    return match.exact and match.length <= _LONGEST_ITEM and match.kind in _ITEMS


def _is_list(run: Sequence[RuleMatch]) -> bool:
    different = len({match.expression for match in run})
    return len(run) >= _SHORTEST_LIST and different * 3 > len(run)


def _scattered(match: RuleMatch, words: Words, index: RuleIndex) -> bool:
    if index.lengths[match.rule] >= _SMALL_RULE:
        return False
    lines = words.lines[match.end - 1] - words.lines[match.start] + 1
    return lines > match.length + (2 if match.kind is Kind.TAG else 0)


def _order(match: RuleMatch) -> tuple[int, int, int, bool, float, int]:
    return match.start, -match.legalese, -match.length, not match.exact, -match.coverage, match.rule


def _without_contained(matches: Sequence[RuleMatch]) -> tuple[list[RuleMatch], list[RuleMatch]]:
    return _sifted(
        matches,
        is_beyond=lambda current, following: following.end > current.end,
        loser=lambda current, following, _: _contained(current, following),
    )


def _contained(current: RuleMatch, following: RuleMatch) -> RuleMatch | None:
    """Return which of two matches has no word of its own, None if both have some."""
    if (current.start, current.mask) == (following.start, following.mask):
        return following if current.coverage >= following.coverage else current
    if contains(current, following):
        return following
    return current if contains(following, current) else None


def _without_overlapping(matches: Sequence[RuleMatch], words: Words) -> tuple[list[RuleMatch], list[RuleMatch]]:
    return _sifted(
        matches,
        is_beyond=lambda current, following: following.start >= current.end,
        loser=lambda current, following, previous: _loser(current, following, previous, words),
    )


def _sifted(
    matches: Sequence[RuleMatch],
    *,
    is_beyond: Callable[[RuleMatch, RuleMatch], bool],
    loser: Callable[[RuleMatch, RuleMatch, RuleMatch | None], RuleMatch | None],
) -> tuple[list[RuleMatch], list[RuleMatch]]:
    """Return what stays and what goes if each match is compared with those that follow it, until one is beyond it.

    ``loser`` also gets the match that stayed before the first of the two.
    """
    ordered = sorted(matches, key=_order)
    stays = [True] * len(ordered)
    previous: RuleMatch | None = None
    for place, current in enumerate(ordered):
        if not stays[place]:
            continue
        for other in range(place + 1, len(ordered)):
            if not stays[other]:
                continue
            following = ordered[other]
            if is_beyond(current, following):
                break
            lost = loser(current, following, previous)
            if lost is following:
                stays[other] = False
            elif lost is current:
                stays[place] = False
                break
        if stays[place]:
            previous = current
    kept = [match for match, stayed in zip(ordered, stays, strict=True) if stayed]
    return kept, [match for match, stayed in zip(ordered, stays, strict=True) if not stayed]


def _loser(current: RuleMatch, following: RuleMatch, previous: RuleMatch | None, words: Words) -> RuleMatch | None:
    """Return which of two overlapping matches goes, None if both stay."""
    overlap = shared(current, following)
    if not overlap or (current.kind is Kind.FALSE_POSITIVE and following.kind is Kind.FALSE_POSITIVE):
        return None
    of_following, of_current = overlap / following.length, overlap / current.length
    current_longer = current.length >= following.length
    following_longer = current.length <= following.length
    current_stronger = current_longer and current.legalese >= following.legalese
    following_stronger = following_longer and current.legalese <= following.legalese
    if of_following >= _EXTRA_LARGE and current_longer:
        return following
    if of_current >= _EXTRA_LARGE and following_longer:
        return current
    if of_following >= _LARGE and current_stronger:
        return following
    if of_current >= _LARGE and following_stronger:
        return current
    current_covers = _licenses(current.expression) >= _licenses(following.expression)
    following_covers = _licenses(following.expression) >= _licenses(current.expression)
    if of_following >= _MEDIUM or of_current >= _MEDIUM:
        if current_covers and current_stronger:
            return following
        if (
            of_following >= _MEDIUM
            and following.length == 2
            and current.length >= 4
            and current.legalese >= following.legalese
            and words.numbers[current.end - 1] == words.numbers[following.start]
        ):
            return following
        if following_covers and following_stronger:
            return current
    if of_following >= _SMALL and _surrounds(current, following) and current_covers and current_stronger:
        return following
    if of_current >= _SMALL and _surrounds(following, current) and following_covers and following_stronger:
        return current
    if previous is not None and not shared(previous, following):
        with_previous = shared(current, previous)
        if with_previous and with_previous + overlap >= 0.9 * current.length:
            return current
    return None


def _surrounds(left: RuleMatch, right: RuleMatch) -> bool:
    return left.start <= right.start and left.end >= right.end


@lru_cache(maxsize=4096)
def _licenses(expression: str) -> frozenset[str]:
    return frozenset(re.findall(r"[\w.+-]+", expression)) - {"AND", "OR", "WITH"}
