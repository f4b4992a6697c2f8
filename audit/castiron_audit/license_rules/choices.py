"""Joins names of licenses with "or" between them: "under the Apache License 2.0, ISC or MIT license" is a choice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.license_rules.index import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_audit.license_rules.index import RuleIndex
    from castiron_audit.license_rules.match import RuleMatch
    from castiron_audit.license_rules.words import Words

_LONGEST_NAME = 20
"""Words; what is longer is a text or a notice of its own."""
_DISTANCE = 3
"""Words between two names, at most: "or the", "or under the"."""


def with_choices(matches: Sequence[RuleMatch], words: Words, index: RuleIndex) -> list[RuleMatch]:
    """Return the matches, those of names that are a choice as one; ``matches`` are in the order of the text."""
    or_, and_ = index.numbers.get("or"), index.numbers.get("and")
    joined: list[RuleMatch] = []
    chain: list[RuleMatch] = []
    between: list[int] = []
    for match in matches:
        gap = words.numbers[chain[-1].end : match.start] if chain else ()
        if chain and not (
            _is_name(match) and match.start >= chain[-1].end and len(gap) <= _DISTANCE and and_ not in gap
        ):
            joined += _joined(chain, is_choice=or_ in between)
            chain, between = [], []
        if _is_name(match):
            between += gap if chain else ()
            chain.append(match)
        else:
            joined.append(match)
    return joined + _joined(chain, is_choice=or_ in between)


def _is_name(match: RuleMatch) -> bool:
    return (
        match.exact
        and match.length <= _LONGEST_NAME
        and match.kind in {Kind.REFERENCE, Kind.TAG, Kind.NOTICE}
        and match.expression != ""
        and " " not in match.expression
    )


def _joined(chain: Sequence[RuleMatch], *, is_choice: bool) -> list[RuleMatch]:
    expression = expressions.any_of(match.expression for match in chain) if is_choice else None
    if expression is None or " OR " not in expression:
        return list(chain)
    first, last = chain[0], chain[-1]
    kind = min((match.kind for match in chain), default=first.kind)
    length = sum(match.length for match in chain)
    return [replace(first, expression=expression, kind=kind, end=last.end, length=length)]
