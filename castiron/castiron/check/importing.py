"""Imports modules in a program, one process for as many as it survives."""

from __future__ import annotations

import os
import select
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING

from castiron.check.model import Failure
from castiron.check.sandbox import Sandbox, started, status_of
from castiron_common.errors import CheckError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron.check.model import Program

_PROBE = Path(__file__).with_name("probe.py")


def failures(program: Program, modules: Sequence[str], sandbox: Sandbox, *, seconds: float) -> list[Failure]:
    """Import each module in its turn; return those that fail, in the order of ``modules``.

    One that ends the process, or takes longer than ``seconds``, fails, and a new process goes on after it.
    """
    failed: list[Failure] = []
    waiting = list(modules)
    while waiting:
        done, failure = _until_it_ends(program, waiting, sandbox, failed, seconds)
        waiting = waiting[done:]
        if failure is not None:
            failed.append(failure)
    return failed


def _until_it_ends(
    program: Program, modules: Sequence[str], sandbox: Sandbox, failed: list[Failure], seconds: float
) -> tuple[int, Failure | None]:
    """Import modules in one process; return how many are done, and the failure of the one that ended it."""
    reading, writing = os.pipe()
    command = [*program.python, "-c", _PROBE.read_text(), str(writing)]
    done, current = 0, ""
    try:
        with started(command, program, sandbox, modules="\n".join(modules), answers=writing) as process:
            for line in _lines(reading, seconds):
                if line is None:
                    return done + 1, Failure(module=modules[done], reason=f"took longer than {seconds:g} seconds")
                kind, name, *rest = line.split("\t")
                if kind == "start":
                    current = name
                    continue
                done, current = done + 1, ""
                if kind == "failed":
                    failed.append(Failure(module=name, reason=f"{rest[0]}: {_unquoted(rest[1])}"))
                if done == len(modules):
                    return done, None
            status = status_of(process)
    finally:
        os.close(reading)
    how = f"signal {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    if not current:
        raise CheckError(
            f"{program.python[0]} ended with {how} before it imported {modules[done]}.",
            hint="It does not work as a Python interpreter on this machine; start it yourself to see why.",
        )
    return done + 1, Failure(module=current, reason=f"ended the process with {how}")


def _unquoted(text: str) -> str:
    return text[1:-1].encode("ascii").decode("unicode_escape", "replace")


def _lines(descriptor: int, seconds: float) -> Iterator[str | None]:
    """Yield lines until the end; None when none came for so long."""
    rest = b""
    deadline = time.monotonic() + seconds
    while True:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            yield None
            return
        data = os.read(descriptor, 1 << 16)
        if not data:
            return
        *lines, rest = (rest + data).split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if lines:
            deadline = time.monotonic() + seconds
