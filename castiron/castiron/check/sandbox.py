"""Where modules are imported: without a network, with a home that is thrown away, and few variables."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron.check.launcher import REFUSED

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron.check.model import Program

_LAUNCHER = (sys.executable, "-I", "-S", str(Path(__file__).with_name("launcher.py")))
_DYING = 5.0
"""Seconds that a process has to end by itself when it has closed its answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """The surroundings of a process."""

    home: Path
    cut: bool
    """Whether the kernel lets us take the network away."""


def sandbox_in(folder: Path) -> Sandbox:
    """Make the home; find out whether processes can be without a network."""
    home = folder / "home"
    (home / "tmp").mkdir(parents=True)
    tried = subprocess.run([*_LAUNCHER, sys.executable, "-I", "-S", "-c", ""], capture_output=True, check=False)
    return Sandbox(home=home, cut=tried.returncode != REFUSED)


def environment(home: Path, program: Program) -> dict[str, str]:
    """Return the variables of a process: what a login without any customisation has, and the program's own."""
    return {
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "PATH": os.defpath,
        "TMPDIR": str(home / "tmp"),
        "TZ": "UTC",
        **dict(program.environment),
    }


@contextmanager
def started(
    command: Sequence[str], program: Program, sandbox: Sandbox, *, modules: str, answers: int
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a command in the sandbox, with ``modules`` on its standard input and the descriptor ``answers`` inherited.

    ``answers`` is closed here.  At the end nothing is left of the process group.
    """
    try:
        process = subprocess.Popen(
            [*(_LAUNCHER if sandbox.cut else ()), *command],
            env=environment(sandbox.home, program),
            cwd=sandbox.home,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(answers,),
            start_new_session=True,
        )
    finally:
        os.close(answers)
    try:
        with suppress(BrokenPipeError):  # it has ended already; its answers tell
            _feed(process, modules)
        yield process
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def status_of(process: subprocess.Popen[bytes]) -> int:
    """Return how a process ended that has closed its answers; it is killed if it goes on nevertheless."""
    try:
        return process.wait(timeout=_DYING)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def _feed(process: subprocess.Popen[bytes], text: str) -> None:
    if process.stdin is not None:
        with process.stdin as stream:
            stream.write(text.encode())
