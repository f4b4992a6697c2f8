"""Source archives - tar files and ZIP files - unpacked below a folder and nowhere else.

Source: PEP 706 (tarfile's ``data`` filter) and PEP 721, which asks for it where source distributions are unpacked.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from castiron_common.disk import is_full

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType


class UnusableArchiveError(Exception):
    """An archive is damaged, is not a source archive, or would write elsewhere; the message is a clause."""


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack an archive below ``folder``, which exists, and return the one folder it holds.

    Refused are members and links that lead outside, and whatever is neither file, folder nor link.  Permissions are
    plain ones, the owner is who unpacks.  Raises `UnusableArchiveError`, and OSError if the disk is full.
    """
    import lzma
    import zipfile

    tar = _tarfile()
    damaged = (tar.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError)
    unreadable = (ValueError, NotImplementedError, OverflowError, RuntimeError, IndexError)
    try:
        if archive.name.endswith(".zip"):
            _unpack_zip(archive, folder)
        else:
            with tar.open(archive) as opened:
                opened.extractall(folder, filter="data")
    except (OSError, *damaged, *unreadable) as error:
        if is_full(error):
            raise
        raise UnusableArchiveError(str(error)) from error
    tops = sorted(path for path in folder.iterdir() if path.is_dir())
    if len(tops) != 1:
        raise UnusableArchiveError("it does not hold exactly one folder")
    return tops[0]


def _tarfile() -> ModuleType:
    """Return tarfile; for Python before 3.11.4 a later one's, as the filter came with that."""
    import tarfile

    if hasattr(tarfile, "data_filter"):
        return tarfile
    from backports import tarfile as later

    module: ModuleType = later
    return module


def _unpack_zip(archive: Path, folder: Path) -> None:
    """Unpack a ZIP file; `zipfile` would put members elsewhere than they say rather than refuse them."""
    import zipfile

    with zipfile.ZipFile(archive) as opened:
        for member in opened.namelist():
            if not _stays_inside(member):
                raise UnusableArchiveError(f"its member {member!r} would be written outside")
        opened.extractall(folder)


def _stays_inside(name: str) -> bool:
    """Say whether a member's name stays inside the folder that it is extracted to."""
    path = PurePosixPath(name)
    return bool(name) and not path.is_absolute() and ".." not in path.parts and "\\" not in name and "\0" not in name
