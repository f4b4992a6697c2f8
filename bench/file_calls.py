"""What the file tree in the executable costs: calls on ordinary paths, and on paths of the tree, beside other Pythons.

    python bench/file_calls.py [--python /path/to/python3.13]

The peer without the tree is the pack's target interpreter: the same CPython and C library, calls not wrapped.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.table import Table

COMMANDS = Path(sys.executable).parent
SCRIPT = """
import json, os, statistics, sys, tempfile, timeit

def read(path):
    with open(path, "rb") as file:
        return file.read()

own = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data")
results = {}
with tempfile.TemporaryDirectory() as folder:
    for name in ("small", "large", "text"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(read(os.path.join(own, name)))
    for where, base in (("ordinary path", folder), ("own data", own)):
        small, large, text = (os.path.join(base, name) for name in ("small", "large", "text"))
        calls = {
            "stat": lambda: os.stat(small),
            "stat, missing": lambda: os.path.exists(small + "x"),
            "listdir": lambda: os.listdir(base),
            "open, read 100 B": lambda: read(small),
            "open, read 1 MB": lambda: read(large),
            "open, read 1 MB of text": lambda: read(text),
        }
        for name, call in calls.items():
            number = 20 if "MB" in name else 2000
            times = timeit.repeat(call, number=number, repeat=9)
            results[f"{where}: {name}"] = statistics.median(times) / number * 1e6
json.dump(results, sys.stdout)
"""


def make(folder: Path) -> tuple[Path, Path]:
    """Write the program with its data, and link it; return (binary, script)."""
    script, binary, data = folder / "calls.py", folder / "calls", folder / "data"
    script.write_text(SCRIPT)
    data.mkdir()
    (data / "small").write_bytes(bytes(100))
    # Bytes that do not shrink, and text that does and is stored compressed.
    (data / "large").write_bytes(bytes((i * i * 2654435761 >> 13) & 0xFF for i in range(1_000_000)))
    (data / "text").write_text("".join(f'{{"number": {i}, "square": {i * i}}}\n' for i in range(26_000))[:1_000_000])
    subprocess.run([COMMANDS / "trace", script, "-o", folder / "calls.manifest", "--include-data", data], check=True)
    subprocess.run([COMMANDS / "link", folder / "calls.manifest", "-o", binary, "--no-report"], check=True)
    return binary, script


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="one more Python to compare with")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        binary, script = make(Path(name))
        commands: dict[str, list[str | Path]] = {
            "binary": [binary],
            "target interpreter": [COMMANDS / "castiron", "runtime", "python", "--", script],
        }
        if arguments.python:
            commands[Path(arguments.python).name] = [arguments.python, script]
        results = {
            label: json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
            for label, command in commands.items()
        }
    table = Table("microseconds, median", *results)
    for row in results["binary"]:
        table.add_row(row, *(f"{result[row]:.2f}" for result in results.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
