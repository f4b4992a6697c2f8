"""Findings for a person's eyes: those that say the same of one package are one line."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_manifest.model import Finding

_PLACE = re.compile(r"[\w./-]+\.py\b(?::\d+)?")
_SINGLE = 3
"""So many are shown one by one."""
_NAMED = 6
"""Subjects that a line for several names."""


def united(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings in their order; more than three that differ in subject and place alone become one."""
    alike: dict[tuple[str, ...], list[Finding]] = {}
    for finding in findings:
        alike.setdefault(_key(finding), []).append(finding)
    shown: list[Finding] = []
    for same in alike.values():
        if len(same) <= _SINGLE:
            shown += same
        else:
            subjects = ", ".join(item.subject for item in same[:_NAMED])
            more = f" and {len(same) - _NAMED} more" if len(same) > _NAMED else ""
            shown.append(replace(same[0], subject=f"{subjects}{more}"))
    return shown


def _key(finding: Finding) -> tuple[str, ...]:
    place = _PLACE.search(f"{finding.message} {finding.subject}")
    package = place[0].partition("/")[0] if place is not None else ""
    return (finding.severity, finding.code, package, _PLACE.sub("", finding.message))
