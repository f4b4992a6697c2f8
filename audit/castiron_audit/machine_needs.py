"""What a program needs of the machine, in rows for the documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass
from castiron_manifest.needs import DIFFERENT, LABELS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.model import Report
    from castiron_manifest.model import Need

_MOST = 4
"""Modules that a row names."""


@dataclass(frozen=True, slots=True)
class NeedRow:
    """One thing that the machine brings."""

    what: str
    state: str
    """Whether the application's own code uses it, and whether the binary has it, too."""
    modules: str


def need_rows(report: Report) -> Iterator[NeedRow]:
    """Yield a row for each thing, in the order of `castiron_manifest.needs.LABELS` and ``DIFFERENT``."""
    for what, label in {**LABELS, **DIFFERENT}.items():
        uses = sorted((need for need in report.needs if need.what is what), key=lambda need: not need.own)
        if uses:
            yield NeedRow(label, _state(uses), _modules(uses))


def _state(uses: list[Need]) -> str:
    if uses[0].carried:
        return "carried along; the machine's own comes first"
    return "needed" if uses[0].own else "may be needed"


def _modules(uses: list[Need]) -> str:
    names = [f"{need.importer}:{need.line}" for need in uses[:_MOST]]
    return ", ".join(names) + (f" and {len(uses) - _MOST} more" if len(uses) > _MOST else "")
