"""Files written whole or not at all, and hashes of what was read."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import stat
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, TYPE_CHECKING

from castiron_common.disk import full_disk, is_full
from castiron_common.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_ELSEWHERE = "Write to another place with {option}."
_REASONS = {
    errno.EROFS: ("the file system is read-only", _ELSEWHERE),
    errno.EACCES: ("permission denied", "Write to a folder that you may write to, with {option}."),
    errno.ENOENT: ("the folder does not exist", "Make the folder first, or write to another place with {option}."),
    errno.ENOTDIR: ("a part of the path is not a folder", _ELSEWHERE),
    errno.EISDIR: ("it is a folder", "Name a file with {option}."),
    errno.ENAMETOOLONG: ("the name is too long", _ELSEWHERE),
}


_ANY_EXECUTE = stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH


def check_output(output: Path, *, option: str = "-o") -> None:
    """Raise `OutputError` if ``output`` certainly cannot be written, before any work is done for it.

    ``option`` is by what the user has named it.
    """
    folder = output.parent
    number = 0
    try:
        if output.is_dir():
            number = errno.EISDIR
        elif not folder.exists():
            number = errno.ENOENT
        elif not folder.is_dir():
            number = errno.ENOTDIR
        elif os.statvfs(folder).f_flag & os.ST_RDONLY:
            number = errno.EROFS
        elif not os.access(folder, os.W_OK | os.X_OK):
            number = errno.EACCES
    except OSError as error:
        raise output_error(output, error, option=option) from error
    if number:
        raise output_error(output, OSError(number, os.strerror(number)), option=option)


def check_outputs(places: Mapping[str, Path | None], *, read: Path | None = None) -> None:
    """Check all files that a command is to write, by the options that name them, before any work is done.

    Raises `OutputError` if one cannot be written or is the file ``read``, `UsageError` if two are the same file.
    """
    options: dict[Path, str] = {}
    for option, place in places.items():
        if place is None:
            continue
        check_output(place.absolute(), option=option)
        if read is not None:
            check_not_read(place, read, option=option)
        real = place.resolve()
        if real.exists() and not real.is_file():
            continue  # Several things may go to one device.
        if real in options:
            raise UsageError(
                f"{options[real]} and {option} name the same file, {place}.", hint="Give each a file of its own."
            )
        options[real] = option


def check_replaced(output: Path, start: bytes, what: str, *, executable: bool = False, option: str = "-o") -> None:
    """Raise `OutputError` if writing ``output`` would replace a file of another kind: ``-o app.py`` for ``-o app``.

    ``start`` is how a file of the kind ``what`` begins.  An empty file, a device and a pipe can be written.  So can, if
    ``executable``, what is the user's own and cannot be read but executed (mode 0111): scripts do not run unread, and
    whoever hides machine code hides it from others, not from the next build.
    """
    try:
        if not output.is_file() or output.stat().st_size == 0:
            return
        try:
            with output.open("rb") as file:
                found = file.read(len(start))
        except PermissionError:
            if executable and _is_own_executable(output.stat()):
                return
            raise
    except OSError as error:
        raise output_error(output, error, option=option) from error
    if found != start:
        raise OutputError(
            f"Cannot write {output}: it is there already, and is no {what}.",
            hint=f"Write to another place with {option}, or remove the file first.",
        )


def _is_own_executable(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and found.st_mode & _ANY_EXECUTE != 0


def check_not_read(output: Path, read: Path, *, option: str = "-o") -> None:
    """Raise `OutputError` if ``output`` is the file ``read``, which would be lost."""
    if output.is_file() and read.exists() and output.samefile(read):
        raise OutputError(f"Cannot write {output}: it is what is read.", hint=_ELSEWHERE.format(option=option))


def output_error(path: Path, error: OSError, *, option: str = "-o") -> OutputError:
    """Return the error that says why ``path`` could not be written, and what to do."""
    if is_full(error):
        return full_disk(path, error)
    known = _REASONS.get(error.errno or 0)
    if error.errno == errno.ENOENT and path.parent.is_dir():
        known = ("the file system makes no files in that folder", _ELSEWHERE)  # /proc
    reason, hint = known or (error.strerror or str(error), _ELSEWHERE)
    return OutputError(f"Cannot write {path}: {reason}.", hint=hint.format(option=option))


@contextmanager
def atomic_write(path: Path, *, executable: bool = False, sync: bool = True) -> Iterator[IO[bytes]]:
    """Open a temporary file beside ``path`` that takes its name when the block ends without an exception.

    A device or a pipe keeps its name and is written into: ``-o /dev/null`` by root must leave ``/dev/null`` what it is.
    With ``sync`` the file also survives a loss of power right afterwards; that costs up to a second for 100 MB.
    What killed processes have left of earlier attempts at ``path`` is removed.  Raises `OutputError` for every failure
    of the file system.
    """
    if path.is_dir():
        raise output_error(path, IsADirectoryError(errno.EISDIR, "is a directory"))
    making: Path | None = None
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as file:
                yield file
            return
        _remove_abandoned(path)
        with _locked_temporary(path) as file:
            making = Path(file.name)
            yield file
            file.flush()
            if sync:
                os.fsync(file.fileno())
            umask = os.umask(0)
            os.umask(umask)
            making.chmod((0o777 if executable else 0o666) & ~umask)
            making.replace(path)
            making = None
    except OSError as error:
        raise output_error(path, error) from error
    finally:
        if making is not None:
            making.unlink(missing_ok=True)


_TEMPORARY = ".castiron-part"
"""Ends the names of our temporary files beside outputs, so that no file of the user's is taken for one."""


def _locked_temporary(path: Path) -> IO[bytes]:
    """Return a new file beside ``path``, locked as long as it is open: its writer is alive."""
    while True:
        file = tempfile.NamedTemporaryFile(  # noqa: SIM115 - the caller closes it
            prefix=f".{path.name}.", suffix=_TEMPORARY, dir=path.parent, delete=False
        )
        # Without locks on this file system nobody takes ours for abandoned, and nobody removes what is.
        with suppress(OSError):
            fcntl.flock(file.fileno(), fcntl.LOCK_EX)
        if os.fstat(file.fileno()).st_nlink:
            return file
        file.close()  # between its making and its locking somebody took it for abandoned


def _remove_abandoned(path: Path) -> None:
    """Remove temporary files for ``path`` whose writer is gone: nobody holds their lock any more."""
    start = f".{path.name}."
    for name in os.listdir(path.parent):  # noqa: PTH208 - a name that is no UTF-8 is not ours
        if name.startswith(start) and name.endswith(_TEMPORARY):
            left = path.parent / name
            with suppress(OSError), left.open("rb") as file:
                fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
                left.unlink()


def link_or_copy(source: str, target: str) -> None:
    """Make ``target`` a hard link to ``source``, a copy on another file system; for `shutil.copytree`."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def sha256_file(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of ``data``, in hexadecimal."""
    return hashlib.sha256(data).hexdigest()
