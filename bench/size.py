"""How large executables are, and what the small ones cost: size, time and processor time of a whole run, memory.

    python bench/size.py [--program NAME ...] [--pyinstaller PYTHON] [--also PROGRAM=TOOL=FILE ...] [--runs N]

Each program is linked with both profiles.  ``--pyinstaller`` adds what PyInstaller makes of it with that Python
(``--onefile``, in an environment of its own that is removed afterwards), ``--also`` the executable of another tool
(``--also hello=Nuitka=dist/hello``).  All executables of a program run in turn by hyperfine, which has to be on PATH,
as has GNU time (Debian: apt-get install hyperfine time); times are medians, memory is that of one more run.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from castiron_link.model import Profile
from memory import memory_of, require_time
from sides import FailedError, Side, linked
from sides import run as made

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is linked: a script, what it requires, and how it is called."""

    code: str
    requirements: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


PROGRAMS = {
    "hello": Program(code="print('hello, world')\n"),
    "page": Program(
        code=(ROOT / "examples" / "page.py").read_text(),
        requirements=("jinja2>=3.1", "markdown-it-py>=3", "pygments>=2.18", "typer>=0.15"),
        arguments=("--help",),
    ),
    "numpy-pandas": Program(code="import numpy, pandas\n", requirements=("numpy", "pandas")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What the runs of an executable took: medians."""

    seconds: float
    """From start to end."""
    processor: float
    """Seconds, of user and system."""
    memory: int
    """Most bytes that were resident at a time."""


def measured(commands: dict[str, list[str]], runs: int, folder: Path) -> dict[str, Runs]:
    """Return what each command takes; hyperfine runs one of each, so that they take turns."""
    memory = {what: memory_of(command).peak for what, command in commands.items()}
    taken: dict[str, list[dict[str, float]]] = {what: [] for what in commands}
    report = folder / "hyperfine.json"
    lines = [shlex.join(command) for command in commands.values()]
    for _ in range(runs):
        made(["hyperfine", "--shell=none", "--runs", "1", "--export-json", str(report), *lines], folder)
        for what, result in zip(commands, json.loads(report.read_text())["results"], strict=True):
            taken[what].append(result)
    return {
        what: Runs(
            seconds=statistics.median(item["median"] for item in items),
            processor=statistics.median(item["user"] + item["system"] for item in items),
            memory=memory[what],
        )
        for what, items in taken.items()
    }


def executables(name: str, folder: Path) -> dict[str, Path]:
    """Link a program with each profile; return the executables by profile."""
    program, found = PROGRAMS[name], {}
    wanted = [option for requirement in program.requirements for option in ("--with", requirement)]
    for profile in Profile:
        own = folder / f"{name}-{profile}"
        own.mkdir()
        (own / f"{name}.py").write_text(program.code)
        found[str(profile)] = linked(
            Side(name="castiron"), own, f"{name}.py", trace=wanted, link=("--profile", profile, "--no-report")
        )
    return found


def pyinstaller_executable(name: str, python: str, folder: Path) -> Path:
    """Return what PyInstaller makes of a program in an environment of its own, as one file."""
    program, own = PROGRAMS[name], folder / f"{name}-pyinstaller"
    own.mkdir()
    (own / f"{name}.py").write_text(program.code)
    uv, venv = [sys.executable, "-m", "uv"], own / "venv"
    made([*uv, "venv", "-q", "-p", python, str(venv)], own)
    made([*uv, "pip", "install", "-q", "-p", str(venv / "bin/python"), "pyinstaller", *program.requirements], own)
    made([str(venv / "bin/pyinstaller"), "--onefile", "--noconfirm", "--log-level", "ERROR", f"{name}.py"], own)
    return own / "dist" / name


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", action="append", choices=PROGRAMS, help="default: all")
    parser.add_argument("--pyinstaller", metavar="PYTHON", help="add what PyInstaller makes, with this Python")
    parser.add_argument("--also", action="append", default=[], metavar="PROGRAM=TOOL=FILE")
    parser.add_argument("--runs", type=int, default=11)
    given = parser.parse_args()
    others = [tuple(item.split("=", 2)) for item in given.also]
    if any(len(item) != 3 or item[0] not in PROGRAMS for item in others):
        parser.error(f"--also is PROGRAM=TOOL=FILE, and PROGRAM one of {', '.join(PROGRAMS)}")
    if shutil.which("hyperfine") is None:
        sys.exit("error: hyperfine is not on PATH; on Debian: apt-get install hyperfine")
    require_time()
    table = Table("program", "executable", "MB", "ratio", "ms", "ratio", "processor ms", "ratio", "memory MB")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.program or PROGRAMS:
            files = executables(name, Path(folder))
            if given.pyinstaller:
                files["PyInstaller"] = pyinstaller_executable(name, given.pyinstaller, Path(folder))
            files |= {tool: Path(file).resolve() for program, tool, file in others if program == name}
            commands = {what: [str(file), *PROGRAMS[name].arguments] for what, file in files.items()}
            taken = measured(commands, given.runs, Path(folder))
            base = taken[next(iter(files))]
            first = next(iter(files.values())).stat().st_size
            for what, file in files.items():
                size, runs = file.stat().st_size, taken[what]
                table.add_row(
                    *(name, what, f"{size / 1e6:.1f}", f"{size / first:.2f}"),
                    *(f"{runs.seconds * 1e3:.1f}", f"{runs.seconds / base.seconds:.2f}"),
                    *(f"{runs.processor * 1e3:.1f}", f"{runs.processor / base.processor:.2f}"),
                    f"{runs.memory / 1e6:.1f}",
                )
    Console(width=100).print(table)


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(str(error))
