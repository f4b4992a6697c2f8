"""Wheel files: what they say, and rewriting a built one so that equal contents give equal bytes.

Source: Binary distribution format, Core metadata and Recording installed projects, packaging.python.org specifications.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from castiron_wheels.wheel_archive import WheelArchive, open_wheel, recorded_hash, unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

_ENDLESS_NUMBER = re.compile(r"\d{200}")
"""Python refuses numbers of more than 4300 digits, and packaging reads those of versions only when it compares."""

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that a ZIP archive can name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelMetadata:
    """What ``METADATA`` says that matters for choosing distributions."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    requires: tuple[Requirement, ...]
    requires_python: SpecifierSet | None
    extras: tuple[str, ...]
    """Normalised names of the extras offered."""


def split_filename(filename: str) -> tuple[str, str]:
    """Return the normalised name and the version of a wheel's file name; `DependencyError` if it is not one."""
    try:
        name, version, _, _ = parse_wheel_filename(filename)
    except InvalidWheelFilename as error:
        raise unusable(Path(filename), f"its file name is not a wheel's ({error})") from error
    return name, str(version)


def safe_member(name: str) -> bool:
    """Say whether an archive member's name stays inside the folder that it is extracted to."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name


def dist_info_folder(archive: WheelArchive) -> str:
    """Return the name of the wheel's ``.dist-info`` folder, in the spelling that the archive uses."""
    name, _ = split_filename(archive.path.name)
    found = {member.split("/", 1)[0] for member in archive.files if ".dist-info/" in member}
    folders = [folder for folder in sorted(found) if folder.endswith(".dist-info")]
    if len(folders) != 1 or _owner(folders[0]) != name or f"{folders[0]}/METADATA" not in archive.files:
        raise unusable(archive.path, "it does not contain exactly one .dist-info folder of its own")
    return folders[0]


def _owner(dist_info: str) -> str:
    return canonicalize_name(dist_info.removesuffix(".dist-info").rpartition("-")[0])


@lru_cache(maxsize=4096)
def read_metadata(path: Path) -> WheelMetadata:
    """Read ``METADATA`` of a wheel.

    Requirements that cannot be parsed are an error: leaving them out would give a binary that fails later.
    """
    with open_wheel(path) as archive:
        text = archive.text(f"{dist_info_folder(archive)}/METADATA")
    raw, _ = parse_email(text)
    if "name" not in raw or "version" not in raw:
        raise unusable(path, "its METADATA has no name or version")
    name = canonicalize_name(raw["name"])
    if name != split_filename(path.name)[0]:
        raise unusable(path, f"its METADATA is that of {raw['name']!r}")
    said = (raw["version"], raw.get("requires_python", ""), *raw.get("requires_dist", []))
    try:
        if any(_ENDLESS_NUMBER.search(line) for line in said):
            raise ValueError("a number in it has hundreds of digits")
        Version(raw["version"])
        requires = tuple(Requirement(line) for line in raw.get("requires_dist", []))
        python = SpecifierSet(raw["requires_python"]) if "requires_python" in raw else None
    except (ValueError, RecursionError) as error:  # packaging's own errors are ValueErrors
        raise unusable(path, f"its METADATA has an invalid requirement or version ({error})") from error
    return WheelMetadata(
        name=name,
        version=raw["version"],
        requires=requires,
        requires_python=python,
        extras=tuple(sorted(canonicalize_name(extra) for extra in raw.get("provides_extra", []))),
    )


def read_record(archive: WheelArchive, dist_info: str) -> dict[str, tuple[str, str]]:
    """Return the wheel's ``RECORD`` as `parse_record` does."""
    try:
        return parse_record(archive.text(f"{dist_info}/RECORD"))
    except ValueError as error:
        raise unusable(archive.path, f"its RECORD is malformed ({error})") from error


def parse_record(data: bytes) -> dict[str, tuple[str, str]]:
    """Return ``RECORD`` as a map from path to (hash, size), as written.  Raises ValueError if it is no CSV in UTF-8."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return {row[0]: (row[1], row[2]) for row in rows if len(row) >= 3}


def format_record(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Return a ``RECORD`` file of the rows, sorted by path."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(sorted(rows))
    return out.getvalue().encode("utf-8")


def normalise_wheel(
    source: Path, destination: Path, *, describe: Callable[[Sequence[bytes]], tuple[str, bytes] | None] | None = None
) -> None:
    """Copy a built wheel so that its bytes depend on names, contents and executable bits only.

    Members are sorted with ``.dist-info`` last (as the format recommends), their times fixed, and nothing is
    compressed: deflate's output differs between zlib versions, and the manifest compresses its blobs itself.
    ``describe`` gets the ELF images and may return a file (path in ``.dist-info``, content) to add.
    Raises `DependencyError` if the wheel cannot be used.
    """
    with open_wheel(source) as archive, zipfile.ZipFile(destination, "w", zipfile.ZIP_STORED) as out:
        dist_info = dist_info_folder(archive)
        record = f"{dist_info}/RECORD"
        rows = read_record(archive, dist_info)
        files: dict[str, zipfile.ZipInfo | bytes] = dict(archive.files)
        if describe is not None:
            heads = (member for member in archive.files.values() if archive.read(member, 4) == b"\x7fELF")
            if (added := describe([archive.read(member) for member in heads])) is not None:
                name = f"{dist_info}/{added[0]}"
                files[name] = added[1]
                rows[name] = (record_hash(added[1]), str(len(added[1])))
        files[record] = format_record((name, *rest) for name, rest in rows.items())
        for name, content in sorted(files.items(), key=lambda item: (item[0].startswith(f"{dist_info}/"), item[0])):
            _add_member(out, name, content, archive)


def _add_member(out: zipfile.ZipFile, name: str, content: zipfile.ZipInfo | bytes, archive: WheelArchive) -> None:
    """Write a member whose content is here or in another archive."""
    info = zipfile.ZipInfo(name, EARLIEST)
    info.create_system = 3  # Unix, on every host
    info.external_attr = 0o100644 << 16
    if isinstance(content, bytes):
        out.writestr(info, content)
        return
    if (content.external_attr >> 16) & 0o111:
        info.external_attr = 0o100755 << 16
    info.file_size = content.file_size
    with out.open(info, "w") as sink:
        archive.copy(content, sink)


def record_hash(content: bytes) -> str:
    """Return a file's hash as ``RECORD`` writes it."""
    return recorded_hash(hashlib.sha256(content).digest())
