"""Where Castiron keeps what it can make again: named by what it was made from, and checked whenever it is used.

An entry is a folder or a file with its seal beside it (`castiron_common.seal`).  The time of the seal is that of the
entry's last use.  Locks keep two processes from making the same; `castiron_common.sessions` tells what others use.
"""

from __future__ import annotations

import logging
import os
import pwd
import shutil
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common import sessions
from castiron_common.disk import full_disk, is_full
from castiron_common.errors import OutputError, RuntimePackError
from castiron_common.owned_folders import owned_folder
from castiron_common.seal import Damage, check, checked_path, seal_path, write_seal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from filelock import FileLock

LAYOUT = "2"
"""Name of the folder that holds everything of this layout; other versions of Castiron use others beside it."""

_PATIENCE = 1.0
"""Seconds of waiting that need no word."""

_ATTEMPTS = 100
"""To take a lock in a folder that others may remove at the same time, if it is empty."""

_log = logging.getLogger("castiron.cache")
_intact: set[Path] = set()
"""Entries that this process has compared with their seals."""
_made: set[Path] = set()
"""Entries that this process has made."""


def cache_base(environ: dict[str, str] | None = None) -> Path:
    """Return the user's cache folder: ``CASTIRON_CACHE``, else ``castiron`` in the XDG cache folder.

    Source: XDG Base Directory Specification 0.8.
    """
    env = os.environ if environ is None else environ
    if own := env.get("CASTIRON_CACHE"):
        return Path(own).absolute()
    if xdg := env.get("XDG_CACHE_HOME"):
        return Path(xdg).absolute() / "castiron"
    return _home(env.get("HOME", "")) / ".cache" / "castiron"


def _home(said: str) -> Path:
    """Return the user's home: what the environment says, else the user database, which need not have this user."""
    try:
        return Path(said or pwd.getpwuid(os.getuid()).pw_dir).absolute()
    except KeyError:
        raise OutputError(
            f"There is no place for the cache: HOME is not set, and user {os.getuid()} has no home folder.",
            hint="Set CASTIRON_CACHE to a folder that can be written.",
        ) from None


def cache_root(environ: dict[str, str] | None = None) -> Path:
    """Return the folder of this layout in the user's cache folder."""
    return cache_base(environ) / LAYOUT


def unwritable(folder: Path, error: OSError) -> OutputError:
    """Return the error that says why a folder of the cache cannot be written, and what to do."""
    if is_full(error):
        return full_disk(folder, error)
    return OutputError(
        f"The cache folder {folder} cannot be written: {error.strerror or error}.",
        hint="Make it writable, or set CASTIRON_CACHE to a folder that is.",
    )


@contextmanager
def locked(entry: Path) -> Iterator[None]:
    """Hold the lock of one cache entry; other processes wait, and say so.  The lock file stands beside the entry."""
    try:
        lock = _acquired(entry)
    except OSError as error:
        raise unwritable(entry.parent, error) from error
    try:
        yield
    finally:
        lock.release()


def _acquired(entry: Path) -> FileLock:
    """Wait for the lock of an entry."""
    from filelock import FileLock, Timeout  # not for commands that find everything

    lock = FileLock(f"{entry}.lock")
    for attempt in range(1, _ATTEMPTS + 1):
        try:
            entry.parent.mkdir(parents=True, exist_ok=True)
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            _log.warning("waiting for %s, which another process is making in the cache %s", entry.name, entry.parent)
            lock.acquire()
            break
        except (FileNotFoundError, FileExistsError):
            # A command that removes what is old has just removed the folder, which was empty; or it cannot be made.
            if attempt == _ATTEMPTS:
                raise
        else:
            break
    return lock


def usable(entry: Path) -> bool:
    """Say whether an entry is there and is what its seal says; from then on this process uses it."""
    return _state(entry) is None


def folder_entry(
    entry: Path, build: Callable[[Path], None], *, finish: Callable[[Path], None] | None = None, costly: bool = False
) -> Path:
    """Return the folder ``entry``, made by ``build(temporary_folder)`` if it is not there yet.

    The folder appears under its name only when ``build`` has returned, by one rename: an interrupted build leaves
    nothing that looks complete, and concurrent builders wait for the first.  ``finish`` sees the folder before it is
    sealed.  A damaged entry is made again, which is told; one that is ``costly`` is refused with `RuntimePackError`.
    """

    def make(making: Path) -> None:
        making.mkdir()
        build(making)
        if finish is not None:
            finish(making)
        making.chmod(0o755)

    return _entry(entry, make, costly=costly)


def file_entry(entry: Path, build: Callable[[Path], None]) -> Path:
    """Return the file ``entry``, made by ``build(temporary_file)`` if it is not there yet; as `folder_entry`."""

    def make(making: Path) -> None:
        making.touch()
        build(making)
        making.chmod(0o644)

    return _entry(entry, make, costly=False)


def discard(entry: Path) -> None:
    """Remove an entry and its seal.  The caller holds its lock."""
    _intact.discard(entry)
    # The seal goes first: without it nothing is taken for an entry.
    for path in (seal_path(entry), checked_path(entry)):
        path.unlink(missing_ok=True)
    _remove(entry)


def made() -> frozenset[Path]:
    """Return the entries that this process has added to the cache."""
    return frozenset(_made)


def _entry(entry: Path, make: Callable[[Path], None], *, costly: bool) -> Path:
    if usable(entry):
        return entry
    with locked(entry):
        state = _state(entry)
        if state is None:
            return entry
        if state is not _ABSENT:
            _tell(entry, state, costly=costly)
        with owned_folder(_running(entry), "entry") as folder:
            making = folder / entry.name
            make(making)
            discard(entry)
            write_seal(making, entry)
            making.replace(entry)
        _made.add(entry)
        _intact.add(entry)
    return entry


_ABSENT = Damage("", "is not there")


def _state(entry: Path) -> Damage | None:
    """Return None for an intact entry, which is marked as used; else what is wrong with it."""
    if entry in _intact and entry.exists():
        return None
    sessions.begin(cache_root())
    try:
        os.utime(seal_path(entry))
    except FileNotFoundError:
        return _ABSENT
    except OSError:
        pass  # A cache of somebody else's, or on a read-only file system: usable, and nobody removes from it.
    if not entry.exists():
        return _ABSENT
    damage = check(entry)
    if damage is None:
        _intact.add(entry)
    return damage


def _tell(entry: Path, damage: Damage, *, costly: bool) -> None:
    if costly:
        raise RuntimePackError(
            f"{entry} in the cache is damaged: {damage}.",
            hint="`castiron cache verify --repair` removes what is damaged, and the next command makes it again. If "
            "no program of yours changes files in the cache, check the disk.",
        )
    _log.warning("warning: %s in the cache is damaged (%s); it is made again", entry, damage)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(FileNotFoundError):
            path.unlink()


def _running(entry: Path) -> Path:
    """Return the folder of working folders from which a rename gives ``entry`` its name: on the same file system."""
    root = cache_root()
    within = entry.is_relative_to(root) and root.stat().st_dev == entry.parent.stat().st_dev
    return (root if within else entry.parent) / "running"
