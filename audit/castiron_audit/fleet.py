"""Looks through a folder of binaries: what each says of itself, and which hold an older Python.

In a folder is whatever somebody put there: damaged files, links in circles, names that are no text.  Of each executable
the report is read, or it is told why not; nothing ends the look at the others.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from castiron_audit.embedded import read_embedded
from castiron_common.errors import InputError
from castiron_common.frozen import dataclass
from castiron_elf.abi import is_elf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.model import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """An executable of a folder, or something in which one may be."""

    path: str
    """Relative to the folder."""
    report: Report | None = None
    unread: str = ""
    """Why there is no report."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedBinary:
    """A binary with an older Python."""

    path: str
    """Relative to the folder."""
    python: str
    """``3.13.5``."""
    name: str
    """The application's."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outdated:
    """What was found in a folder; both sorted by path."""

    binaries: tuple[OutdatedBinary, ...]
    unread: tuple[Member, ...]
    count: int
    """Executables, and what could not be looked into."""


def outdated_binaries(folder: Path, newest: str) -> Outdated:
    """Return the binaries under a folder that hold an older Python than ``newest``.

    Raises `InputError` if there is no such folder, or if ``newest`` is not a version.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", hint="--outdated looks through a folder of binaries.")
    try:
        newest_version = Version(newest)
    except InvalidVersion as error:
        raise InputError(f"{newest!r} is not a Python version.", hint="Write it as 3.13.5.") from error
    found = list(members(folder))
    outdated = [
        OutdatedBinary(path=item.path, python=item.report.python, name=item.report.name)
        for item in found
        if item.report is not None and Version(item.report.python) < newest_version
    ]
    return Outdated(
        binaries=tuple(outdated), unread=tuple(item for item in found if item.report is None), count=len(found)
    )


def members(folder: Path) -> Iterator[Member]:
    """Yield what each executable under a folder says of itself, sorted by path.

    Links to files are followed if they lead out of the folder, as other files are looked at where they lie.  Folders
    that cannot be read, and links to other folders, are named.  Raises `InputError` if the first one cannot be read.
    """
    for path, why_not in sorted(_found(folder)):
        place = os.path.relpath(path, folder)
        member = Member(path=place, unread=why_not) if why_not else _member(path, place)
        if member is not None:
            yield member


def _member(path: Path, place: str) -> Member | None:
    """Return what a file says of itself, None if it is no executable."""
    try:
        return Member(path=place, report=read_embedded(path).report) if is_elf(path) else None
    except InputError as error:
        return Member(path=place, unread=str(error).splitlines()[0])
    except OSError as error:  # also what was removed meanwhile
        return Member(path=place, unread=f"{error.strerror}.")


def _found(folder: Path) -> Iterator[tuple[Path, str]]:
    """Yield the regular files under a folder, and what cannot be looked into with the reason."""
    failed: list[OSError] = []
    whole = folder.resolve()
    for place, folders, files in os.walk(folder, onerror=failed.append):
        for name in (*folders, *files):
            path = Path(place, name)
            try:
                linked = path.is_symlink()
                kind = path.stat().st_mode
                inside = linked and path.resolve().is_relative_to(whole)
            except (OSError, RuntimeError):  # a link to nothing, or in a circle; a file that was removed meanwhile
                continue
            if inside:
                continue  # It is looked at where it lies.
            if stat.S_ISREG(kind):
                yield path, ""
            elif linked and stat.S_ISDIR(kind):
                yield path, "It is a link to another folder, which can be checked by itself."
    for error in failed:
        if error.filename == str(folder):
            raise InputError(f"Cannot read {folder}: {error.strerror}.", hint="Check its permissions.") from error
        yield Path(error.filename), f"The folder cannot be read: {error.strerror}."
