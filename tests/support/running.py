"""Runs one application in one of its forms, with pipes, as a server or on a terminal, and takes down what it does."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.support.application import Application, Request, Run

TIMEOUT = 90.0
"""Seconds for one run: most take less than five, but the machine may do other things."""
COLUMNS, LINES = 200, 60
"""Of the terminal: wide, for where a line with a path is wrapped depends on the path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Did:
    """What a run did, with its own places named."""

    status: int
    """Negative: the signal that ended it."""
    stdout: str
    """Also a server's answers and a terminal's last screen."""
    stderr: str
    files: tuple[tuple[str, str], ...]
    """Those that it was to make, and their contents, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the runs of one form of the application happen.

    Both forms have the same work folder, one after the other.
    """

    command: tuple[str, ...]
    folder: Path
    """Of ``work``, ``home``, ``tmp`` and ``programs``."""
    env: tuple[tuple[str, str], ...] = ()
    names: tuple[tuple[str, str], ...]
    """Places of this form, and what to call them: the longest first."""

    @property
    def work(self) -> Path:
        return self.folder / "work"


def perform(application: Application, run: Run, place: Place) -> Did:
    """Do one run."""
    if not run.keep:
        _prepare(application, place)
    port = free_port()

    def given(text: str) -> str:
        return text.replace("{work}", str(place.work)).replace("{port}", str(port))

    argv = [*place.command, *map(given, run.argv)]
    env = _environment(place) | {key: given(value) for key, value in (*place.env, *application.env, *run.env)}
    if run.asks:
        status, stdout, stderr = _serve(argv, run, port=port, cwd=place.work, env=env)
    elif run.dialogue:
        status, stdout, stderr = _converse(argv, run, cwd=place.work, env=env)
    else:
        status, stdout, stderr = _pipe(argv, run, cwd=place.work, env=env)

    def named(text: str) -> str:
        for path, name in (*place.names, (str(place.folder), "<folder>"), (f":{port}", ":<port>")):
            text = text.replace(path, name)
        for pattern, replacement in application.normalise:
            text = re.sub(pattern, replacement, text, flags=re.MULTILINE)
        return "\n".join(sorted(text.splitlines())) if run.without_order else text

    # After another end than the wanted one there is nothing to look for, and the status says more.
    names = _made(run, place.work) if status == run.status else []
    files = tuple((name, named(_text(place.work / name))) for name in names)
    return Did(status=status, stdout=named(stdout), stderr=named(stderr), files=files)


def _prepare(application: Application, place: Place) -> None:
    """Make the folders anew."""
    for name in ("work", "home", "tmp", "programs"):
        shutil.rmtree(place.folder / name, ignore_errors=True)
        (place.folder / name).mkdir(parents=True)
    if (application.folder / "work").is_dir():
        shutil.copytree(application.folder / "work", place.work, dirs_exist_ok=True)
    for name in application.programs:
        found = shutil.which(name)
        assert found is not None, f"{name} is not installed"
        (place.folder / "programs" / name).symlink_to(found)


def _environment(place: Place) -> dict[str, str]:
    """Return an environment in which no Python of the machine can be found by name."""
    return {
        "COLUMNS": str(COLUMNS),
        "LINES": str(LINES),
        "TERM": "dumb",
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "HOME": str(place.folder / "home"),
        "TMPDIR": str(place.folder / "tmp"),
        "PATH": str(place.folder / "programs"),
        "SOURCE_DATE_EPOCH": "1700000000",
    }


def _pipe(argv: list[str], run: Run, *, cwd: Path, env: dict[str, str]) -> tuple[int, str, str]:
    done = subprocess.run(
        argv, cwd=cwd, env=env, input=run.stdin.encode(), capture_output=True, timeout=TIMEOUT, check=False
    )
    return done.returncode, done.stdout.decode(errors="backslashreplace"), done.stderr.decode(errors="backslashreplace")


def free_port() -> int:
    """Return a port of the loopback that nothing listens at."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def _serve(argv: list[str], run: Run, *, port: int, cwd: Path, env: dict[str, str]) -> tuple[int, str, str]:
    log = cwd.parent / "tmp" / "server.log"
    with log.open("wb") as file:
        server = subprocess.Popen(
            argv, cwd=cwd, env=env, stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True
        )
    with _ended(server):
        _wait_for(port, server, log)
        answers = [_ask(request, port) for request in run.asks]
        server.send_signal(signal.SIGTERM)
        status = server.wait(TIMEOUT)
    return status, "\n".join(answers), log.read_text(errors="backslashreplace")


@contextlib.contextmanager
def _ended(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Leave nothing of the process's group behind."""
    try:
        yield
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + TIMEOUT
    while time.monotonic() < end:
        assert server.poll() is None, f"the server ended with {server.returncode}: {log.read_text()}"
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        time.sleep(0.05)
    raise AssertionError(f"nothing listens at the port: {log.read_text()}")


def _ask(request: Request, port: int) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT)
    with contextlib.closing(connection):
        if request.body is None:
            connection.request("GET", request.path)
        else:
            connection.request("POST", request.path, request.body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return (
            f"{answer.status} {answer.headers.get('Content-Type')}\n{answer.read().decode(errors='backslashreplace')}"
        )


def _converse(argv: list[str], run: Run, *, cwd: Path, env: dict[str, str]) -> tuple[int, str, str]:
    """Type a dialogue at a terminal; return the text that its screen shows in the end."""
    import pexpect
    import pyte

    child = pexpect.spawn(
        argv[0], argv[1:], cwd=str(cwd), env=env | {"TERM": "xterm"}, dimensions=(LINES, COLUMNS), timeout=TIMEOUT
    )
    screen = pyte.Screen(COLUMNS, LINES)
    stream = pyte.ByteStream(screen)
    plain = ""
    with contextlib.closing(child):
        rest = b""
        for pattern, typed in run.dialogue:
            while not (found := re.search(pattern, plain, re.DOTALL)):
                data = child.read_nonblocking(1 << 16, TIMEOUT)
                stream.feed(data)
                text, rest = _without_escapes(rest + data)
                plain += text
            plain = plain[found.end() :]
            child.send(typed)
        child.expect(pexpect.EOF)
        stream.feed(child.before)
        child.wait()
    status = child.exitstatus if child.signalstatus is None else -child.signalstatus
    assert status is not None
    return status, "\n".join(line.rstrip() for line in screen.display).rstrip("\n"), ""


_ESCAPE = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-Z^-~])")
"""Control sequences, operating system commands, and others: ECMA-48, 5.3 to 5.6."""


def _without_escapes(data: bytes) -> tuple[str, bytes]:
    """Return text without escape sequences, which stand elsewhere each time, and the start of one that is to come."""
    data = _ESCAPE.sub(b"", data)
    text, escape, rest = data.partition(b"\x1b")
    return text.decode(errors="backslashreplace"), escape + rest


def _made(run: Run, work: Path) -> list[str]:
    """Return the files that the run was to make; each pattern must have made one."""
    found: set[str] = set()
    for pattern in run.made:
        names = {str(path.relative_to(work)) for path in work.glob(pattern) if path.is_file()}
        assert names, f"the run made no {pattern}: there are {sorted(path.name for path in work.iterdir())}"
        found |= {name for name in names if "__pycache__" not in name}
    return sorted(found)


def _text(path: Path) -> str:
    return path.read_bytes().decode(errors="backslashreplace")
