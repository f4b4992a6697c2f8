"""Opens wheels: ZIP archives of other people, checked as a whole before anything in them is used.

Source: PKWARE's APPNOTE 6.3; Binary distribution format, packaging.python.org specifications.  What is refused beyond
that: compression other than stored and deflated, members that overlap or expand beyond measure ("A better zip bomb",
D. Fifield 2019), two different members of one name, and names that are no plain relative paths.
"""

from __future__ import annotations

import hashlib
import struct
import zipfile
import zlib
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from castiron_common.errors import DependencyError
from castiron_wheels.record import recorded_hash

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_ENCRYPTED = 0x1
_PIECE = 1 << 20
_LOCAL_HEADER = 30
"""Bytes of a member's header without its name."""
_EXPANSION = 200
_ALWAYS_ALLOWED = 256 << 20
"""Bytes.  All members together may have this and `_EXPANSION` times the archive's size; wheels expand tenfold."""
_LONGEST_TEXT = 64 << 20
"""Bytes of METADATA, RECORD and their like."""
_LONGEST_NAME, _LONGEST_PART = 2000, 255
"""Bytes, so that a folder's path fits before it: Linux's PATH_MAX is 4096, NAME_MAX 255."""

DAMAGED = (
    *(zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, struct.error, EOFError, KeyError, ValueError),
    *(NotImplementedError, OverflowError, RuntimeError, IndexError),
)
"""What `zipfile` raises for archives that are not what they should be; UnicodeDecodeError is a ValueError."""


def unusable(path: Path, why: str) -> DependencyError:
    """Return the error for a wheel that breaks the format."""
    return DependencyError(
        f"The wheel {path.name} cannot be used: {why}.",
        hint="Take another version of the distribution, or report this to its maintainers.",
    )


class WheelArchive:
    """An open wheel.  Every method raises `DependencyError` for what is damaged."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive = archive
        self.path = path
        _check_sizes(archive.infolist(), path)
        self.files: dict[str, zipfile.ZipInfo] = _checked_files(archive.infolist(), path)
        """Every member that is no folder, by its name, in the archive's order."""

    def text(self, name: str) -> bytes:
        """Return the content of one of the format's own files, which are small."""
        member = self.files.get(name)
        if member is None:
            raise unusable(self.path, f"it has no {name}")
        if member.file_size > _LONGEST_TEXT:
            raise unusable(self.path, f"its {name} has {member.file_size} bytes")
        return self.read(member)

    def read(self, member: zipfile.ZipInfo, size: int = -1) -> bytes:
        """Return the content of a member, or its first ``size`` bytes.

        No more is asked for than the directory declares: without a number zipfile expands all that there is at once.
        """
        with self.open(member) as source:
            return source.read(member.file_size if size < 0 else size)

    @contextmanager
    def open(self, member: zipfile.ZipInfo) -> Iterator[IO[bytes]]:
        """Open a member for reading."""
        try:
            with self._archive.open(member) as source:
                yield source
        except DAMAGED as error:
            raise unusable(self.path, f"its member {member.filename!r} is damaged ({error})") from error

    def copy(self, member: zipfile.ZipInfo, out: IO[bytes]) -> str:
        """Write the content of a member to ``out``; return its hash as ``RECORD`` writes it."""
        digest = hashlib.sha256()
        with self.open(member) as source:
            while piece := source.read(_PIECE):
                digest.update(piece)
                out.write(piece)
        return recorded_hash(digest.digest())


@contextmanager
def open_wheel(path: Path) -> Iterator[WheelArchive]:
    """Open a wheel.  Raises `DependencyError` if it cannot be read, or should not be."""
    try:
        archive = zipfile.ZipFile(path)
    except (*DAMAGED, OSError) as error:
        raise unusable(path, f"it is damaged ({error})") from error
    with archive:
        yield WheelArchive(archive, path)


def _check_sizes(members: list[zipfile.ZipInfo], path: Path) -> None:
    """Refuse what lies outside of the file, twice in it, or expands to more than any wheel does."""
    size = path.stat().st_size
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        overlaps, end = member.header_offset < end, member.header_offset + _LOCAL_HEADER + member.compress_size
        if member.header_offset < 0 or end > size:
            raise unusable(path, f"its member {member.filename!r} lies outside of the file")
        if overlaps:
            raise unusable(path, f"its member {member.filename!r} overlaps another")
    total = sum(member.file_size for member in members)
    if total > _ALWAYS_ALLOWED + _EXPANSION * size:
        raise unusable(path, f"its {size} bytes expand to {total}")


def _checked_files(members: list[zipfile.ZipInfo], path: Path) -> dict[str, zipfile.ZipInfo]:
    files: dict[str, zipfile.ZipInfo] = {}
    folders: set[str] = set()
    for member in members:
        name = member.filename
        if member.orig_filename != name or not is_plain(name.removesuffix("/")):
            raise unusable(path, f"its member {member.orig_filename!r} would be written outside the target folder")
        folders.update(_parents(name))
        if name.endswith("/"):
            continue
        if member.flag_bits & _ENCRYPTED:
            raise unusable(path, f"its member {name!r} is encrypted")
        if member.compress_type not in _METHODS:
            raise unusable(path, f"its member {name!r} is compressed otherwise than wheels are")
        known = files.get(name)
        if known is not None and (known.CRC, known.file_size) != (member.CRC, member.file_size):
            raise unusable(path, f"it has two different members {name!r}")
        files[name] = member
    if both := sorted(folders & files.keys()):
        raise unusable(path, f"its member {both[0]!r} is both a file and a folder")
    return files


def is_plain(name: str) -> bool:
    """Whether a name is a relative, normal path that can be written in one line and on any Linux file system."""
    encoded = [part.encode("utf-8", "surrogatepass") for part in name.split("/")]
    return (
        not any(part in (b"", b".", b"..") or len(part) > _LONGEST_PART for part in encoded)
        and sum(map(len, encoded)) + len(encoded) <= _LONGEST_NAME
        and "\\" not in name
        and name.splitlines() == [name]
        and name.isprintable()
    )


def _parents(name: str) -> Iterator[str]:
    at = name.rfind("/")
    while at > 0:
        yield name[:at]
        at = name.rfind("/", 0, at)
