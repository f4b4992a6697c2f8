"""Which commands are running: each holds a lock on a file of its own in the cache, for as long as it lives.

What was used since the oldest of them began is never removed.  The kernel gives a lock up with the process.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import tempfile
import time
from contextlib import suppress
from functools import cache
from pathlib import Path

_FOLDER = "sessions"


@cache
def begin(root: Path) -> float:
    """Tell others that this process uses the cache; return since when (seconds since 1970).  Once a process."""
    started = time.time()
    try:
        folder = root / _FOLDER
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix="session-", dir=folder)
    except OSError:
        return started  # A cache that we cannot write: nor can others remove from it on our behalf.
    os.utime(name, (started, started))
    fcntl.flock(handle, fcntl.LOCK_SH)
    atexit.register(_end, os.getpid(), Path(name))
    return started


def oldest(root: Path) -> float:
    """Return when the oldest running command began (now, if there is none); forget those that are gone."""
    began = time.time()
    for path in sorted((root / _FOLDER).glob("session-*")):
        try:
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        except FileNotFoundError:
            continue
        except OSError:
            began = min(began, _start(path))
            continue
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            began = min(began, os.fstat(handle).st_mtime)
        else:
            # A file without a lock may belong to a command that is about to take it.
            if time.time() - os.fstat(handle).st_mtime > _GRACE:
                path.unlink(missing_ok=True)
            else:
                began = min(began, os.fstat(handle).st_mtime)
        finally:
            os.close(handle)
    return began


_GRACE = 5.0
"""Seconds between the making of a session's file and its lock, at most."""


def _start(path: Path) -> float:
    with suppress(OSError):
        return path.stat().st_mtime
    return time.time()


def _end(process: int, path: Path) -> None:
    # Not in a child that was forked.
    if os.getpid() == process:
        path.unlink(missing_ok=True)
