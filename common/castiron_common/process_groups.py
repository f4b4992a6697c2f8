"""Programs that we start in sessions of their own, so that nothing of them is left when we are interrupted."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from castiron_common.supervision import ENDING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path


@contextmanager
def process_group(
    command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path, **streams: Any
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program in a session of its own; an exception in the context kills all that is left of its group.

    ``streams`` are further options of `subprocess.Popen`.  Raises what that raises if the program cannot be started.
    """
    interruptions: list[int] = []
    process = _start(command, interruptions, env=dict(env), cwd=cwd, start_new_session=True, **streams)
    try:
        for number in interruptions:
            signal.raise_signal(number)
        yield process
    except BaseException:
        if process.returncode is None:  # not waited for yet, so its number is nobody else's
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        raise


def _start(command: Sequence[str | Path], interruptions: list[int], **options: Any) -> subprocess.Popen[bytes]:
    """Start a program; signals that would interrupt us before we know its number are noted in ``interruptions``.

    They are not blocked: the program would inherit that.
    """
    if threading.current_thread() is not threading.main_thread():
        return subprocess.Popen(command, **options)  # Python handles signals in its main thread alone
    handlers = {number: signal.getsignal(number) for number in ENDING}
    deferred = {number: handler for number, handler in handlers.items() if callable(handler)}
    try:
        for number in deferred:
            signal.signal(number, lambda got, _frame: interruptions.append(got))
        return subprocess.Popen(command, **options)
    finally:
        for number, handler in deferred.items():
            signal.signal(number, handler)
