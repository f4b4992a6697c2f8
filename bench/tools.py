"""How much processor time the commands take: trace and link, of several applications, in turns; one table.

    python bench/tools.py [--than FOLDER] [--rounds N] [--distributions N] [PROGRAM ...]

A program is ``hello``, ``numpy`` or ``pandas``; ``--distributions`` adds one that imports as many small distributions,
of four modules each.  Everything is done once before, so that the caches are filled.  ``--than`` names the folder with
the commands of another Castiron (``OTHER/.venv/bin``): hyperfine runs both in each round, one after the
other, and the ratio is that of their medians.  Processor time, in user mode and in the system, is that of a command and
of all its children: unlike the time on the wall, it tells something on a machine that is busy with other things, too.
With ``--than`` it is also checked whether both give the same bytes.

The commands may keep bytecode of their own modules, as those that pip installed do.  Needs hyperfine on PATH (Debian:
apt-get install hyperfine).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console
from rich.table import Table

COMMANDS = Path(sys.executable).parent
PROGRAMS = {
    "hello": "print('hello, world')\n",
    "numpy": "# /// script\n# dependencies = ['numpy']\n# ///\nimport numpy\nprint(numpy.arange(3).sum())\n",
    "pandas": "# /// script\n# dependencies = ['numpy', 'pandas']\n# ///\nimport numpy, pandas\n"
    "print(pandas.DataFrame({'x': numpy.arange(3)}).sum())\n",
}
MODULES = 4
"""Of each synthetic distribution, with the package itself."""


@dataclass(slots=True, kw_only=True)
class Times:
    """What one command of one Castiron took, round by round, in seconds."""

    processor: list[float] = field(default_factory=list)
    wall: list[float] = field(default_factory=list)
    sha256: str = ""
    """Of what it wrote."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help=f"of {', '.join(PROGRAMS)}; all by default")
    parser.add_argument("--than", type=Path, metavar="FOLDER", help="commands of the Castiron to compare with")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--distributions", type=int, default=0, metavar="N")
    given = parser.parse_args()
    if shutil.which("hyperfine") is None:
        sys.exit("error: hyperfine is not on PATH; on Debian: apt-get install hyperfine")
    sides = [COMMANDS, *([given.than.resolve()] if given.than else [])]
    table = Table(
        "program", "command", "processor s", "wall s", *(["other's s", "ratio", "same bytes"] if given.than else [])
    )
    with tempfile.TemporaryDirectory(prefix="tools-") as folder:
        for name in given.programs or PROGRAMS:
            project = Path(folder, name)
            project.mkdir()
            (project / "app.py").write_text(PROGRAMS[name])
            measure(table, name, project, sides, given.rounds)
        if given.distributions:
            project = Path(folder, "distributions")
            project.mkdir()
            synthetic(project, given.distributions)
            measure(table, f"{given.distributions} distributions", project, sides, given.rounds)
    Console().print(table)


def measure(table: Table, name: str, project: Path, sides: list[Path], rounds: int) -> None:
    """Add the rows of one program."""
    requirements = ["-r", "requirements.txt"] if (project / "requirements.txt").is_file() else []
    commands = {
        "trace": [*requirements, "app.py", "-o", "app.manifest"],
        "link again": ["app.manifest", "-o", "app"],
    }
    times = {(what, side): Times() for what in commands for side in sides}
    for turn in range(rounds + 1):
        for side in sides:
            lines = [shlex.join([str(side / what.partition(" ")[0]), *words]) for what, words in commands.items()]
            for (what, words), (processor, wall) in zip(commands.items(), run(lines, project), strict=True):
                took = times[what, side]
                if turn:  # the first fills the caches
                    took.processor.append(processor)
                    took.wall.append(wall)
                took.sha256 = hashlib.sha256((project / words[-1]).read_bytes()).hexdigest()
    for what in commands:
        ours, *others = (times[what, side] for side in sides)
        cells = [name, what, f"{statistics.median(ours.processor):.2f}", f"{statistics.median(ours.wall):.2f}"]
        for other in others:
            usual = statistics.median(other.processor)
            cells += [f"{usual:.2f}", f"{statistics.median(ours.processor) / usual:.2f}"]
            cells.append("yes" if ours.sha256 == other.sha256 else "NO")
        table.add_row(*cells)


def run(commands: list[str], folder: Path) -> list[tuple[float, float]]:
    """Return (processor time, time on the wall) of commands with their children; raises SystemExit if one fails."""
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        hyperfine = ["hyperfine", "--shell=none", "--runs", "1", "--export-json", file.name, *commands]
        done = subprocess.run(hyperfine, cwd=folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{' '.join(hyperfine)}: {done.stderr or done.stdout}")
        results = json.load(file)["results"]
    return [(result["user"] + result["system"], result["median"]) for result in results]


def synthetic(project: Path, count: int) -> None:
    """Make an application that imports ``count`` distributions of `MODULES` modules; wheels lie beside it."""
    wheels = project / "wheels"
    wheels.mkdir()
    names = [f"synthetic{number:04}" for number in range(count)]
    for name in names:
        others = [f"part{number}" for number in range(1, MODULES)]
        files = {f"{name}/__init__.py": "".join(f"from {name} import {other}\n" for other in others)}
        files |= {f"{name}/{other}.py": "import json\n" for other in others}
        info = f"{name}-1.0.dist-info"
        files[f"{info}/METADATA"] = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\nLicense: MIT\n"
        files[f"{info}/WHEEL"] = "Wheel-Version: 1.0\nGenerator: bench\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        files[f"{info}/RECORD"] = "".join(f"{file},,\n" for file in [*files, f"{info}/RECORD"])
        with zipfile.ZipFile(wheels / f"{name}-1.0-py3-none-any.whl", "w") as wheel:
            for file, text in files.items():
                wheel.writestr(zipfile.ZipInfo(file), text)
    (project / "requirements.txt").write_text("".join(f"./wheels/{name}-1.0-py3-none-any.whl\n" for name in names))
    (project / "app.py").write_text("".join(f"import {name}\n" for name in names))


if __name__ == "__main__":
    main()
