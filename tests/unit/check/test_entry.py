"""Commands that are interrupted before they have begun."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

_INTERRUPTED = "import os, signal\nos.kill(os.getpid(), signal.SIGINT)\ndef main():\n    print('ran')\n"


def _start(folder: Path, command: str, *, ignored: bool) -> subprocess.CompletedProcess[str]:
    """Run a command in the place of whose own module stands one that interrupts itself while it is imported."""
    package = folder / f"castiron_{command}"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "cli.py").write_text(_INTERRUPTED)
    handling = "SIG_IGN" if ignored else "default_int_handler"
    program = f"import signal\nsignal.signal(signal.SIGINT, signal.{handling})\n"
    return subprocess.run(
        [sys.executable, "-c", f"{program}from castiron.entry import {command}\n{command}()"],
        env={**os.environ, "PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("command", ["trace", "link"])
def test_ctrl_c_during_the_first_imports_shows_no_traceback(tmp_path: Path, command: str) -> None:
    done = _start(tmp_path, command, ignored=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_a_signal_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    done = _start(tmp_path, "link", ignored=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, "ran\n", "")
