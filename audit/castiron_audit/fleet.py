"""Looks through a folder of binaries, and lists those that hold an older Python."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import InvalidVersion, Version

from castiron_audit.embedded import read_embedded
from castiron_audit.load import is_elf
from castiron_common.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class OutdatedBinary:
    """A binary with an older Python."""

    path: str
    """Relative to the folder."""
    python: str
    """``3.13.5``."""
    name: str
    """The application's."""


def outdated_binaries(folder: Path, newest: str) -> list[OutdatedBinary]:
    """Return the binaries under a folder that hold an older Python than ``newest``, sorted by path.

    Files that castiron did not link are skipped.  Raises `InputError` if there is no such folder, or if ``newest``
    is not a version.
    """
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder.", hint="--outdated looks through a folder of binaries.")
    try:
        newest_version = Version(newest)
    except InvalidVersion as error:
        raise InputError(f"{newest!r} is not a Python version.", hint="Write it as 3.13.5.") from error
    outdated = []
    for path in executables(folder):
        try:
            report = read_embedded(path).report
        except InputError:
            continue
        if Version(report.python) < newest_version:
            outdated.append(
                OutdatedBinary(path=path.relative_to(folder).as_posix(), python=report.python, name=report.name)
            )
    return outdated


def executables(folder: Path) -> Iterator[Path]:
    """Yield the ELF files under a folder, sorted; links and what may not be read are passed over."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and os.access(path, os.R_OK) and is_elf(path):
            yield path
