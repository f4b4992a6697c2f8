"""Programs in sessions of their own: an interruption at any moment leaves nothing of them."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from castiron_common import process_groups
from castiron_common.process_groups import process_group

if TYPE_CHECKING:
    from pathlib import Path


def test_an_interruption_while_the_program_is_being_started_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[subprocess.Popen[bytes]] = []
    start = subprocess.Popen

    def interrupted(*arguments: object, **options: object) -> subprocess.Popen[bytes]:
        process = start(*arguments, **options)  # type: ignore[call-overload]
        started.append(process)
        signal.raise_signal(signal.SIGINT)  # the program runs, and its caller does not know it yet
        return process

    monkeypatch.setattr(process_groups.subprocess, "Popen", interrupted)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), process_group(["sleep", "600"], env=os.environ, cwd=tmp_path):
        pytest.fail("the context begins only if nobody interrupts")
    assert started[0].returncode == -signal.SIGKILL
    assert signal.getsignal(signal.SIGINT) is before


def test_an_exception_ends_the_whole_group(tmp_path: Path) -> None:
    reader, writer = os.pipe()

    def fail() -> None:
        with process_group(["sh", "-c", "sleep 600 & echo; wait"], env=os.environ, cwd=tmp_path, stdout=writer):
            os.close(writer)
            assert os.read(reader, 1) == b"\n"
            raise KeyError

    with os.fdopen(reader, "rb"):
        with pytest.raises(KeyError):
            fail()
        assert os.read(reader, 1) == b""  # nobody has the other end any more


def test_a_thread_starts_programs_too(tmp_path: Path) -> None:
    statuses: list[int] = []

    def run() -> None:
        with process_group(["sh", "-c", "exit 3"], env=os.environ, cwd=tmp_path) as process:
            statuses.append(process.wait())

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert statuses == [3]
