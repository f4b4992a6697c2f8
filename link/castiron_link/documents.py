"""The documents beside the executable: the license report and bills of materials."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from castiron_audit.formats import Format, render
from castiron_audit.formats.ids import Artifact

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from castiron_audit.model import Report

_WITH_SHA512 = {Format.CYCLONEDX, Format.SPDX, Format.SPDX3}
_WITH_SHA256 = {*_WITH_SHA512, Format.HTML}
_REPORT_WIDTH = 140
"""Characters of a line in the license report."""


def document(report: Report, format_: Format, epoch: int | None, artifact: Artifact) -> str:
    """Return a document on the executable ``artifact``; the report beside it is the table with the texts."""
    if format_ is not Format.TABLE:
        return render(report, format_, epoch=epoch, artifact=artifact)
    table = render(report, Format.TABLE, width=_REPORT_WIDTH)
    return f"Components of {report.name}\n\n{table}\n{render(report, Format.NOTICES)}"


def artifact_of(path: Path, name: str, formats: Iterable[Format]) -> Artifact:
    """Return the executable as documents name it; hashes are only taken for those that tell them."""
    asked = set(formats)
    return Artifact(
        filename=name,
        sha256=_digest(path, "sha256") if asked & _WITH_SHA256 else "",
        sha512=_digest(path, "sha512") if asked & _WITH_SHA512 else "",
    )


def _digest(path: Path, algorithm: str) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, algorithm).hexdigest()
