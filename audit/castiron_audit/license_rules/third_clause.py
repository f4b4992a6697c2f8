"""Tells the BSD license of three clauses from that of two, where the third has words that no rule has.

"The name of the author or contributors may not be used to endorse or promote products ..." names anybody, at length.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_audit.license_rules.match import RuleMatch
    from castiron_audit.license_rules.words import Words

_CLAUSE = re.compile(
    r"\bnames?\b[^.;]{0,300}?\b(?:may|must|can|shall)\W+(?:not\W+)?be\W+used\W+to\W+(?:endorse|promote)\b",
    re.IGNORECASE,
)
_WHOLE = 40
"""Words of the two clauses, at least: a name or a notice has fewer."""
_LINES = 12
"""Lines after the second clause's within which the third one begins."""


def with_third_clause(matches: Sequence[RuleMatch], text: str, words: Words) -> list[RuleMatch]:
    """Return the matches; that of the text of two clauses, behind which the third one stands, is that of three."""
    if not any(map(_is_of_two, matches)):
        return list(matches)
    clauses = [text.count("\n", 0, match.start()) + 1 for match in _CLAUSE.finditer(text)]
    found = []
    for match in matches:
        is_two = _is_of_two(match)
        end = words.lines[match.end - 1] if is_two else 0
        is_three = is_two and any(end <= line <= end + _LINES for line in clauses)
        found.append(replace(match, expression="BSD-3-Clause") if is_three else match)
    return found


def _is_of_two(match: RuleMatch) -> bool:
    """Return whether a match is the text of the license of two clauses."""
    return match.expression == "BSD-2-Clause" and match.length >= _WHOLE
