"""Wheel files: what they say, and rewriting a built one so that equal contents give equal bytes.

Source: Binary distribution format, Core metadata and Recording installed projects, packaging.python.org specifications.
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from packaging.metadata import parse_email
from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from castiron_common.errors import DependencyError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

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


def unusable(path: Path, why: str) -> DependencyError:
    """Return the error for a wheel that breaks the format."""
    return DependencyError(
        f"The wheel {path.name} cannot be used: {why}.",
        hint="Take another version of the distribution, or report this to its maintainers.",
    )


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


def dist_info_folder(archive: zipfile.ZipFile, path: Path) -> str:
    """Return the name of the wheel's ``.dist-info`` folder, in the spelling that the archive uses."""
    name, _ = split_filename(path.name)
    found = sorted(
        {
            member.split("/", 1)[0]
            for member in archive.namelist()
            if member.endswith("/METADATA") and member.count("/") == 1 and ".dist-info/" in member
        }
    )
    fitting = [folder for folder in found if _owner(folder) == name]
    if len(fitting) != 1 and len(found) != 1:
        raise unusable(path, "it does not contain exactly one .dist-info folder of its own")
    return (fitting or found)[0]


def _owner(dist_info: str) -> str:
    return canonicalize_name(dist_info.removesuffix(".dist-info").rpartition("-")[0])


@lru_cache(maxsize=4096)
def read_metadata(path: Path) -> WheelMetadata:
    """Read ``METADATA`` of a wheel.

    Requirements that cannot be parsed are an error: leaving them out would give a binary that fails later.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            text = archive.read(f"{dist_info_folder(archive, path)}/METADATA")
    except (OSError, zipfile.BadZipFile, KeyError, EOFError) as error:
        raise unusable(path, f"it is damaged ({error})") from error
    raw, _ = parse_email(text)
    if "name" not in raw or "version" not in raw:
        raise unusable(path, "its METADATA has no name or version")
    try:
        requires = tuple(Requirement(line) for line in raw.get("requires_dist", []))
        python = SpecifierSet(raw["requires_python"]) if "requires_python" in raw else None
    except (InvalidRequirement, InvalidSpecifier) as error:
        raise unusable(path, f"its METADATA has an invalid requirement ({error})") from error
    return WheelMetadata(
        name=canonicalize_name(raw["name"]),
        version=raw["version"],
        requires=requires,
        requires_python=python,
        extras=tuple(sorted(canonicalize_name(extra) for extra in raw.get("provides_extra", []))),
    )


def parse_record(data: bytes) -> dict[str, tuple[str, str]]:
    """Return ``RECORD`` as a map from path to (hash, size), as written."""
    rows = csv.reader(io.StringIO(data.decode("utf-8"), newline=""))
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
    """
    with zipfile.ZipFile(source) as archive, zipfile.ZipFile(destination, "w", zipfile.ZIP_STORED) as out:
        dist_info = dist_info_folder(archive, source)
        record = f"{dist_info}/RECORD"
        files = {
            member.filename: (archive.read(member), bool((member.external_attr >> 16) & 0o111))
            for member in archive.infolist()
            if not member.is_dir()
        }
        rows = parse_record(files[record][0])
        images = [data for data, _ in files.values() if data.startswith(b"\x7fELF")]
        if describe is not None and (added := describe(images)) is not None:
            name, content = f"{dist_info}/{added[0]}", added[1]
            files[name] = (content, False)
            rows[name] = (record_hash(content), str(len(content)))
        files[record] = (format_record((name, *rest) for name, rest in rows.items()), False)
        for name, (data, executable) in sorted(
            files.items(), key=lambda item: (item[0].startswith(f"{dist_info}/"), item[0])
        ):
            info = zipfile.ZipInfo(name, EARLIEST)
            info.create_system = 3  # Unix, on every host
            info.external_attr = (0o100755 if executable else 0o100644) << 16
            out.writestr(info, data)


def record_hash(content: bytes) -> str:
    """Return a file's hash as ``RECORD`` writes it."""
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
