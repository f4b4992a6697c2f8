"""How long the end of a program takes: the whole program, less the same program that ends with ``os._exit``.

    python bench/ends.py --python /path/to/python3.13 [--commands FOLDER ...]

FOLDER holds the ``trace`` and ``link`` of a checkout (its ``.venv/bin``), to compare one with another; the default is
this one's.  Times are processor time, and the commands of a program take turns of five runs each, so that it matters
little what else the machine does.  Needs hyperfine on PATH (Debian: apt-get install hyperfine).
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import uv
from rich.console import Console
from rich.table import Table

COMMANDS = Path(sys.executable).parent
TURN = 5
AT_ONCE = "\nimport posix, sys\nsys.stdout.flush()\nposix._exit(0)\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """What is measured: a script, and what it imports that is not Python's own."""

    name: str
    code: str
    requirements: tuple[str, ...] = ()


PROGRAMS = (
    Program(name="hello", code="print('hello, world')\n"),
    Program(
        name="10 MB of unflushed text",
        code="kept = open('text', 'w', buffering=1 << 24)\nkept._CHUNK_SIZE = 1 << 24\nkept.write('x' * 10**7)\n",
    ),
    Program(name="300,000 objects", code="kept = [{'number': i, 'list': [i]} for i in range(100_000)]\n"),
    Program(name="jinja2, yaml", code="import jinja2, yaml\n", requirements=("jinja2==3.1.6", "pyyaml==6.0.2")),
    Program(name="numpy", code="import numpy\n", requirements=("numpy==2.2.4",)),
    Program(name="numpy, pandas", code="import numpy, pandas\n", requirements=("numpy==2.2.4", "pandas==2.2.3")),
)


def link(program: Program, script: Path, commands: Path, output: Path, *options: str) -> Path:
    """Trace and link; return the binary."""
    wanted = script.with_suffix(".in")
    wanted.write_text("".join(f"{line}\n" for line in program.requirements))
    manifest = output.with_suffix(".manifest")
    requirements: list[str | Path] = ["-r", wanted] if program.requirements else []
    trace: list[str | Path] = [commands / "trace", *requirements, script, "-o", manifest]
    link: list[str | Path] = [commands / "link", manifest, "-o", output, "--no-report", *options]
    for command in (trace, link):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            sys.exit(done.stderr)
    return output


def environment_of(program: Program, python: str, folder: Path) -> str:
    """Install the requirements for the ordinary Python; return the command that runs it with them."""
    site = folder / "site"
    if program.requirements:
        install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", python, "--target", str(site)]
        subprocess.run([*install, *program.requirements], check=True)
    return f"env PYTHONPATH={site} {python}"


def measure(commands: list[str], *, folder: Path, runs: int) -> list[float]:
    """Return the median processor time of each command in ms."""
    times: list[list[float]] = [[] for _ in commands]
    for _ in range(max(1, runs // TURN)):
        with tempfile.NamedTemporaryFile(suffix=".json") as file:
            options = ["--shell=none", "--warmup", "1", "--runs", str(TURN), "--export-json", file.name]
            subprocess.run(["hyperfine", *options, *commands], check=True, cwd=folder, capture_output=True)
            for own, result in zip(times, json.load(file)["results"], strict=True):
                own.append(result["user"] + result["system"])
    return [statistics.median(own) * 1000 for own in times]


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="python3", help="the ordinary Python to compare with")
    parser.add_argument("--commands", action="append", type=Path, metavar="FOLDER")
    parser.add_argument("--runs", type=int, default=50)
    parser.add_argument("--program", action="append", help="only this one, by a part of its name")
    arguments = parser.parse_args()
    if shutil.which("hyperfine") is None:
        sys.exit("error: hyperfine is not on PATH; on Debian: apt-get install hyperfine")
    table = Table("program", "run by", "whole, ms", "its end, ms")
    for program in PROGRAMS:
        if arguments.program and not any(part in program.name for part in arguments.program):
            continue
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            scripts = [folder / "whole.py", folder / "at_once.py"]
            for script, ending in zip(scripts, ("", AT_ONCE), strict=True):
                script.write_text(program.code + ending)
            rows = {}
            for number, commands in enumerate(arguments.commands or [COMMANDS]):
                at_once = link(program, scripts[1], commands, folder / f"at_once{number}")
                for kind, options in (("", ()), (" --full-finalize", ("--full-finalize",))):
                    whole = link(program, scripts[0], commands, folder / f"whole{number}{kind[3:7]}", *options)
                    rows[f"{commands}{kind}"] = (str(whole), str(at_once))
            ordinary = environment_of(program, arguments.python, folder)
            rows[arguments.python] = (f"{ordinary} {scripts[0]}", f"{ordinary} {scripts[1]}")
            times = measure([command for row in rows.values() for command in row], folder=folder, runs=arguments.runs)
            for number, label in enumerate(rows):
                whole_ms, at_once_ms = times[2 * number : 2 * number + 2]
                table.add_row(program.name, label, f"{whole_ms:.1f}", f"{whole_ms - at_once_ms:.1f}")
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
