"""Source distributions of an index, for tests and examples that wheels leave out."""

from __future__ import annotations

import shutil
import tarfile
import tomllib
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.downloads import Downloader
from castiron_common.network import configured
from castiron_wheels.uv_client import uv_compile

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any

    from castiron_common.target import PythonTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipped:
    """What one program needs of the source distribution that it is part of."""

    pinned: str
    """``name==version``."""
    folder: str
    """What becomes the project."""
    only: tuple[str, ...]
    """Files and folders of it that do; all, if there are none."""
    inputs: tuple[str, ...]
    """Files and folders of the distribution for the folder that the program runs in."""

    @classmethod
    def of(cls, table: dict[str, Any]) -> Shipped:
        """Read an inline table; `TypeError` for a key that does not exist."""
        only, inputs = (tuple(table.pop(key, ())) for key in ("only", "inputs"))
        return cls(only=only, inputs=inputs, **table)


def put(shipped: Shipped, target: PythonTarget, *, project: Path, inputs: Path) -> None:
    """Make both folders of what the program needs; the rest of the distribution is removed."""
    unpacked = project.with_name("unpacked")
    top = unpack_source(shipped.pinned, target, unpacked)
    start = top / shipped.folder
    for name in shipped.only or (".",):
        _copy(start / name, project / name)
    inputs.mkdir()
    for name in shipped.inputs:
        _copy(top / name, inputs / (top / name).name)
    shutil.rmtree(unpacked)


def _copy(source: Path, destination: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, destination, symlinks=True, dirs_exist_ok=True)
    else:
        destination.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, destination)


def unpack_source(requirement: str, target: PythonTarget, folder: Path) -> Path:
    """Unpack the source distribution of a pinned requirement into a new folder; return the one folder that it has."""
    lock = tomllib.loads(uv_compile([requirement], target, options=["--no-deps", "--no-binary", ":all:"]))
    (package,) = lock["packages"]
    folder.mkdir()
    archive = folder / "archive"
    with Downloader(configured()) as downloader:
        downloader.fetch(package["sdist"]["url"], archive, sha256=package["sdist"]["hashes"]["sha256"])
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            opened.extractall(folder)
    else:
        with tarfile.open(archive) as opened_tar:
            opened_tar.extractall(folder, filter="data")
    archive.unlink()
    (top,) = folder.iterdir()
    return top
