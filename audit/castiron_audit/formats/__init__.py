"""Renders a report as a document; each format is a pure function in a module of its own."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_audit.formats.ids import Artifact
    from castiron_audit.model import Report


class Format(StrEnum):
    """The formats of documents."""

    TABLE = "table"
    JSON = "json"
    CYCLONEDX = "cyclonedx"
    SPDX = "spdx"
    SPDX3 = "spdx3"
    NOTICES = "notices"
    HTML = "html"


def render(
    report: Report,
    format_: Format,
    *,
    epoch: int | None = None,
    width: int = 120,
    artifact: Artifact | None = None,
) -> str:
    """Return the document.

    ``epoch`` is the time to write into documents, seconds since 1970 (``SOURCE_DATE_EPOCH``); without it none is
    written, or 1970 where a format requires one.  ``width`` is that of the table, in characters.
    ``artifact`` is the executable, if it is there already: bills of materials and the page have its name and hashes.
    """
    if format_ is Format.CYCLONEDX:
        from castiron_audit.formats.cyclonedx import cyclonedx

        return cyclonedx(report, epoch=epoch, artifact=artifact)
    if format_ is Format.SPDX:
        from castiron_audit.formats.spdx import spdx

        return spdx(report, epoch=epoch, artifact=artifact)
    if format_ is Format.SPDX3:
        from castiron_audit.formats.spdx3 import spdx3

        return spdx3(report, epoch=epoch, artifact=artifact)
    if format_ is Format.NOTICES:
        from castiron_audit.formats.notices import notices

        return notices(report)
    if format_ is Format.HTML:
        from castiron_audit.formats.html import html

        return html(report, epoch=epoch, artifact=artifact)
    if format_ is Format.JSON:
        from castiron_audit.formats.report_json import as_json

        return as_json(report)
    from castiron_audit.formats.table import table

    return table(report, width=width)
