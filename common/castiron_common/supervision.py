"""A command never outlives its end: however it is ended, no program that it started stays behind.

The process that the user started (the *front*) does no work.  It starts a *guard*, and that the *worker*, which runs
the command:

    front -> guard -> worker -> programs: uv, compilers, the linker, and their own children

Orphans below the guard become its children, so it knows every process of the command, and when worker or front is gone,
by whatever signal, it kills them all.  The front does the same should the guard be gone.  The three divide before there
are threads, so ``fork`` is safe, and the signal of a parent's death, which comes when the parent's *thread* ends, means
what it says.

Front and worker share process group and session: a program that the worker starts has the terminal as if the user had
started it.  The guard has a group of its own, out of the reach of ``kill -9 %1``.
Source: prctl(2), signal(7), credentials(7).
"""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from castiron_common.processes import (
    adopt_orphans,
    kill_and_reap,
    kill_descendants,
    name_process,
    send,
    tell_of_parents_death,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Set
    from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that ask a command to end; it tidies up before."""

_SI_KERNEL = 0x80

_PARENT_DIED = signal.SIGUSR2
_RELEASED = signal.SIGUSR1

_GRACE = 5.0
"""Seconds that the worker has to tidy up."""
_LIMIT = 10.0
"""Seconds after which the front ends a worker that does not end; and after which what cannot be killed is left."""
_BOUNCE = 0.5
"""Seconds in which a second Ctrl-C is the first one still: it may come by two ways."""


class Stopped(BaseException):
    """The command was asked to end by a signal; not an `Exception`, as nothing may go on after it."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    @property
    def exit_code(self) -> int:
        """128 + the signal's number, as shells report it."""
        return 128 + self.number


@dataclass(slots=True)
class _Stop:
    """Which signal asked this process to end, and when: a handler of signals has no other way to tell."""

    number: int = 0
    at: float = 0.0


_STOP = _Stop()


def from_terminal(got: signal.struct_siginfo) -> bool:
    """Say whether a signal is a Ctrl-C at the terminal, which the whole process group has got.

    The signal of a terminal that is closed, in contrast, is for the leader of the session alone.
    """
    return got.si_signo == signal.SIGINT and got.si_code == _SI_KERNEL


def stopped() -> Stopped | None:
    """Return what asked this command to end, if something did: other failures are consequences of that."""
    return Stopped(_STOP.number) if _STOP.number else None


def supervise() -> None:
    """Divide this process into front, guard and worker, and return in the worker.  There may be no threads yet.

    The front ends with the worker's exit status, or with 128 + N if signal N killed that.  Signals that this process
    ignores stay ignored (``nohup``; background jobs of a plain ``sh``).
    """
    if sys.platform != "linux":
        return
    # Who ignores the end of his children hands that down, and we could not wait for ours.
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    heeded = frozenset(number for number in ENDING if signal.getsignal(number) != signal.SIG_IGN)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {*heeded, signal.SIGCHLD, _PARENT_DIED, _RELEASED})
    sys.stdout.flush()
    sys.stderr.flush()
    front = os.getpid()
    adopt_orphans()
    guard = os.fork()
    if guard:
        _end_with(lambda: _front(guard, heeded))
    adopt_orphans()
    worker = os.fork()
    if worker:
        _end_with(lambda: _guard(front, worker, heeded))
    adopt_orphans()
    for number in heeded:
        signal.signal(number, _on_signal)
    signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def signals_held() -> Iterator[None]:
    """Let signals that ask us to end wait for the end of the context, in which an exception would do harm."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def release() -> None:
    """Before this process becomes a program of the user's own (``exec``): what that starts may outlive it."""
    handled = [number for number in ENDING if signal.getsignal(number) is _on_signal]
    for number in handled:
        signal.signal(number, signal.SIG_DFL)
    if handled:
        os.kill(os.getppid(), _RELEASED)


def _end_with(run: Callable[[], int]) -> NoReturn:
    """End this process with the status that ``run`` returns, without what Python does at exit: that is the worker's."""
    status = 1
    try:
        status = run()
    finally:
        os._exit(status)


