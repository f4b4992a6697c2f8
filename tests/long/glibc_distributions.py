"""``python -m tests.long.glibc_distributions FOLDER --reference PYTHON [NAME ...]``: wheels for glibc, one by one.

``glibc_distributions.toml`` has a program for each distribution.  It is traced and linked with default options; the
binary runs in an empty folder and prints what the same versions print under an ordinary CPython 3.13 (``--reference``),
or it does not.  Prints a row for each: equal, refused (with the message), or differs.  ``FOLDER`` keeps the rows: what
is there is not made again.  Exits with 1 if any differs.
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from castiron_common.files import atomic_write
from castiron_manifest.reader import read_manifest
from castiron_wheels.uv_client import uv_program
from tests.support.linking import Outcome, command, run

LIMIT = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One table of ``glibc_distributions.toml``."""

    name: str
    requires: tuple[str, ...]
    script: str
    refused: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """How one program fared."""

    name: str
    word: str
    wheels: str = ""
    """The distributions whose wheels for glibc it got, with versions."""
    size: int = 0
    """Bytes of the binary."""
    link_time: float = 0
    """Processor time of `link` in seconds, which may find absorbed objects in its cache."""
    detail: str = ""


def programs() -> list[Program]:
    """Return all programs; `TypeError` for a key that does not exist."""
    tables = tomllib.loads(Path(__file__).with_suffix(".toml").read_text())
    return [
        Program(name=name, requires=tuple(table.pop("requires", (name,))), **table) for name, table in tables.items()
    ]


def fared(program: Program, folder: Path, python: str) -> Row:
    """Trace, link and run one program in ``folder``."""
    folder.mkdir(parents=True)
    (folder / "app.py").write_text(program.script)
    words = [word for item in program.requires for word in ("--with", item)]
    for stage, *arguments in (
        ("trace", *words, "-o", "app.m", "app.py"),
        ("link", "app.m", "-o", "app", "--no-report"),
    ):
        before = _processor_time()
        done = command(stage, *arguments, cwd=folder)
        used = _processor_time() - before
        if done.status:
            text = done.stderr[max(0, done.stderr.rfind("error")) :].strip()
            clear = "Traceback" not in done.stderr and program.refused and re.search(program.refused, text)
            return Row(name=program.name, word="refused" if clear else "REFUSED", detail=f"{stage}: {text}")
    manifest = read_manifest(folder / "app.m")
    versions = {item.name: item.version for item in manifest.distributions}
    owners = sorted({item.distribution for item in manifest.natives if item.libc == "glibc"})
    wheels = ", ".join(f"{name} {versions.get(name, '')}" for name in owners)
    pins = [*program.requires, *(f"{name}=={version}" for name, version in versions.items())]
    uv = [uv_program(), "pip", "install", "-q", "--only-binary", ":all:", "--python", "usual/bin/python"]
    for words in ([uv_program(), "venv", "-q", "--python", python, "usual"], [*uv, *pins]):
        subprocess.run(words, cwd=folder, check=True)
    here = _ran([str(folder / "app")], folder / "here")
    there = _ran([str(folder / "usual/bin/python"), str(folder / "app.py")], folder / "there")
    row = Row(name=program.name, word="equal", wheels=wheels, size=(folder / "app").stat().st_size, link_time=used)
    if there.status:
        return replace(row, word="NO REFERENCE", detail=there.stderr[-400:])
    if (here.status, here.stdout) == (0, there.stdout):
        return row
    detail = f"status {here.status}: {here.stdout[-400:]}{here.stderr[-500:]} -- {there.stdout[-400:]}"
    return replace(row, word="DIFFERS", detail=detail)


def _processor_time() -> float:
    """Return what the processes that this one has waited for have used, in seconds."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _ran(argv: list[str], folder: Path) -> Outcome:
    folder.mkdir()
    try:
        return run(argv, cwd=folder, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return Outcome(status=-1000, stdout="", stderr=f"not done after {LIMIT} s")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--reference", required=True, help="a CPython 3.13 that is linked against glibc")
    options = parser.parse_intermixed_args()
    count: Counter[str] = Counter()
    print("| program | result | wheels for glibc | MB | link, s |\n| --- | --- | --- | --: | --: |")
    for program in programs():
        if options.names and program.name not in options.names:
            continue
        folder = (options.folder / program.name).resolve()
        known = options.folder / f"{program.name}.json"
        if not known.exists():
            shutil.rmtree(folder, ignore_errors=True)
            row = fared(program, folder, options.reference)
            with atomic_write(known) as file:
                file.write(json.dumps(asdict(row)).encode())
            shutil.rmtree(folder)
        row = Row(**json.loads(known.read_text()))
        count[row.word] += 1
        detail = " ".join(row.detail.split())[:300]
        print(
            f"| {row.name} | {row.word} | {row.wheels} | {row.size / 1e6:.0f} | {row.link_time:.1f} | {detail}",
            flush=True,
        )
    print(", ".join(f"{number} {word}" for word, number in sorted(count.items())))
    return int(any(word not in ("equal", "refused") for word in count))


if __name__ == "__main__":
    sys.exit(main())
