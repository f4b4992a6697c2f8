"""How fast linked programs compute: pyperformance's programs in binaries and under ordinary Pythons; one table.

    python bench/throughput.py --python NAME=/path/to/python3.13 [--castiron NAME=FOLDER ...] [PROGRAM ...]

A PROGRAM is a benchmark of pyperformance, by the name that ``--list`` prints; without any, all that need nothing but
pyperf are measured.  Each becomes a binary by ``trace`` and ``link``, of this Castiron or of those whose commands lie
in the FOLDERs (``OTHER/.venv/bin``).  All sides run the same file with the same versions of what it imports, as worker
processes of pyperf, with the number of loops that was found once, under the first Python.  The sides take turns: in
each round all of them run once, and a measurement is the median of all values of all rounds.  A ratio is time by that
of the first Python: below 1 is faster.

Times are processor time, which says something on a machine that does other things, too; ``--clock wall`` takes pyperf's
own clock.  Binaries are kept in ``--work`` and made again only if that is asked for.
"""

from __future__ import annotations

import argparse
import ast
import json
import math
import shutil
import statistics
import sys
import tempfile
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import uv
from rich.console import Console
from rich.table import Table

from sides import FailedError, Side, add_options, linked, run, sides_of

PYPERFORMANCE, PYPERF = "pyperformance==1.14.0", "pyperf==2.11.0"
CLOCK = "import time; time.perf_counter = time.process_time\n"
"""Put before a program's own code: pyperf and all benchmarks take ``time.perf_counter`` as their clock."""
LEFT_OUT = {
    "bm_2to3": "lib2to3 is not in CPython 3.13",
    "bm_concurrent_imap": "its work is done by child processes, whose time its own clock does not see",
    "bm_hg_startup": "pyperformance itself leaves it out",
    "bm_python_startup": "it starts sys.executable, not the program; bench/start.py measures starts",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """A program with the options of one of its variants."""

    name: str
    source: Path
    """The folder in pyperformance."""
    options: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """One function that a benchmark measures: its place among them, and how often it is called for one value."""

    name: str
    task: int
    loops: int
    values: dict[str, list[float]] = field(default_factory=dict)
    """Of each side, in seconds a call."""


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", metavar="PROGRAM")
    add_options(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--values", type=int, default=3, help="a process gives as many, after one that is not counted")
    parser.add_argument("--clock", choices=["processor", "wall"], default="processor")
    parser.add_argument("--work", type=Path, metavar="FOLDER", help="keeps programs and binaries (default: temporary)")
    parser.add_argument("--again", action="store_true", help="make the binaries again")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all values, too")
    parser.add_argument("--list", action="store_true", help="print the names of the programs, and end")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="throughput-") as folder:
        work = given.work.resolve() if given.work else Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        programs = pyperformance(work)
        if given.list:
            print("\n".join(sorted(program.name for program in programs)))
            return
        sides = sides_of(given, parser)
        if unknown := set(given.programs) - {program.name for program in programs}:
            parser.error(f"no such program: {', '.join(sorted(unknown))}; --list prints the names")
        if given.programs:
            wanted = [program for program in programs if program.name in given.programs]
        else:
            wanted = [program for program in programs if not (program.source / "requirements.txt").is_file()]
        measured: list[Measurement] = []
        left_out = []
        for program in wanted:
            print(f"{program.name} ...", file=sys.stderr, flush=True)
            try:
                measured += measure(program, sides, work, given)
            except FailedError as error:
                left_out.append(program.name)
                print(f"{program.name} is left out: {error}", file=sys.stderr)
        if given.json:
            values = {measurement.name: measurement.values for measurement in measured}
            given.json.write_text(json.dumps(values, indent=1, sort_keys=True) + "\n")
        Console(width=max(100, 40 + 18 * len(sides))).print(table(measured, sides))
        if left_out:
            sys.exit(f"error: left out, as they failed (above): {', '.join(left_out)}")


def pyperformance(work: Path) -> list[Benchmark]:
    """Fetch pyperformance, once; return its benchmarks and their variants, but for those that `LEFT_OUT` names."""
    home = work / "pyperformance"
    if not home.is_dir():
        run([uv.find_uv_bin(), "pip", "install", "-q", "--no-deps", "--target", str(home), PYPERFORMANCE], work)
    found = []
    for file in sorted(home.glob("pyperformance/data-files/benchmarks/bm_*/*.toml")):
        tool = tomllib.loads(file.read_text())["tool"]["pyperformance"]
        if file.parent.name not in LEFT_OUT:
            options = tuple(tool.get("extra_opts", ()))
            found.append(Benchmark(name=tool["name"], source=file.parent, options=options))
    return found


def measure(program: Benchmark, sides: list[Side], work: Path, given: argparse.Namespace) -> list[Measurement]:
    """Measure one program on all sides; raises FailedError if one of them cannot run it."""
    project = prepare(program, work, given.clock)
    commands = {side.name: command_of(side, project, given) for side in sides}
    calibrated = worker([*commands[sides[0].name], *program.options, "--calibrate-loops", "-w", "0", "-n", "1"], work)
    found = [Measurement(name=name, task=task, loops=loops) for task, (name, loops, _values) in enumerate(calibrated)]
    for _round in range(given.rounds):
        for one in found:
            options = ["--loops", str(one.loops), "--worker-task", str(one.task), "-w", "1", "-n", str(given.values)]
            for side, command in commands.items():
                ((_name, _loops, values),) = worker([*command, *program.options, *options], work)
                one.values.setdefault(side, []).extend(values)
    return found


def prepare(program: Benchmark, work: Path, clock: str) -> Path:
    """Return a copy of a program's folder, whose ``run_benchmark.py`` uses the wanted clock."""
    project = work / f"{program.source.name}-{clock}"
    if not project.is_dir():
        shutil.copytree(program.source, project)
        file = project / "run_benchmark.py"
        if clock == "processor":
            text = file.read_text()
            first = ast.parse(text).body
            futures = [node for node in first if isinstance(node, ast.ImportFrom) and node.module == "__future__"]
            line = futures[-1].end_lineno or 0 if futures else 0
            lines = text.splitlines(keepends=True)
            file.write_text("".join([*lines[:line], CLOCK, *lines[line:]]))
        needed = project / "requirements.txt"
        own = needed.read_text() if needed.is_file() else ""
        needed.write_text(f"{PYPERF}\n{own}")
    return project


def command_of(side: Side, project: Path, given: argparse.Namespace) -> list[str]:
    """Return the command that runs a program on one side, with what it needs installed or linked."""
    if side.python:
        site = project / f"site-{side.name}"
        if not site.is_dir():
            install = [uv.find_uv_bin(), "pip", "install", "-q", "--python", side.python, "--target", str(site)]
            run([*install, "-r", "requirements.txt"], project)
        return ["env", f"PYTHONPATH={site}", side.python, str(project / "run_benchmark.py")]
    options = ["-r", "requirements.txt"]
    return [str(linked(side, project, "run_benchmark.py", trace=options, link=given.link, again=given.again))]


def worker(command: list[str], work: Path) -> list[tuple[str, int, list[float]]]:
    """Run a worker process of pyperf; return (name, loops, values in seconds) of each of its measurements."""
    output = work / "values.json"
    output.unlink(missing_ok=True)
    run([*command, "--worker", "--quiet", "--output", str(output)], work)
    benchmarks = json.loads(output.read_text())
    common = benchmarks.get("metadata", {})
    found = []
    for benchmark in benchmarks["benchmarks"]:
        (one,) = benchmark["runs"]
        metadata = common | benchmark.get("metadata", {}) | one.get("metadata", {})
        found.append((metadata["name"], metadata["loops"], one.get("values", [])))
    return found


def table(measured: list[Measurement], sides: list[Side]) -> Table:
    """Return the table: a row a measurement, and the geometric means."""
    usual, *others = (side.name for side in sides)
    shown = Table("measurement", f"{usual} ms", *(column for name in others for column in (f"{name} ms", "ratio")))
    for column in shown.columns[1:]:
        column.justify = "right"
    ratios: dict[str, list[float]] = {name: [] for name in others}
    for one in measured:
        base = statistics.median(one.values[usual])
        cells = [one.name, f"{base * 1e3:.4g}"]
        for name in others:
            own = statistics.median(one.values[name])
            ratios[name].append(own / base)
            cells += [f"{own * 1e3:.4g}", f"{own / base:.3f}"]
        shown.add_row(*cells)
    if measured:
        shown.add_section()
        means = [f"{math.exp(statistics.mean(map(math.log, ratios[name]))):.3f}" for name in others]
        shown.add_row(f"geometric mean of {len(measured)}", "", *(cell for mean in means for cell in ("", mean)))
        shown.add_row("worst", "", *(cell for name in others for cell in ("", f"{max(ratios[name]):.3f}")))
    return shown


if __name__ == "__main__":
    main()
