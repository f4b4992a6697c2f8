"""What the kernel tells of processes below one of ours, and how all of them are ended."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PR_SET_PDEATHSIG, _PR_SET_NAME, _PR_SET_CHILD_SUBREAPER = 1, 15, 36
_PAUSE = 0.005


def adopt_orphans() -> None:
    """Become the parent of every orphan below this process, in place of ``init``.  Source: prctl(2)."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def tell_of_parents_death(number: int) -> None:
    """Have this process get signal ``number`` when the thread that forked it has ended.  Source: prctl(2)."""
    _prctl(_PR_SET_PDEATHSIG, number)


def name_process(name: str) -> None:
    """Set what ``ps`` and ``pkill`` take for this process's name, at most 15 bytes."""
    text = ctypes.create_string_buffer(name.encode())
    _prctl(_PR_SET_NAME, ctypes.addressof(text))


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, ctypes.c_ulong(value), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"prctl({option}): {os.strerror(number)}")


def descendants(root: int) -> list[int]:
    """Return the processes below ``root`` that have not ended, parents before children; none without ``/proc``.

    Source: proc_pid_stat(5).
    """
    children: dict[int, list[int]] = {}
    ended: set[int] = set()
    try:
        entries = [entry for entry in os.listdir("/proc") if entry.isdecimal()]  # noqa: PTH208 - half the time
    except OSError:
        return []
    for entry in entries:
        try:
            stat = Path("/proc", entry, "stat").read_bytes()
        except OSError:
            continue  # it has ended
        # The name, in parentheses, may hold anything.
        state, parent, *_ = stat[stat.rindex(b")") + 2 :].split(b" ", 2)
        children.setdefault(int(parent), []).append(int(entry))
        if state in (b"Z", b"X"):
            ended.add(int(entry))
    found: list[int] = []
    waiting = [root]
    while waiting:
        below = children.get(waiting.pop(), [])
        found += below
        waiting += below
    return [pid for pid in found if pid not in ended]


def process_name(pid: int) -> str:
    """Return the name of a process, as ``ps`` has it; its number if it has ended."""
    try:
        return Path(f"/proc/{pid}/comm").read_text(errors="replace").strip()
    except OSError:
        return str(pid)


def send(pid: int, number: int) -> None:
    """Send a signal to a process that may have ended, or may have become somebody else's (set-user-ID)."""
    with suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def kill_descendants() -> None:
    """Kill every process below this one that there is now."""
    for pid in descendants(os.getpid()):
        send(pid, signal.SIGKILL)


def kill_and_reap(limit: float) -> None:
    """Kill all processes below this one, which adopts orphans, until none is left or ``limit`` seconds are over."""
    deadline = time.monotonic() + limit
    while not reap() and time.monotonic() < deadline:
        kill_descendants()
        time.sleep(_PAUSE)


def reap() -> bool:
    """Take the status of all children that have ended; say whether none is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False
