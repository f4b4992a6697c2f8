"""The audit inside of the binary: a bill of materials for scanners, the whole report for ``castiron audit``, a note.

Sections: ``.castiron.sbom`` is CycloneDX 1.6 in plain JSON; ``.castiron.report`` is the report with license texts, JSON
compressed with zstd; ``.castiron.notices``, if asked for, is what the program itself shows, in plain text;
``.note.package`` is one note as systemd and syft read it (the linker puts it in).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING, Any

import zstandard
from cattrs import BaseValidationError, Converter

from castiron_audit.elf import append_sections, package_note, read_sections
from castiron_audit.formats.cyclonedx import cyclonedx
from castiron_audit.formats.notices import notices as notices_text
from castiron_audit.model import Report
from castiron_common.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

SBOM_SECTION = ".castiron.sbom"
REPORT_SECTION = ".castiron.report"
NOTICES_SECTION = ".castiron.notices"
"""The stub's ``notices.c`` reads it."""
NOTE_SECTION = ".note.package"

_VERSION = 1
_LEVEL = 12
_LARGEST = 256 * 1024 * 1024
"""Bytes of a decompressed report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a binary says about itself."""

    report: Report
    sbom: str
    """The CycloneDX document as it stands in the binary."""


def embed(path: Path, report: Report, *, epoch: int | None = None, sbom: bool = True, notices: bool = False) -> None:
    """Put a report into a linked executable; its code does not change.

    ``sbom``: for scanners and for ``castiron audit``; ``notices``: for the program itself to show.
    """
    contents = sections(report, epoch=epoch) if sbom else {}
    if notices:
        contents[NOTICES_SECTION] = notices_text(report).encode()
    if contents:
        append_sections(path, contents)


def sections(report: Report, *, epoch: int | None = None) -> dict[str, bytes]:
    """Return the contents of the sections."""
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(
        json.dumps({"version": _VERSION, "report": _plain(report)}, separators=(",", ":"), ensure_ascii=False).encode()
    )
    return {SBOM_SECTION: cyclonedx(report, epoch=epoch, compact=True).encode(), REPORT_SECTION: packed}


def note(name: str, version: str) -> bytes:
    """Return the content of ``.note.package``."""
    fields = {"type": "castiron", "name": name, "version": version or "0", "architecture": "x86_64", "os": "linux"}
    return package_note(json.dumps(fields, separators=(",", ":")).encode())


def read_embedded(path: Path) -> Embedded:
    """Return what a binary says about itself.

    Raises `InputError` if castiron has not linked it, or if what it holds is damaged.
    """
    found = read_sections(path, (SBOM_SECTION, REPORT_SECTION))
    if len(found) != 2:
        raise InputError(
            f"{path.name} carries no bill of materials of castiron.",
            hint="It was linked by something else, with --no-sbom, or its sections were stripped.",
        )
    try:
        text = zstandard.ZstdDecompressor().decompress(found[REPORT_SECTION], max_output_size=_LARGEST)
        document = json.loads(text)
        if document["version"] != _VERSION:
            raise InputError(
                f"{path.name} carries a report of version {document['version']}; this castiron reads {_VERSION}.",
                hint="Use the castiron that linked it.",
            )
        report = _converter().structure(document["report"], Report)
        sbom = found[SBOM_SECTION].decode()
    except (zstandard.ZstdError, ValueError, KeyError, TypeError, BaseValidationError) as error:
        raise InputError(
            f"The report in {path.name} is damaged ({type(error).__name__}).", hint="Link the binary again."
        ) from error
    return Embedded(report=report, sbom=sbom)


@cache
def _converter() -> Converter:
    return Converter(forbid_extra_keys=True)


def _plain(item: Any) -> Any:
    """Return the report as JSON values; fields that hold their default are left out."""
    if dataclasses.is_dataclass(item):
        return {
            field.name: _plain(value)
            for field in dataclasses.fields(item)
            if (value := getattr(item, field.name)) != field.default
        }
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, tuple):
        return [_plain(part) for part in item]
    return item
