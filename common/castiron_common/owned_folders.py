"""Folders that belong to a living process; what a dead one left, the next that makes one removes.

A folder's owner holds a lock on it (flock(2)), which the kernel drops with the process, however that ends.  So there is
no guessing by age or process number, and processes of other containers that share the place are seen, too.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def owned_folder(root: Path, purpose: str) -> Iterator[Path]:
    """Give an empty folder in ``root`` that is removed when the context ends; names of a purpose have one length.

    Raises `OSError` if it cannot be made.
    """
    folder, lock = _make(root, purpose)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


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
