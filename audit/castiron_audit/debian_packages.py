"""Reads Debian's packages, as ``apt-get download`` leaves them, for the programs that make tables of them."""

from __future__ import annotations

import io
import subprocess
import sys
import tarfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path


def packages_in(folder: Path, needed: Iterable[str]) -> dict[str, Path]:
    """Return the packages of a folder by their names; the program ends if one is lacking."""
    files = {path.name.partition("_")[0]: path for path in sorted(folder.glob("*.deb"))}
    if lacking := sorted(set(needed) - files.keys()):
        sys.exit(f"these packages are not in {folder}: {' '.join(lacking)}")
    return files


def name_and_version(package: Path) -> str:
    """Return what the evidence names: ``libsixel1 1.10.3-3``."""
    name, version = package.name.removesuffix(".deb").split("_")[:2]
    return f"{name} {version.replace('%3a', ':')}"


def files_of(package: Path, is_read: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
    """Yield path and content of a package's files whose paths ``is_read`` takes; links have no content."""
    command = ["dpkg-deb", "--fsys-tarfile", str(package)]
    content = subprocess.run(command, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        for member in tar:
            if not member.isdir() and is_read(member.name):
                file = tar.extractfile(member) if member.isfile() else None
                yield member.name, b"" if file is None else file.read()