def _front(guard: int, heeded: Set[int]) -> int:
    """Pass signals on, wait for the guard, and return the exit status of the command."""
    _leave_streams(0, 1)
    awaited = {*heeded, signal.SIGCHLD, _RELEASED}
    asked, deadline, released = 0, float("inf"), False
    while True:
        got = signal.sigtimedwait(awaited, max(0.0, min(deadline - time.monotonic(), 3600.0)))
        if got is None and time.monotonic() < deadline:
            continue
        if got is None:
            kill_and_reap(_LIMIT)
            _say(f"ended by {_name(asked)}: it was killed, as it took too long; the next run removes what it left")
            return 128 + asked
        if got.si_signo == _RELEASED:
            released = True
        elif got.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(guard, os.WNOHANG)
            if ended:
                return _final_status(status, asked=asked, released=released)
        elif not from_terminal(got):
            send(guard, got.si_signo)
            asked = got.si_signo
            if asked != signal.SIGINT and not released:
                deadline = min(deadline, time.monotonic() + _LIMIT)


def _final_status(status: int, *, asked: int, released: bool) -> int:
    """Return the exit status for the guard's, and say so if the command did not end by itself."""
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        # The guard itself was killed: its task is ours now.
        kill_and_reap(_LIMIT)
        code = 128 - code
    number = code - 128
    if number not in (signal.SIGKILL, signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT) or released:
        return code
    if asked:
        # It did not come to say it itself.
        _say(f"ended by {_name(asked)}; the next run removes what was left")
        return 128 + asked
    _say(f"error: killed by {_name(number)}; nothing was left half-written, and the next run removes what was left")
    return code


def _guard(front: int, worker: int, heeded: Set[int]) -> int:
    """Wait until worker or front has ended, kill everything else, and return the exit status of the worker."""
    name_process("castiron-guard")
    os.setpgid(0, 0)
    _leave_streams(0, 1, 2)
    tell_of_parents_death(_PARENT_DIED)
    if os.getppid() != front:
        kill_and_reap(_LIMIT)
        return 1
    awaited = {*heeded, signal.SIGCHLD, _PARENT_DIED, _RELEASED}
    released = False
    while True:
        number = signal.sigwait(awaited)
        if number == _PARENT_DIED:
            if released:
                send(worker, signal.SIGKILL)
            else:
                kill_and_reap(_LIMIT)
            return 1
        if number == _RELEASED:
            released = True
            send(front, _RELEASED)
        elif number == signal.SIGCHLD:
            status = _reap_until(worker)
            if status is not None:
                if not released:
                    kill_and_reap(_LIMIT)
                code = os.waitstatus_to_exitcode(status)
                return code if code >= 0 else 128 - code
        else:
            send(worker, number)


def _reap_until(worker: int) -> int | None:
    """Take the status of all children that have ended; return the worker's if it is among them."""
    while True:
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid == worker:
            return status
        if pid == 0:
            return None


def _leave_streams(*descriptors: int) -> None:
    """Let go of standard streams: who reads our output must see its end when the worker ends."""
    null = os.open(os.devnull, os.O_RDWR)
    for descriptor in descriptors:
        os.dup2(null, descriptor)
    os.close(null)


def _say(text: str) -> None:
    os.write(2, f"{text}\n".encode())


def _name(number: int) -> str:
    return signal.Signals(number).name


def _on_signal(number: int, _frame: FrameType | None) -> None:
    """In the worker: end its programs, then unwind.  A second Ctrl-C ends it at once."""
    now = time.monotonic()
    if _STOP.number:
        if number == signal.SIGINT and now - _STOP.at > _BOUNCE:
            os._exit(128 + number)
        return
    _STOP.number, _STOP.at = number, now
    kill_descendants()
    # Threads may be about to start the next program, or wait for a server.
    threading.Thread(target=_finish, args=(number,), daemon=True).start()
    raise Stopped(number)


def _finish(number: int) -> None:
    """Kill what is still started while the worker unwinds, and end the worker when it has had time enough."""
    deadline = time.monotonic() + _GRACE
    while time.monotonic() < deadline:
        time.sleep(0.05)
        kill_descendants()
    _say(f"ended by {_name(number)}; the next run removes what was left")
    os._exit(128 + number)
