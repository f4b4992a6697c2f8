"""Zip archives that hold modules of an application: eggs and wheels on its path, and zipapps (PEP 441).

Python imports from them in place.  A binary has their modules among the application's own, so they are unpacked once,
by content, into the cache.
"""

from __future__ import annotations

import re
import zipfile
import zlib
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import InputError, reason
from castiron_common.files import sha256_file

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_NAME = re.compile(rb"[\w.+-]+\.(?:zip|egg|whl|pyz)\b")
_MODULE = re.compile(r"[^\W\d]\w*(?:\.py|/.*\.py)")


def is_archive(path: Path) -> bool:
    """Say whether a file is a zip archive, whatever its name; a zipapp begins with a line for the shell."""
    return path.is_file() and zipfile.is_zipfile(path)


def unpacked(archive: Path) -> Path:
    """Return the folder with the archive's files; raises `InputError` if it cannot be read."""

    def unpack(making: Path) -> None:
        try:
            with zipfile.ZipFile(archive) as opened:
                for item in opened.infolist():
                    opened.extract(item, making)  # which keeps names inside the folder
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError, OSError) as error:
            raise InputError(
                f"{archive} cannot be read as a zip archive: {reason(error)}.",
                hint="Make it again, or unpack it yourself.",
            ) from error

    return folder_entry(cache_root() / "archives" / sha256_file(archive), unpack)


def named_archives(script: Path, folders: Sequence[Path]) -> list[Path]:
    """Return the archives with modules that the script names and that lie in the folders, or in one below them.

    ``sys.path.insert(0, os.path.join(here, "lib.zip"))``.
    """
    names = sorted({match.decode("ascii", "replace") for match in _NAME.findall(script.read_bytes())})
    places = [place for folder in folders for name in names for place in (folder / name, *folder.glob(f"*/{name}"))]
    return sorted({place for place in places if is_archive(place) and _has_modules(place)})


def _has_modules(archive: Path) -> bool:
    try:
        with zipfile.ZipFile(archive) as opened:
            return any(_MODULE.fullmatch(name) for name in opened.namelist())
    except (zipfile.BadZipFile, OSError):
        return False  # a data file, which is none of ours to judge
