"""Finds every process of a command, wherever it is in the tree of processes."""

from __future__ import annotations

import os
import signal
import time
import uuid
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.processes import process_name

if TYPE_CHECKING:
    from collections.abc import Callable


class Marked:
    """An environment that its processes are found by: a folder of PATH, which builds get, too."""

    def __init__(self, **variables: str) -> None:
        self._mark = f"/nonexistent/{uuid.uuid4().hex}"
        self.environment = {**os.environ, **variables, "PATH": f"{os.environ['PATH']}:{self._mark}"}

    def pids(self) -> list[int]:
        found = []
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal():
                try:
                    environment = (folder / "environ").read_bytes()
                except OSError:
                    continue  # it has ended
                if self._mark.encode() in environment:
                    found.append(int(folder.name))
        return found

    def names(self) -> list[str]:
        return sorted(map(process_name, self.pids()))

    def end(self) -> None:
        """Leave nothing behind, whatever a test has found."""
        for pid in self.pids():
            os.kill(pid, signal.SIGKILL)


def within(seconds: float, condition: Callable[[], object]) -> bool:
    """Say whether a condition holds before the time is over."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True
