"""How large executables are, and what the small ones cost: size, processor time of a whole run, memory.

    python bench/size.py [--program NAME ...] [--also PROGRAM=TOOL=FILE ...] [--runs N]

Each program is linked with both profiles.  ``--also`` adds the executable that another tool made of the same program
(``--also hello=PyInstaller=dist/hello``).  All executables of a program run in turn; times and memory are medians.
"""

from __future__ import annotations

import argparse
import os
import resource
import shlex
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from castiron_link.model import Profile
from sides import FailedError, Side, linked

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is linked: a script, what it requires beside what it says itself, and how it is called."""

    code: str
    requirements: tuple[str, ...] = ()
    arguments: tuple[str, ...] = ()


PROGRAMS = {
    "hello": Program(code="print('hello, world')\n"),
    "page": Program(code=(ROOT / "examples" / "page.py").read_text(), arguments=("--help",)),
    "numpy-pandas": Program(code="import numpy, pandas\n", requirements=("numpy", "pandas")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run took."""

    processor: float
    """Seconds, of user and system."""
    memory: int
    """Most bytes that were resident at a time."""


def run(command: list[str]) -> Run:
    """Run a program without output; raises `FailedError` if it does not end with 0."""
    null = os.open(os.devnull, os.O_RDWR)
    try:
        actions = [(os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)]
        child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    finally:
        os.close(null)
    _, status, used = os.wait4(child, 0)
    if status != 0:
        raise FailedError(f"{shlex.join(command)} ended with {os.waitstatus_to_exitcode(status)}")
    return Run(processor=used.ru_utime + used.ru_stime, memory=used.ru_maxrss << 10)


def memory_text(most: float) -> str:
    """Return bytes as MB.  The kernel counts what the process was before it became the program: a copy of this one."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    return f"{most / 1e6:.1f}" if most > own else f"at most {own / 1e6:.1f}"


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


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--program", action="append", choices=PROGRAMS, help="default: all")
    parser.add_argument("--also", action="append", default=[], metavar="PROGRAM=TOOL=FILE")
    parser.add_argument("--runs", type=int, default=11)
    given = parser.parse_args()
    others = [tuple(item.split("=", 2)) for item in given.also]
    if any(len(item) != 3 or item[0] not in PROGRAMS for item in others):
        parser.error(f"--also is PROGRAM=TOOL=FILE, and PROGRAM one of {', '.join(PROGRAMS)}")
    table = Table("program", "executable", "MB", "ratio", "processor ms", "ratio", "memory MB")
    with tempfile.TemporaryDirectory() as folder:
        for name in given.program or PROGRAMS:
            files = executables(name, Path(folder))
            files |= {tool: Path(file).resolve() for program, tool, file in others if program == name}
            commands = {what: [str(file), *PROGRAMS[name].arguments] for what, file in files.items()}
            for command in commands.values():
                run(command)
            turns = [{what: run(command) for what, command in commands.items()} for _ in range(given.runs)]
            base = next(iter(files))
            for what, file in files.items():
                processor = statistics.median(turn[what].processor for turn in turns)
                ratio = statistics.median(turn[what].processor / (turn[base].processor or 1e-6) for turn in turns)
                table.add_row(
                    name,
                    what,
                    f"{file.stat().st_size / 1e6:.1f}",
                    f"{file.stat().st_size / files[base].stat().st_size:.2f}",
                    f"{processor * 1e3:.1f}",
                    f"{ratio:.2f}",
                    memory_text(statistics.median(turn[what].memory for turn in turns)),
                )
    Console(width=100).print(table)


if __name__ == "__main__":
    try:
        main()
    except FailedError as error:
        sys.exit(str(error))
