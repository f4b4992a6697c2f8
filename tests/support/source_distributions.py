"""Source distributions of an index, for tests that wheels leave out."""

from __future__ import annotations

import tarfile
import tomllib
from typing import TYPE_CHECKING

from castiron_common.downloads import Downloader
from castiron_common.network import configured
from castiron_wheels.uv_client import uv_compile

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget


def unpack_source(requirement: str, target: PythonTarget, folder: Path) -> Path:
    """Unpack the source distribution of a pinned requirement into a new folder; return the one folder that it has."""
    lock = tomllib.loads(uv_compile([requirement], target, options=["--no-deps", "--no-binary", ":all:"]))
    (package,) = lock["packages"]
    folder.mkdir()
    archive = folder / "archive.tar.gz"
    with Downloader(configured()) as downloader:
        downloader.fetch(package["sdist"]["url"], archive, sha256=package["sdist"]["hashes"]["sha256"])
    with tarfile.open(archive) as opened:
        opened.extractall(folder, filter="data")
    archive.unlink()
    (top,) = folder.iterdir()
    return top
