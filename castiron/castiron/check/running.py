"""Runs the application both ways, each in a copy of a folder of its own, and compares what can be seen afterwards."""

from __future__ import annotations

import difflib
import hashlib
import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron.check.model import Difference
from castiron.check.sandbox import environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from castiron.check.model import Program

_SHOWN = 20
"""Lines of a difference that are shown."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    status: str
    stdout: str
    stderr: str
    files: dict[str, str]
    """What the folder held afterwards: relative path to a hash or a link's target."""


def differences(
    binary: Program, interpreted: Program, arguments: Sequence[str], folder: Path, *, given: Path | None, seconds: float
) -> tuple[Difference, ...]:
    """Run both with the same arguments, and return what the binary did otherwise.

    Each works in a copy of the folder ``given``, or in an empty one; standard input is empty.
    """
    actual = _run(binary, arguments, folder / "of the binary", given, seconds)
    expected = _run(interpreted, arguments, folder / "of the interpreter", given, seconds)
    return tuple(_compared(expected, actual))


def _run(program: Program, arguments: Sequence[str], folder: Path, given: Path | None, seconds: float) -> _Run:
    work, home = folder / "work", folder / "home"
    (home / "tmp").mkdir(parents=True)
    if given is None:
        work.mkdir()
    else:
        shutil.copytree(given, work, symlinks=True)
    # One process group: whatever the application leaves running ends with it.
    with subprocess.Popen(
        [*program.command, *arguments],
        env=environment(home, program),
        cwd=work,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        try:
            stdout, stderr = process.communicate(timeout=seconds)
            status = signal.Signals(-process.returncode).name if process.returncode < 0 else str(process.returncode)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            stdout, stderr = process.communicate()
            status = f"none: it ran longer than {seconds:g} seconds"
    places = (*program.places, (work, "<folder>"), (home, "<home>"))
    return _Run(status=status, stdout=_plain(stdout, places), stderr=_plain(stderr, places), files=dict(_files(work)))


def _plain(output: bytes, places: Sequence[tuple[Path, str]]) -> str:
    """Return output as text in which places have the same names for both."""
    text = output.decode("utf-8", "backslashreplace")
    for path, name in places:
        text = text.replace(str(path), name)
    return text


def _files(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder).as_posix()
        if path.is_symlink():
            yield name, f"link to {path.readlink()}"
        elif path.is_file():
            yield name, hashlib.sha256(path.read_bytes()).hexdigest()
        else:
            yield name, "folder"


def _compared(expected: _Run, actual: _Run) -> Iterator[Difference]:
    if actual.status != expected.status:
        yield Difference(what="exit status", detail=f"{actual.status}; under the interpreter {expected.status}")
    for what, one, other in (
        ("standard output", expected.stdout, actual.stdout),
        ("standard error", expected.stderr, actual.stderr),
    ):
        if one != other:
            yield Difference(what=what, detail=_difference(one, other))
    for name in sorted({*expected.files, *actual.files}):
        one, other = expected.files.get(name, "not there"), actual.files.get(name, "not there")
        if one != other:
            how = "has another content" if len(one) == len(other) == 64 else f"{other}; under the interpreter {one}"
            yield Difference(what=f"file {name}", detail=how)


def _difference(expected: str, actual: str) -> str:
    lines = list(
        difflib.unified_diff(expected.splitlines(), actual.splitlines(), "interpreter", "binary", lineterm="", n=1)
    )
    more = [f"... and {len(lines) - _SHOWN} more lines"] if len(lines) > _SHOWN else []
    return "\n".join([*lines[:_SHOWN], *more])
