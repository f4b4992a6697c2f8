"""Finds anew which functions run while a program starts: ``python -m tests.long.start_functions``.

Two programs are linked and run by Valgrind's callgrind, which tells the functions by the symbols that ``link
--symbols`` writes: one that does nothing, and one that imports much of the standard library.  Run it when start-up has
changed, or for a new series of CPython.  Needs Valgrind (Debian: ``apt-get install valgrind``).
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from castiron_common.progress import SilentReporter
from castiron_link.function_order import function_order
from castiron_runtime.packs import open_pack, stub_archive
from castiron_runtime.start_functions import FILE
from castiron_runtime.target_files import defaults
from tests.support.linking import COMMANDS
from tests.support.targets import TARGET

PROGRAMS = (
    "print('hello')\n",
    """
import argparse, asyncio, collections, concurrent.futures, contextlib, csv, dataclasses, datetime, decimal
import email.message, enum, functools, hashlib, http.client, importlib.metadata, inspect, io, json
import logging.config, os, pathlib, random, re, shutil, socket, sqlite3, ssl, string, struct, subprocess
import tempfile, threading, traceback, typing, unittest, urllib.request, uuid, xml.etree.ElementTree, zipfile
print(json.dumps({"a": [1, 2.5, None]}), re.sub("a+", "b", "caat"))
""",
)
_NAMED = re.compile(r"^c?fn=\(\d+\) ([A-Za-z_][\w.$]*)(?:'\d+)?$", re.MULTILINE)
"""Source: Valgrind's manual, "Callgrind Format Specification": a name follows its number once; 'N marks recursion."""


def main() -> int:
    if shutil.which("valgrind") is None:
        print("error: Valgrind finds the functions; on Debian: apt-get install valgrind", file=sys.stderr)
        return 9
    quiet = SilentReporter()
    pack = open_pack(defaults().python, TARGET, reporter=quiet)
    ordered = set(function_order(pack, stub_archive(pack, reporter=quiet), reporter=quiet).read_text().split())
    groups: list[set[str]] = []
    for program in PROGRAMS:
        groups.append((functions_run_by(program) & ordered).difference(*groups))
        print(f"{len(groups[-1])} functions")
    FILE.write_text("\n".join("".join(f"{name}\n" for name in sorted(group)) for group in groups))
    return 0


def functions_run_by(program: str) -> set[str]:
    """Return the names of all functions that the executable of a program runs."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        (work / "app.py").write_text(program)
        subprocess.run([COMMANDS / "trace", "app.py", "-o", "app.manifest"], cwd=work, check=True)
        subprocess.run([COMMANDS / "link", "app.manifest", "-o", "app", "--symbols", "app.debug"], cwd=work, check=True)
        counts = work / "counts"
        subprocess.run(
            ["valgrind", "-q", "--tool=callgrind", f"--callgrind-out-file={counts}", "./app"], cwd=work, check=True
        )
        return set(_NAMED.findall(counts.read_text()))


if __name__ == "__main__":
    sys.exit(main())
