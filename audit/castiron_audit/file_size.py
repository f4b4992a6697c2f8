"""What of an executable belongs to no component, and whether everything together is the whole file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.model import Overhead
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from castiron_audit.model import Report

_TITLES = {
    Overhead.INDEX: "index of files",
    Overhead.MERGED: "shared constants",
    Overhead.HEADERS: "headers",
    Overhead.PADDING: "padding",
    Overhead.REPORT: "this report",
    Overhead.OTHER: "added later",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class SizeRow:
    """A row of a table of sizes, of bytes that belong to no component."""

    title: str
    size: int
    """Bytes."""


def overhead_rows(report: Report) -> tuple[SizeRow, ...]:
    """Return what of an executable belongs to no component, in a fixed order."""
    return tuple(SizeRow(title=_TITLES[what], size=size) for what, size in report.overhead)


def missing_bytes(report: Report) -> int:
    """Return how many bytes the report accounts for that the file does not have: it was changed after the link."""
    return total_size(report) - report.file_size if report.file_size else 0


def total_size(report: Report) -> int:
    """Return the bytes of all components, and of what belongs to none."""
    return sum(component.size for component in report.components) + sum(size for _, size in report.overhead)
