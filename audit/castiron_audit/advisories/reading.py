"""Reads advisories: JSON files in OSV's format, zip archives of such, and folders of both."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING, Any

from castiron_common.errors import InputError, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_LARGEST = 256 << 20
"""Bytes of one advisory, or list of advisories, in an archive."""


def read_advisories(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the advisories of files (one, a list, or ``{"vulns": [...]}``), zip archives and folders, each once.

    Withdrawn ones are left out.  Raises `InputError` if something cannot be read, or if a folder has no advisories.
    """
    advisories: dict[str, dict[str, Any]] = {}
    for path in paths:
        for file in _files(path):
            try:
                for advisory in _of_file(file):
                    advisories[str(advisory["id"])] = _newer(advisories.get(str(advisory["id"])), advisory)
            except (OSError, ValueError, RecursionError, zipfile.BadZipFile) as error:
                raise InputError(
                    f"{file} cannot be read as OSV advisories: {reason(error)}.",
                    hint="Give JSON in OSV's format, a zip file of such files, or a folder of them.",
                ) from error
    return [advisory for _, advisory in sorted(advisories.items()) if not advisory.get("withdrawn")]


def _newer(known: dict[str, Any] | None, advisory: dict[str, Any]) -> dict[str, Any]:
    if known is None or str(known.get("modified") or "") <= str(advisory.get("modified") or ""):
        return advisory
    return known


def _files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(item for item in path.rglob("*") if item.suffix in {".json", ".zip"} and item.is_file())
    if not found:
        raise InputError(f"The folder {path} holds no advisories.", hint="Put OSV's .json or .zip files there.")
    return found


def _of_file(path: Path) -> Iterator[dict[str, Any]]:
    if not zipfile.is_zipfile(path):
        yield from _rows(json.loads(path.read_bytes()))
        return
    with zipfile.ZipFile(path) as archive:
        for info in sorted(archive.infolist(), key=lambda item: item.filename):
            if not info.filename.endswith(".json"):
                continue
            if info.file_size > _LARGEST:
                raise ValueError(f"{info.filename} has {info.file_size} bytes")
            yield from _rows(json.loads(archive.read(info)))


def _rows(document: object) -> list[dict[str, Any]]:
    if isinstance(document, dict) and "vulns" in document:
        document = document["vulns"]
    rows: list[Any] = document if isinstance(document, list) else [document]
    if not all(isinstance(row, dict) and row.get("id") for row in rows):
        raise ValueError("an advisory has no id")
    for row in rows:
        affected = row.get("affected") or []
        if not isinstance(affected, list) or not all(_is_entry(item) for item in affected):
            raise ValueError(f"{row['id']}: affected is not as OSV's format has it")
    return rows


def _is_entry(item: object) -> bool:
    """Return whether an entry of ``affected`` has the types that it must have; what it means is judged later."""
    if not isinstance(item, dict):
        return False
    ranges, versions = item.get("ranges") or [], item.get("versions") or []
    return (
        isinstance(versions, list)
        and isinstance(ranges, list)
        and all(isinstance(row, dict) and isinstance(row.get("events") or [], list) for row in ranges)
    )
