"""Where Castiron keeps what it can make again: content-addressed, locked against concurrent use, safe to delete."""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from filelock import FileLock, Timeout

from castiron_common.errors import OutputError
from castiron_common.owned_folders import owned_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_PATIENCE = 1.0
"""Seconds of waiting that need no word."""

_log = logging.getLogger("castiron.cache")


def cache_root(environ: dict[str, str] | None = None) -> Path:
    """Return the cache folder: ``CASTIRON_CACHE``, else the XDG cache folder.

    Source: XDG Base Directory Specification 0.8.
    """
    env = os.environ if environ is None else environ
    if own := env.get("CASTIRON_CACHE"):
        return Path(own).absolute()
    if xdg := env.get("XDG_CACHE_HOME"):
        return Path(xdg).absolute() / "castiron"
    return Path.home() / ".cache" / "castiron"


@contextmanager
def locked(entry: Path) -> Iterator[None]:
    """Hold the lock of one cache entry; other processes wait, and say so.  The lock file stands beside the entry."""
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(f"{entry}.lock")
        try:
            lock.acquire(timeout=_PATIENCE)
        except Timeout:
            _log.warning("waiting for %s, which another process is making in the cache %s", entry.name, entry.parent)
            lock.acquire()
    except OSError as error:
        raise OutputError(
            f"The cache folder {entry.parent} cannot be written: {error.strerror or error}.",
            hint="Make it writable, or set CASTIRON_CACHE to a folder that is.",
        ) from error
    try:
        yield
    finally:
        lock.release()


def folder_entry(entry: Path, build: Callable[[Path], None]) -> Path:
    """Return the folder ``entry``, made by ``build(temporary_folder)`` if it is not there yet.

    The folder appears under its name only when ``build`` has returned, by one rename: an interrupted build leaves
    nothing that looks complete, and concurrent builders wait for the first.
    """
    if entry.is_dir():
        return entry
    with locked(entry):
        if entry.is_dir():
            return entry
        with owned_folder(_running(entry), "entry") as folder:
            making = folder / entry.name
            making.mkdir()
            build(making)
            making.chmod(0o755)
            making.rename(entry)
    return entry


def file_entry(entry: Path, build: Callable[[Path], None]) -> Path:
    """Return the file ``entry``, made by ``build(temporary_file)`` if it is not there yet; as `folder_entry`."""
    if entry.is_file():
        return entry
    with locked(entry):
        if entry.is_file():
            return entry
        with owned_folder(_running(entry), "entry") as folder:
            making = folder / entry.name
            making.touch()
            build(making)
            making.chmod(0o644)
            making.replace(entry)
    return entry


def _running(entry: Path) -> Path:
    """Return the folder of working folders from which a rename gives ``entry`` its name: on the same file system."""
    root = cache_root()
    within = entry.is_relative_to(root) and root.stat().st_dev == entry.parent.stat().st_dev
    return (root if within else entry.parent) / "running"
