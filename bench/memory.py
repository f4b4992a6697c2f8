"""How much memory a program takes, as GNU time says (Debian: apt-get install time).

The kernel's figure for a process begins with what the process was before it became the program (``ru_maxrss``,
getrusage(2)): a copy of whatever started it.  A Python has more memory than a small program takes; GNU time has 2 MB.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sides import FailedError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What one run took."""

    peak: int
    """Most bytes that were resident at a time."""
    faults: int
    """Page faults, with and without reading."""


def require_time() -> None:
    """End the program if GNU time is not on PATH."""
    if shutil.which("time") is None:
        sys.exit("error: GNU time is not on PATH; on Debian: apt-get install time")


def memory_of(command: Sequence[str]) -> Memory:
    """Run a program without output; raises `FailedError` if it does not end with 0."""
    with tempfile.NamedTemporaryFile("r") as report:
        timed = ["time", "--quiet", "--format", "%M %R %F", "--output", report.name, "--", *command]
        done = subprocess.run(timed, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if done.returncode:
            raise FailedError(f"{' '.join(command)} ended with {done.returncode}")
        peak, minor, major = map(int, report.read().split())
    return Memory(peak=peak << 10, faults=minor + major)
