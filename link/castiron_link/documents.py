"""The documents beside the executable: the license report and bills of materials."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.formats import Format, render

if TYPE_CHECKING:
    from castiron_audit.model import Report

_REPORT_WIDTH = 140
"""Characters of a line in the license report."""


def document(report: Report, format_: Format, epoch: int | None) -> str:
    """Return a document; the report beside the executable is the table with the texts."""
    if format_ is not Format.TABLE:
        return render(report, format_, epoch=epoch)
    table = render(report, Format.TABLE, width=_REPORT_WIDTH)
    return f"Components of {report.name}\n\n{table}\n{render(report, Format.NOTICES)}"
