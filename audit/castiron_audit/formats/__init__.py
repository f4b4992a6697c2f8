"""Renders a report as a document; each format is a pure function in a module of its own."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_audit.model import Report


class Format(StrEnum):
    """The formats of documents."""

    TABLE = "table"
    JSON = "json"
    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"
    NOTICES = "notices"
    HTML = "html"


def render(report: Report, format_: Format, *, epoch: int | None = None, width: int = 120) -> str:
    """Return the document.

    ``epoch`` is the time to write into documents, seconds since 1970 (``SOURCE_DATE_EPOCH``); without it none is
    written, or 1970 where a format requires one.  ``width`` is that of the table, in characters.
    """
    if format_ is Format.CYCLONEDX:
        from castiron_audit.formats.cyclonedx import cyclonedx

        return cyclonedx(report, epoch=epoch)
    if format_ is Format.SPDX:
        from castiron_audit.formats.spdx import spdx

        return spdx(report, epoch=epoch)
    if format_ is Format.NOTICES:
        from castiron_audit.formats.notices import notices

        return notices(report)
    if format_ is Format.HTML:
        from castiron_audit.formats.html import html

        return html(report)
    if format_ is Format.JSON:
        from castiron_audit.formats.report_json import as_json

        return as_json(report)
    from castiron_audit.formats.table import table

    return table(report, width=width)
