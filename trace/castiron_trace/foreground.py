"""Waits for a program of the user that runs in the foreground, and passes signals on to it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from castiron_common.processes import descendants, process_name, send
from castiron_common.supervision import ENDING, Stopped, from_terminal

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Collection

_GRACE = 5.0
"""Seconds that a program has to end after it was asked to."""
_GRACE_OF_OTHERS = 2.0
"""The same for processes that it leaves behind."""
_PAUSE = 0.02
_LOOK = 0.2
"""Seconds after which we check whether it has ended, in case its signal went to another thread."""


def attend(process: subprocess.Popen[bytes]) -> int:
    """Wait for a program in our own process group and return its exit status, negative for a signal.

    Ctrl-C is meant for the program, which gets it from the terminal: if it goes on, or ends normally, so do we.  Other
    signals that ask us to end are passed on to it; when it has ended, or after 5 seconds, `Stopped` is raised, as it is
    if Ctrl-C has ended the program.
    """
    heeded = {number for number in ENDING if signal.getsignal(number) not in (signal.SIG_IGN, signal.SIG_DFL)}
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*heeded, signal.SIGCHLD})
    asked, interrupted, deadline = 0, False, float("inf")
    try:
        while (status := process.poll()) is None:
            got = signal.sigtimedwait({*heeded, signal.SIGCHLD}, _LOOK)
            if got is not None and got.si_signo in heeded:
                if not from_terminal(got):
                    process.send_signal(got.si_signo)
                if got.si_signo == signal.SIGINT:
                    interrupted = True
                elif not asked:
                    asked, deadline = got.si_signo, time.monotonic() + _GRACE
            if time.monotonic() > deadline:
                process.kill()
        # Signals that came after its end were meant for it, too.
        while (got := signal.sigtimedwait(heeded, 0)) is not None:
            interrupted = interrupted or got.si_signo == signal.SIGINT
            asked = asked or (got.si_signo if got.si_signo != signal.SIGINT else 0)
    except BaseException:
        process.kill()
        raise
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
    if asked or (interrupted and status in (-signal.SIGINT, 128 + signal.SIGINT)):
        raise Stopped(asked or signal.SIGINT)
    return status


def end_others(known: Collection[int]) -> tuple[str, ...]:
    """End the descendants of this process that are not ``known``: what a program left running.  Return names, sorted.

    They get SIGTERM and 2 seconds, then SIGKILL; after 5 more they are left to the guard.
    """
    left = _others(known)
    names = tuple(sorted(map(process_name, left)))
    started = time.monotonic()
    while left and time.monotonic() - started < _GRACE_OF_OTHERS + _GRACE:
        hard = time.monotonic() - started > _GRACE_OF_OTHERS
        for pid in left:
            send(pid, signal.SIGKILL if hard else signal.SIGTERM)
        time.sleep(_PAUSE)
        for pid in left:
            # Orphans are children of ours; others go with their parents.
            with suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)
        left = _others(known)
    return names


def _others(known: Collection[int]) -> list[int]:
    return [pid for pid in descendants(os.getpid()) if pid not in known]
