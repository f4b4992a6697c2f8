"""What wheels say: their file names, METADATA and RECORD.

Source: Binary distribution format, Core metadata and Recording installed projects, packaging.python.org specifications.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from packaging.metadata import parse_email
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version

from castiron_wheels.record import parse_record
from castiron_wheels.wheel_archive import WheelArchive, open_wheel, unusable

_ENDLESS_NUMBER = re.compile(r"\d{200}")
"""Python refuses numbers of more than 4300 digits, and packaging reads those of versions only when it compares."""


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


def dist_info_folder(archive: WheelArchive) -> str:
    """Return the name of the wheel's ``.dist-info`` folder, in the spelling that the archive uses."""
    name, _ = split_filename(archive.path.name)
    dist_infos = {member.split("/", 1)[0] for member in archive.files if ".dist-info/" in member}
    folders = [folder for folder in sorted(dist_infos) if folder.endswith(".dist-info")]
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
