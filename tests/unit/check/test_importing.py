"""Modules are imported one after the other, whatever they do to the process; without a network and a home."""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

from castiron.check import importing
from castiron.check.importing import failures
from castiron.check.model import Program
from castiron.check.programs import builtin_modules
from castiron.check.sandbox import Sandbox, sandbox_in
from castiron_common.errors import CheckError
from tests.support import needs
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

SLEEP = f"6{os.getpid()}"
"""Seconds, of which the same tests run elsewhere on the machine have others."""

MODULES = {
    "fine": "",
    "prints": "print('x' * 100_000)",
    "reads": "import sys\nassert sys.stdin.read() == ''",
    "raises": "raise ValueError('with a\\ttab, a\\nline and é')",
    "lacks": "import nowhere_at_all",
    "exits": "raise SystemExit(3)",
    "dies": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)",
    "leaves": "import os\nos._exit(7)",
    "slow": f"import time\ntime.sleep({2 * PATIENCE})",
    "starts": f"import subprocess\nsubprocess.Popen(['sleep', '{SLEEP}'], close_fds=False)",
    "late": "import atexit\natexit.register(print, 'never')",
    "home": "from pathlib import Path\nPath.home().joinpath('made').touch()\nassert 'check-home' in str(Path.home())",
}


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    return sandbox_in(tmp_path / "check-home")


@pytest.fixture
def program(tmp_path: Path) -> Program:
    folder = tmp_path / "modules"
    folder.mkdir()
    for name, text in MODULES.items():
        (folder / f"{name}.py").write_text(text)
    return Program(command=(), python=(sys.executable, "-S"), environment=(("PYTHONPATH", str(folder)),))


def test_each_failure_is_its_own(program: Program, sandbox: Sandbox) -> None:
    names = ["dies", "fine", "raises", "exits", "leaves", "lacks", "prints", "reads", "home", "late"]
    found = {item.module: item.reason for item in failures(program, names, sandbox, seconds=PATIENCE)}
    assert found == {
        "dies": "ended the process with signal SIGSEGV",
        "raises": "ValueError: with a\ttab, a\nline and é",
        "exits": "SystemExit: 3",
        "leaves": "ended the process with exit status 7",
        "lacks": "ModuleNotFoundError: No module named 'nowhere_at_all'",
    }


def test_a_module_that_takes_too_long(program: Program, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    # The process of the slow module is not waited for; the one after it has its time, whatever the machine does.
    waits = iter([0.5, PATIENCE])
    lines = importing._lines
    monkeypatch.setattr(importing, "_lines", lambda descriptor, _: lines(descriptor, next(waits)))
    found = failures(program, ["slow", "fine", "raises"], sandbox, seconds=0.5)
    assert [(item.module, item.reason[:9]) for item in found] == [("slow", "took long"), ("raises", "ValueErro")]


def test_what_a_module_starts_ends_with_it(program: Program, sandbox: Sandbox) -> None:
    assert failures(program, ["starts", "fine"], sandbox, seconds=PATIENCE) == []
    deadline = time.monotonic() + PATIENCE
    while SLEEP.encode() in (running := os.popen("ps -e -o args").read().encode()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert f"sleep {SLEEP}".encode() not in running


def test_there_is_no_network(program: Program, sandbox: Sandbox, tmp_path: Path) -> None:
    if not sandbox.cut:
        needs.skip("namespaces")
    accepted = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)

        def accept() -> None:
            try:
                accepted.append(server.accept()[0])
            except TimeoutError:
                return

        thread = threading.Thread(target=accept)
        thread.start()
        text = f"import socket\nsocket.create_connection(('127.0.0.1', {server.getsockname()[1]}), timeout=1)"
        (tmp_path / "modules" / "calls.py").write_text(text)
        (failure,) = failures(program, ["calls"], sandbox, seconds=PATIENCE)
        thread.join()
    assert accepted == []
    assert failure.reason.startswith("OSError") or "Error: " in failure.reason


def test_a_program_that_is_no_interpreter(sandbox: Sandbox) -> None:
    program = Program(command=(), python=("/bin/false",))
    with pytest.raises(CheckError, match="exit status 1 before it imported fine"):
        failures(program, ["fine"], sandbox, seconds=PATIENCE)
    with pytest.raises(CheckError, match="ended with status 1"):
        builtin_modules(program)
