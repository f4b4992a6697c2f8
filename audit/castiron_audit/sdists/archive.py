"""Reads a source distribution into memory: somebody else's archive, of which nothing is executed or written.

Links, devices and names that lead elsewhere are passed over; what is unpacked, kept and looked at has limits.

Source: PEP 625 and PEP 517 (one folder ``NAME-VERSION`` in a gzipped tar file), PEP 721 for what is not extracted.
"""

from __future__ import annotations

import posixpath
import re
import struct
import zlib
from typing import IO, TYPE_CHECKING

from castiron_audit.license_files import LICENSE_FILE_NAME, NOTICES_NAME
from castiron_common.frozen import dataclass
from castiron_common.unpacking import UnusableArchiveError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

CODE = frozenset(
    (".c", ".cc", ".cpp", ".cxx", ".c++", ".cu", ".cuh", ".h", ".hh", ".hpp", ".hxx", ".h++", ".inl", ".ipp", ".tcc",
     ".m", ".mm", ".f", ".for", ".f77", ".f90", ".f95", ".f03", ".f08")
)  # fmt: skip
"""Suffixes, in lower case, of sources that become machine code; Rust's tell their crates otherwise."""
_FILES = re.compile(
    r"(?:package|bower|vcpkg|package-lock|npm-shrinkwrap)\.json|yarn\.lock|pnpm-lock\.yaml|Cargo\.lock|meson\.build"
    r"|CMakeLists\.txt|configure\.(?:ac|in)|[\w.+-]+\.(?:wrap|cmake)|\.gitmodules|VERSION(?:\.txt|\.cmake)?|version\.txt",
    re.IGNORECASE,
)
_NO_TEXT = re.compile(r"\.(?:png|svg|json|pyc?|pyi|js|ts|css|html?|so|gz|zip|xml|yaml|yml)$", re.IGNORECASE)
_PLAIN = re.compile(r"[^\x00-\x1f\x7f\\:\ud800-\udfff]{1,1000}")
_LARGEST_FILE = 16 << 20
_MOST_KEPT = 384 << 20
_MOST_MEMBERS = 200_000
_MOST_UNPACKED = 2 << 30
LARGEST_ARCHIVE = 400 << 20
"""Bytes of an archive that is read at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTree:
    """What was read of a source distribution; paths are below its one folder."""

    archive: str
    """The file's name, which places in it begin with."""
    files: Mapping[str, bytes]
    """Sources of machine code, license files, and what names versions; sorted by path."""
    paths: frozenset[str]
    """All of its files."""

    def where(self, path: str) -> str:
        """Return a place in it as evidence names it."""
        return f"{self.archive}/{path}"

    def text(self, path: str) -> str:
        """Return a file's text."""
        return self.files[path].decode("utf-8", "replace")


class _LimitedStream:
    """What an archive unpacks to, as far as it is not more than any real one has."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._left = _MOST_UNPACKED

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise UnusableArchiveError(f"it unpacks to more than {_MOST_UNPACKED >> 30} GB")
        return data


def read_sdist(path: Path) -> SourceTree:
    """Return what a source distribution has to tell.  Raises `UnusableArchiveError`, OSError if there is no file."""
    import lzma
    import tarfile
    import zipfile

    if path.stat().st_size > LARGEST_ARCHIVE:
        raise UnusableArchiveError(f"it is larger than {LARGEST_ARCHIVE >> 20} MB")
    damaged = (tarfile.TarError, zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, KeyError)
    unreadable = (ValueError, NotImplementedError, OverflowError, RuntimeError, IndexError, OSError)
    reader = _members_of_zip if path.name.endswith(".zip") else _members_of_tar
    try:
        return _tree(path.name, reader(path))
    except (*damaged, *unreadable) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise UnusableArchiveError(str(error) or type(error).__name__) from error


def _tree(archive: str, members: Iterator[tuple[str, int, Callable[[int], bytes]]]) -> SourceTree:
    files: dict[str, bytes] = {}
    paths: set[str] = set()
    kept = 0
    for count, (name, size, read) in enumerate(members):
        if count >= _MOST_MEMBERS:
            raise UnusableArchiveError(f"it has more than {_MOST_MEMBERS} members")
        path = _inside(name)
        if path is None:
            continue
        paths.add(path)
        if size > _LARGEST_FILE or path in files or not _tells(path):
            continue
        data = read(_LARGEST_FILE)
        kept += len(data)
        if kept > _MOST_KEPT:
            raise UnusableArchiveError(f"it has more than {_MOST_KEPT >> 20} MB of sources")
        files[path] = data
    return SourceTree(archive=archive, files=dict(sorted(files.items())), paths=frozenset(paths))


def _inside(name: str) -> str | None:
    """Return a member's path below the archive's folder; None if it is in none, or leads elsewhere."""
    if not _PLAIN.fullmatch(name) or name.startswith("/"):
        return None
    _, *below = [part for part in name.split("/") if part not in {"", "."}] or [""]
    return None if not below or ".." in name.split("/") else "/".join(below)


def _tells(path: str) -> bool:
    name = posixpath.basename(path)
    if posixpath.splitext(name)[1].lower() in CODE or _FILES.fullmatch(name):
        return True
    return bool(LICENSE_FILE_NAME.search(name) or NOTICES_NAME.search(name)) and not _NO_TEXT.search(name)


def _members_of_tar(path: Path) -> Iterator[tuple[str, int, Callable[[int], bytes]]]:
    import tarfile

    # Forward only: what is looked at counts as unpacked, and nothing else is.
    with (
        path.open("rb") as file,
        _unpacked(file) as stream,
        tarfile.open(fileobj=_LimitedStream(stream), mode="r|") as archive,  # type: ignore[call-overload]
    ):
        for member in archive:
            if member.isreg() and not member.issparse():
                opened = archive.extractfile(member)
                assert opened is not None, "a regular file has content"
                yield member.name, member.size, opened.read
            archive.members = []  # Which it would keep, all of them.


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    import bz2
    import gzip
    import lzma

    start = file.read(6)
    file.seek(0)
    if start.startswith(b"\x1f\x8b"):
        return gzip.open(file)  # type: ignore[return-value]
    if start.startswith(b"BZh"):
        return bz2.open(file)
    return lzma.open(file) if start == b"\xfd7zXZ\0" else file


def _members_of_zip(path: Path) -> Iterator[tuple[str, int, Callable[[int], bytes]]]:
    import zipfile

    unpacked = 0
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            link = (member.external_attr >> 28) == 0o12
            if member.is_dir() or link:
                continue
            unpacked += min(member.file_size, _LARGEST_FILE)
            if unpacked > _MOST_UNPACKED:
                raise UnusableArchiveError(f"it unpacks to more than {_MOST_UNPACKED >> 30} GB")
            with archive.open(member) as opened:
                yield member.filename, member.file_size, opened.read
