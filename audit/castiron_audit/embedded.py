"""Embeds the report in the binary and reads it from there: for ``castiron audit``, scanners, and the program itself.

Sections: ``.castiron.sbom`` is CycloneDX 1.6 in plain JSON; ``.castiron.report`` is the report with license texts, JSON
compressed with zstd; ``.castiron.notices``, if asked for, is the plain text that the program itself shows;
``.dep-v0`` lists the Rust crates for scanners (`castiron_audit.auditable_crates`); ``.note.package`` is one note as
systemd and syft read it (the linker puts it in).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import replace
from enum import Enum
from typing import TYPE_CHECKING, Any

import zstandard
from cattrs import BaseValidationError
from packaging.version import Version

from castiron_audit.auditable_crates import CRATES_SECTION, auditable_crates
from castiron_audit.file_size import total_size
from castiron_audit.formats.cyclonedx import cyclonedx
from castiron_audit.formats.notices import notices as notices_text
from castiron_audit.model import Overhead, Report
from castiron_common.errors import InputError, OutputError
from castiron_common.frozen import dataclass
from castiron_elf.sections import append_sections, file_layout, package_note, read_sections
from castiron_manifest.structure import converter, problems_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_common.target import Target
SBOM_SECTION = ".castiron.sbom"
REPORT_SECTION = ".castiron.report"
NOTICES_SECTION = ".castiron.notices"
"""The stub's ``boot/notices.c`` reads it."""
NOTE_SECTION = ".note.package"

AUDIT_SECTIONS = frozenset({SBOM_SECTION, REPORT_SECTION, NOTICES_SECTION, CRATES_SECTION})
"""What `embed` adds to a linked executable."""

_VERSION = 4
_READ = {1, 2, 3, 4}
"""Version 2 has suppliers, version 3 what belongs to no component, version 4 what was changed in sources."""
_ALIGNMENT = 8
"""Appended sections are aligned so (`castiron_elf.sections.append_sections`)."""
_LEVEL = 12
_LARGEST = 16 << 20
"""Bytes of a decompressed report; that of an application with pandas has half a million."""
_SHOWN = 200
"""Characters of a parser's error that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """What a binary says about itself."""

    report: Report
    sbom: str
    """The CycloneDX document as it stands in the binary."""


def embed(path: Path, report: Report, *, epoch: int | None = None, sbom: bool = True, notices: bool = False) -> None:
    """Add a report to a linked executable; its code does not change.

    ``sbom``: as SBOM for scanners and as report for ``castiron audit``; ``notices``: as text for the program itself.
    """
    contents = sections(report, epoch=epoch) if sbom else {}
    if notices:
        contents[NOTICES_SECTION] = notices_text(report).encode()
    if contents:
        append_sections(path, contents)


def accounted(report: Report, path: Path) -> Report:
    """Return a report as it is of the executable in which it lies: with that one's size, and with its own.

    Raises `InputError` if the file is no ELF file.
    """
    if not report.overhead:
        return report  # It was linked by a castiron that did not tell.
    layout = file_layout(path)
    at = start = total_size(report)
    own = other = 0
    for name, offset, size in layout.parts:
        if offset < start:
            continue
        # Headers have no name; those behind the linker's output are of the sections that the audit added.
        if offset - at < _ALIGNMENT and (not name or name in AUDIT_SECTIONS):
            own += offset - at + size
        else:
            other += offset - at + size
        at = offset + size
    rows = [(Overhead.REPORT, own), (Overhead.OTHER, other + max(0, layout.size - at))]
    return replace(
        report,
        overhead=(*report.overhead, *((what, size) for what, size in rows if size > 0)),
        file_size=layout.size,
    )


def sections(report: Report, *, epoch: int | None = None) -> dict[str, bytes]:
    """Return the sections' contents by name.  Raises `OutputError` if the report is larger than a reader accepts."""
    document = {"version": _VERSION, "report": _json_value(report)}
    text = json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()
    if len(text) > _LARGEST:
        raise OutputError(
            f"The license report has {len(text)} bytes, and at most {_LARGEST} fit into an executable.",
            hint="--no-sbom leaves it out of the executable.",
        )
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(text)
    made = {SBOM_SECTION: cyclonedx(report, epoch=epoch, compact=True).encode(), REPORT_SECTION: packed}
    crates = auditable_crates(report)
    return made if crates is None else made | {CRATES_SECTION: crates}


def note(name: str, version: str, target: Target) -> bytes:
    """Return the content of ``.note.package``."""
    fields = {
        "type": "castiron",
        "name": name,
        "version": version or "0",
        "architecture": target.machine,
        "os": "linux",
    }
    return package_note(json.dumps(fields, separators=(",", ":")).encode())


def read_embedded(path: Path) -> Embedded:
    """Return what a binary says about itself.

    Raises `InputError` if castiron has not linked it, or if what it holds is damaged.
    """
    contents = read_sections(path, (SBOM_SECTION, REPORT_SECTION))
    if len(contents) != 2:
        raise InputError(
            f"{path.name} carries no bill of materials of castiron.",
            hint="It was linked by something else, with --no-sbom, or its sections were stripped.",
        )
    try:
        document = json.loads(_text(contents[REPORT_SECTION]))
        if document["version"] not in _READ:
            raise InputError(
                f"{path.name} carries a report of version {document['version']!r}; this castiron reads {_VERSION}.",
                hint="Use the castiron that linked it.",
            )
        report: Report = converter(strict=True).structure(document["report"], Report)
        sbom = contents[SBOM_SECTION].decode()
        Version(report.python)
    except BaseValidationError as error:
        raise _damaged(path, problems_of(error)[0]) from error
    except (zstandard.ZstdError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise _damaged(path, f"{type(error).__name__}: {error}"[:_SHOWN]) from error
    if dangling := next(_dangling(report), None):
        raise _damaged(path, dangling)
    return Embedded(report=report, sbom=sbom)


def _damaged(path: Path, why: str) -> InputError:
    return InputError(f"The report in {path.name} is damaged ({why}).", hint="Link the binary again.")


def _text(packed: bytes) -> bytes:
    """Return the JSON text of the report.  Raises ValueError or ZstdError."""
    if zstandard.frame_content_size(packed) > _LARGEST:
        raise ValueError("it is larger than any report")
    return zstandard.ZstdDecompressor().decompress(packed, max_output_size=_LARGEST)


def _dangling(report: Report) -> Iterator[str]:
    """Yield references to what is not in the report, and what is in it twice."""
    if not report.components:
        yield "it lists nothing"
    ids = [component.id for component in report.components]
    texts = {key for key, _ in report.texts}
    if len(set(ids)) != len(ids):
        yield "two components have one id"
    for component in report.components:
        named = {*component.requires, *({component.parent} if component.parent else ())}
        if missing := sorted(named - set(ids)):
            yield f"{component.id} names {missing[0]}, which is not listed"
        if any(text.sha256 not in texts for text in component.texts):
            yield f"a text of {component.id} is missing"
    for obligation in report.obligations:
        if missing := sorted(set(obligation.components) - set(ids)):
            yield f"{obligation.code} names {missing[0]}, which is not listed"


def _json_value(item: Any) -> Any:
    """Return the report as JSON values, without fields that have their default value."""
    if dataclasses.is_dataclass(item):
        return {
            field.name: _json_value(value)
            for field in dataclasses.fields(item)
            if (value := getattr(item, field.name)) != field.default
        }
    if isinstance(item, Enum):
        return item.value
    if isinstance(item, tuple):
        return [_json_value(element) for element in item]
    return item
