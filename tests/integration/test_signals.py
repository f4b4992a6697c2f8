"""Commands end with all that they started, however they are ended, and leave nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest

from castiron_common.cache import cache_root
from tests.support.linking import command, own_cache
from tests.support.marked import Marked, within
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

COMMANDS = Path(sys.executable).parent

BACKEND = """
import subprocess

def get_requires_for_build_wheel(settings=None):
    return []

def build_wheel(folder, settings=None, metadata=None):
    # As make and cc do it, a shell with a child; and one that has left session and group, as servers of compilers do.
    subprocess.run(["sh", "-c", "setsid sleep 300 & sleep 300; true"])
"""


@pytest.fixture
def marked() -> Iterator[Marked]:
    marked = Marked()
    yield marked
    marked.end()


@pytest.fixture
def slow(tmp_path: Path, pack: Pack) -> list[str]:
    """A trace that builds a distribution from its source, which takes five minutes."""
    project = tmp_path / "slow"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = []\nbuild-backend = 'backend'\nbackend-path = ['.']\n"
        f"[project]\nname = 'slow'\nversion = '1'\ndescription = '{tmp_path}'\n"
    )
    (project / "backend.py").write_text(BACKEND)
    (tmp_path / "app.py").write_text("import slow\n")
    return [str(COMMANDS / "trace"), "--with", f"slow @ {project.as_uri()}", "app.py", "-o", "app.manifest"]


def left_behind(folder: Path) -> list[str]:
    """What is beside the output, and working folders that nobody owns."""
    return sorted(path.name for path in folder.iterdir() if path.name not in ("slow", "app.py", "tmp"))


def building(marked: Marked) -> bool:
    return marked.names().count("sleep") == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_ends_the_whole_tree(slow: list[str], marked: Marked, tmp_path: Path, number: signal.Signals) -> None:
    (tmp_path / "tmp").mkdir()
    environment = marked.environment | {"TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(slow, env=environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as command:
        assert within(PATIENCE, lambda: building(marked))
        command.send_signal(number)
        _, said = command.communicate(timeout=PATIENCE)
    word = {signal.SIGTERM: "terminated", signal.SIGINT: "interrupted", signal.SIGHUP: "hung up"}[number]
    assert command.returncode == 128 + number
    assert said.splitlines()[-1] == f"{word}: nothing was left half-written"
    assert "Traceback" not in said
    assert marked.names() == []
    assert left_behind(tmp_path) == []
    assert list((tmp_path / "tmp").iterdir()) == []


@pytest.mark.parametrize("victim", ["front", "castiron-guard", "worker", "group"])
def test_sigkill_of_any_one_of_its_processes_ends_the_whole_tree(
    slow: list[str], marked: Marked, tmp_path: Path, victim: str
) -> None:
    with subprocess.Popen(
        slow, env=marked.environment, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True
    ) as command:
        assert within(PATIENCE, lambda: building(marked))
        if victim == "group":
            os.killpg(command.pid, signal.SIGKILL)
        else:
            os.kill(_member(command.pid, victim), signal.SIGKILL)
        command.communicate(timeout=PATIENCE)
    assert command.returncode == (137 if victim in ("castiron-guard", "worker") else -signal.SIGKILL)
    assert within(PATIENCE, lambda: marked.names() == [])


def _member(front: int, which: str) -> int:
    (guard,) = _children(front)
    (worker,) = _children(guard)
    return {"front": front, "castiron-guard": guard, "worker": worker}[which]


def _children(pid: int) -> list[int]:
    return list(map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split()))


def test_the_next_run_removes_what_a_killed_one_left(slow: list[str], marked: Marked, tmp_path: Path) -> None:
    cache = own_cache(tmp_path / "cache", "components", "sources", "stdlib-graph", "zig")
    running = cache_root(cache) / "running"
    with subprocess.Popen(slow, env=marked.environment | cache, cwd=tmp_path, stderr=subprocess.PIPE) as killed:
        assert within(PATIENCE, lambda: building(marked))
        before = set(running.iterdir())
        killed.kill()
        killed.communicate(timeout=PATIENCE)
    assert within(PATIENCE, lambda: marked.names() == [])
    left = {path for path in before if path.exists()}
    assert any(path.name.startswith("build-") for path in left)
    (tmp_path / "hello.py").write_text("print(1)\n")
    done = command("trace", "hello.py", "-o", "hello.manifest", cwd=tmp_path, env={**os.environ, **cache})
    assert done.status == 0, done.stderr
    assert [path for path in left if path.exists()] == []


def test_ctrl_c_at_a_terminal_ends_every_command(slow: list[str], marked: Marked, tmp_path: Path) -> None:
    build = [str(COMMANDS / "castiron"), "build", *slow[1:3], "app.py", "-o", "app"]
    for argv in (slow, build):
        terminal = pexpect.spawn(argv[0], argv[1:], env=marked.environment, cwd=str(tmp_path), timeout=PATIENCE)
        assert within(PATIENCE, lambda: building(marked))
        terminal.sendintr()
        terminal.expect("interrupted: nothing was left half-written")
        terminal.expect(pexpect.EOF)
        terminal.close()
        assert terminal.exitstatus == 130
        assert marked.names() == []
    assert left_behind(tmp_path) == []


def test_a_closed_terminal_ends_the_command(slow: list[str], marked: Marked, tmp_path: Path) -> None:
    terminal = pexpect.spawn(slow[0], slow[1:], env=marked.environment, cwd=str(tmp_path), timeout=PATIENCE)
    assert within(PATIENCE, lambda: building(marked))
    os.close(terminal.child_fd)
    terminal.child_fd = -1
    assert within(PATIENCE, lambda: marked.names() == [])


def test_timeout_ends_the_command(slow: list[str], marked: Marked, tmp_path: Path) -> None:
    limited = ["timeout", "-s", "TERM", "3600", *slow]
    with subprocess.Popen(limited, env=marked.environment, cwd=tmp_path, stderr=subprocess.PIPE, text=True) as command:
        assert within(PATIENCE, lambda: building(marked))
        # What the kernel sends to timeout(1) when the hour is over.
        command.send_signal(signal.SIGALRM)
        _, said = command.communicate(timeout=PATIENCE)
    assert command.returncode == 124
    assert said.count("terminated: nothing was left half-written") == 1
    assert within(PATIENCE, lambda: marked.names() == [])


def test_ignored_signals_stay_ignored(slow: list[str], marked: Marked, tmp_path: Path) -> None:
    with subprocess.Popen(["nohup", *slow], env=marked.environment, cwd=tmp_path, stderr=subprocess.PIPE) as command:
        assert within(PATIENCE, lambda: building(marked))
        command.send_signal(signal.SIGHUP)
        assert not within(1, lambda: command.poll() is not None)
        command.send_signal(signal.SIGTERM)
        command.communicate(timeout=PATIENCE)
    assert command.returncode == 143


# ---- trace --run: the terminal is the program's


def watched(code: str, folder: Path, marked: Marked) -> pexpect.spawn[str]:
    (folder / "app.py").write_text(textwrap.dedent(code))
    return pexpect.spawn(
        str(COMMANDS / "trace"),
        ["--run", "app.py", "-o", "app.manifest"],
        env=marked.environment,
        cwd=str(folder),
        timeout=PATIENCE,
        encoding="utf-8",
    )


def test_a_watched_program_may_end_well_at_ctrl_c(pack: Pack, marked: Marked, tmp_path: Path) -> None:
    """As servers do; then the trace goes on."""
    terminal = watched(
        """
        import os, sys, time
        assert os.isatty(0)
        assert os.tcgetpgrp(0) == os.getpgrp()
        try:
            print("you are", input("who? "))
            time.sleep(300)
        except KeyboardInterrupt:
            import colorsys
            print("bye")
        """,
        tmp_path,
        marked,
    )
    terminal.expect("who")
    terminal.sendline("me")
    terminal.expect("you are me")
    terminal.sendintr()
    terminal.expect("bye")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 0
    assert b"colorsys" in (tmp_path / "app.manifest").read_bytes()


def test_a_watched_program_that_ctrl_c_ends_is_an_interrupted_trace(pack: Pack, marked: Marked, tmp_path: Path) -> None:
    terminal = watched("import time\nprint('here', flush=True)\ntime.sleep(300)\n", tmp_path, marked)
    terminal.expect("here")
    terminal.sendintr()
    terminal.expect("KeyboardInterrupt")
    terminal.expect("interrupted: nothing")
    terminal.expect(pexpect.EOF)
    terminal.close()
    assert terminal.exitstatus == 130
    assert not (tmp_path / "app.manifest").exists()
    assert marked.names() == []


def test_a_watched_program_can_be_stopped_and_continued(pack: Pack, marked: Marked, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("print('begun', flush=True)\nprint('read', input())\n")
    shell = pexpect.spawn(
        "/bin/bash", ["--norc", "-i"], env=marked.environment, cwd=str(tmp_path), timeout=PATIENCE, encoding="utf-8"
    )
    shell.sendline(f"PS1='$ '; {COMMANDS}/trace --run app.py -q -o app.manifest; echo status $?")
    shell.expect("begun")
    shell.sendcontrol("z")
    shell.expect("Stopped")
    shell.sendline("fg")
    shell.sendline("a line")
    shell.expect("read a line")
    shell.sendline("wait; ls; exit")
    shell.expect("app.manifest")
    shell.close()


def test_signals_go_to_the_watched_program_first(pack: Pack, marked: Marked, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import os, signal, sys, time\n"
        # Not by print: the signal may come while the line below is still being written.
        "def end(*_):\n    os.write(2, b'tidy\\n'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end)\n"
        "print('here', file=sys.stderr, flush=True)\ntime.sleep(300)\n"
    )
    with subprocess.Popen(
        [COMMANDS / "trace", "--run", "app.py", "-o", "app.manifest"],
        env=marked.environment,
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
    ) as command:
        assert command.stderr is not None
        while "here" not in command.stderr.readline():
            pass
        command.terminate()
        said = command.stderr.read()
    assert command.returncode == 143
    assert "tidy\nterminated: nothing was left half-written\n" in said
    assert not (tmp_path / "app.manifest").exists()


def test_what_a_watched_program_leaves_running_is_ended_and_told(pack: Pack, marked: Marked, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(
        "import subprocess\nsubprocess.Popen(['sleep', '300'], start_new_session=True)\nprint('done')\n"
    )
    done = subprocess.run(
        [COMMANDS / "trace", "--run", "app.py", "-o", "app.manifest"],
        env=marked.environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "the application left a process running (sleep), which was ended" in done.stderr
    assert marked.names() == []
    assert (tmp_path / "app.manifest").is_file()
