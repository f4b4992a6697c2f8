"""Working folders in the cache: each belongs to a living process, and what a dead one left, the next run removes.

A folder's owner holds a lock on it (flock(2)), which the kernel drops with the process, however that ends.  So there is
no guessing by age or process number, and processes of other containers that share the cache are seen, too.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@contextmanager
def working_folder(purpose: str) -> Iterator[Path]:
    """Give an empty folder in the cache that is removed when the context or this process ends.

    Its name has a fixed length for each ``purpose``.  Raises `OutputError` if the cache cannot be written.
    """
    root = cache_root() / "running"
    try:
        folder, lock = _make(root, purpose)
    except OSError as error:
        raise OutputError(
            f"The cache folder {root.parent} cannot be written: {error.strerror or error}.",
            hint="Make it writable, or set CASTIRON_CACHE to a folder that is.",
        ) from error
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def temporary_folder() -> Path:
    """Return this process's folder for temporary files of the programs it starts."""
    return _temporary_folder(cache_root())


def child_environment(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return an environment (default: ours) for a program whose temporary files are to go with this process."""
    return {**(os.environ if environ is None else environ), "TMPDIR": str(temporary_folder())}


@lru_cache(maxsize=1)
def _temporary_folder(_root: Path) -> Path:
    stack = ExitStack()
    folder = stack.enter_context(working_folder("tmp"))
    atexit.register(stack.close)
    return folder


def _make(root: Path, purpose: str) -> tuple[Path, int]:
    """Make and lock a folder; remove those without an owner."""
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root):
        # Between its making and its locking a folder looks abandoned: nobody may look then.
        folder = Path(tempfile.mkdtemp(prefix=f"{purpose}-", dir=root))
        lock = _try_lock(folder)
        abandoned = {path: handle for path in root.iterdir() if (handle := _try_lock(path)) is not None}
    if lock is None:
        raise BlockingIOError(0, f"{folder} was locked by somebody else")
    for path, handle in abandoned.items():
        shutil.rmtree(path, ignore_errors=True)
        os.close(handle)
    return folder, lock


@contextmanager
def _locked(root: Path) -> Iterator[None]:
    handle = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _try_lock(folder: Path) -> int | None:
    """Return a descriptor that holds the folder's lock; None if another has it or the folder is gone."""
    try:
        handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return None
    return handle
