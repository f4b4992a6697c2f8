"""How fast a linked program starts, against the same program under an ordinary Python: one hyperfine run, one table.

    python bench/start.py --python /path/to/python3.13 [--binary NAME=FILE:SCRIPT ...]

Needs hyperfine and GNU time on PATH (Debian: apt-get install hyperfine time).  Without --binary it links a hello world.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

from memory import memory_of, require_time

COMMANDS = Path(sys.executable).parent
HELLO = "print('hello, world')\n"


def link_hello(folder: Path) -> tuple[Path, Path]:
    """Trace and link a hello world; return (binary, script)."""
    script, binary = folder / "hello.py", folder / "hello"
    script.write_text(HELLO)
    subprocess.run([COMMANDS / "trace", script, "-o", folder / "hello.manifest"], check=True)
    subprocess.run([COMMANDS / "link", folder / "hello.manifest", "-o", binary], check=True, stderr=subprocess.DEVNULL)
    return binary, script


def measure(commands: list[str], runs: int) -> list[dict[str, float]]:
    """Return hyperfine's result for each command, all measured in one call."""
    with tempfile.NamedTemporaryFile(suffix=".json") as file:
        options = ["--shell=none", "--warmup", "5", "--runs", str(runs), "--export-json", file.name]
        subprocess.run(["hyperfine", *options, *commands], check=True, stdout=subprocess.DEVNULL)
        results: list[dict[str, float]] = json.load(file)["results"]
        return results


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", default="python3", help="the ordinary Python to compare with")
    parser.add_argument("--runs", type=int, default=60)
    parser.add_argument("--binary", action="append", default=[], metavar="NAME=FILE:SCRIPT")
    arguments = parser.parse_args()
    if shutil.which("hyperfine") is None:
        sys.exit("error: hyperfine is not on PATH; on Debian: apt-get install hyperfine")
    require_time()
    with tempfile.TemporaryDirectory() as folder:
        pairs = {}
        for given in arguments.binary:
            name, _, files = given.partition("=")
            binary, _, script = files.partition(":")
            pairs[name] = (Path(binary), Path(script))
        if not pairs:
            pairs["hello"] = link_hello(Path(folder))
        table = Table("program", "command", "median ms", "ratio", "min ms", "peak MB", "page faults", "size MB")
        for name, (binary, script) in pairs.items():
            commands = [f"{binary}", f"{arguments.python} {script}", f"{arguments.python} -I -S {script}"]
            results = measure(commands, arguments.runs)
            usual = results[1]["median"]
            for label, command, result in zip(("binary", "python", "python -I -S"), commands, results, strict=True):
                used = memory_of(shlex.split(command))
                size = f"{binary.stat().st_size / 1e6:.2f}" if command == str(binary) else ""
                table.add_row(
                    name,
                    label,
                    f"{result['median'] * 1e3:.1f}",
                    f"{result['median'] / usual:.2f}",
                    f"{result['min'] * 1e3:.1f}",
                    f"{used.peak / 1e6:.1f}",
                    str(used.faults),
                    size,
                )
        Console().print(table)


if __name__ == "__main__":
    main()
