"""Says which of a few licenses of the SPDX License List a changed text resembles most."""

from __future__ import annotations

from functools import cache

from castiron_audit.license_rules.index import rule_index
from castiron_audit.license_rules.words import read_words
from castiron_audit.spdx_list import license_text

_RESEMBLES = 0.5
"""Dice coefficient of groups of four words from which on a text decides between some licenses ..."""
_CLEARLY = 0.05
"""... if it is so much more than that of the others."""


def closest(text: str, candidates: tuple[str, ...]) -> str | None:
    """Return the one of a few licenses that a text resembles clearly more than the others."""
    quads = frozenset(read_words(text, rule_index()).quads)
    scores = sorted(
        (
            (2 * len(quads & model) / (len(quads) + len(model)), name)
            for name in candidates
            if not name.endswith("-or-later") and (model := _quads_of(name))
        ),
        reverse=True,
    )
    if not scores or scores[0][0] < _RESEMBLES:
        return None
    if len(scores) > 1 and scores[1][0] > scores[0][0] - _CLEARLY:
        return None
    return scores[0][1]


@cache
def _quads_of(name: str) -> frozenset[int]:
    return frozenset(read_words(license_text(name) or "", rule_index()).quads)
