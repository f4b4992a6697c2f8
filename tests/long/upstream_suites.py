"""``python -m tests.long.upstream_suites FOLDER --reference PYTHON [SUITE[:PART] ...]``: upstream's tests in binaries.

``upstream_suites.toml`` names distributions and which of their tests run: those inside their wheels, as part of the
application, or those of their source distributions, as code from outside that the binary imports from the file system.
Each suite becomes one binary; the reference is the same versions, as wheels for glibc, under an ordinary CPython 3.13
(``--reference``).
Prints a table: tests that ran, passed, failed, were skipped, on both sides, and each test that ended otherwise, with
the explanation that the file has for it.  ``FOLDER`` keeps binaries and outcomes: what is there does not run again.
With ``--only binary`` (or ``reference``) that side alone runs, and what fails there is listed; the other may run later.
Exits with 1 if a difference has no explanation.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from castiron_manifest.reader import read_manifest
from castiron_wheels.uv_client import uv_program
from tests.support.linking import command
from tests.support.source_distributions import unpack_source
from tests.support.targets import target_for

SOURCES = Path(__file__).with_suffix("")
LIMIT = 3600
"""Seconds for one part."""
SIDES = ("binary", "reference")


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """Tests that may end otherwise in a binary."""

    tests: str
    """A regular expression for their whole names."""
    why: str
    ends: str = ""
    """How they end in the binary; if it is empty, in any way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """One table of ``upstream_suites.toml``."""

    name: str
    requires: tuple[str, ...]
    include: tuple[str, ...]
    kind: str
    """As `runner.py` takes it, or ``lines``: a script whose lines are its tests, named before the first colon."""
    parts: dict[str, tuple[str, ...]]
    environment: dict[str, dict[str, str]]
    """By part: variables that its tests ask for."""
    apart: bool
    """Whether each name gets a process of its own."""
    entry: str
    """The application, a file beside `runner.py`."""
    source: SourceTests | None
    """Where the tests are, if not in the wheel."""
    explained: tuple[Explained, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceTests:
    """Tests of a source distribution, for each run in a copy of what they need of it."""

    pinned: str
    """``name==version``, as the application requires it."""
    files: tuple[str, ...]
    """Files and folders of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How one test ended."""

    word: str
    detail: str


def suites() -> list[Suite]:
    """Return all suites; `TypeError` for a key that does not exist."""
    tables = tomllib.loads(SOURCES.with_suffix(".toml").read_text())
    return [_suite(name, table) for name, table in tables.items()]


def _suite(name: str, table: dict[str, Any]) -> Suite:
    prefix = table.pop("prefix", "")
    source = table.pop("source", None)
    pinned = [f"{name}=={source['version']}"] if source else []
    suite = Suite(
        name=name,
        requires=(*pinned, *table.pop("requires", ())),
        include=tuple(table.pop("include", ())),
        kind=table.pop("kind"),
        parts={part: tuple(prefix + item for item in names) for part, names in table.pop("parts", {"all": []}).items()},
        environment=table.pop("environment", {}),
        apart=table.pop("apart", False),
        entry=table.pop("script", "runner.py"),
        source=SourceTests(pinned=pinned[0], files=tuple(source["files"])) if source else None,
        explained=tuple(Explained(**item) for item in table.pop("explained", ())),
    )
    if table:
        raise TypeError(f"{name}: unknown keys {sorted(table)}")
    return suite


def build(suite: Suite, folder: Path) -> Path:
    """Return the suite's binary, linked if it is not there.  Raises `SystemExit` if a stage fails."""
    binary = folder / "binary" / suite.name
    if binary.exists():
        return binary
    project = folder / "project"
    shutil.rmtree(project, ignore_errors=True)
    shutil.copytree(SOURCES, project, ignore=shutil.ignore_patterns("__pycache__"))
    binary.parent.mkdir(exist_ok=True)
    words = [word for item in suite.requires for word in ("--with", item)]
    words += [word for item in suite.include for word in ("--include", item)]
    outside = ["--sys-path", "$ORIGIN/none"] if suite.source else []  # allows imports from outside
    if suite.source:
        words += ["--stdlib", "all"]
    steps: tuple[tuple[str | Path, ...], ...] = (
        ("trace", *words, "-o", folder / "manifest", suite.entry),
        ("link", folder / "manifest", "-o", binary, "--no-report", *outside),
    )
    for stage, *arguments in steps:
        done = command(str(stage), *arguments, cwd=project)
        if done.status:
            raise SystemExit(f"{suite.name}: {stage} failed:\n{done.stderr}")
    return binary


def reference(suite: Suite, folder: Path, python: str) -> Path:
    """Return an interpreter of glibc's with the distributions of the manifest, installed if it is not there."""
    place = folder / "reference"
    ready = place / "ready"
    if not ready.exists():
        shutil.rmtree(place, ignore_errors=True)
        subprocess.run([uv_program(), "venv", "-q", "--python", python, str(place)], check=True)
        pins = [f"{item.name}=={item.version}" for item in read_manifest(folder / "manifest").distributions]
        words = ("pip", "install", "-q", "--only-binary", ":all:", "--python", str(place / "bin" / "python"))
        subprocess.run([uv_program(), *words, *suite.requires, *pins], check=True)
        ready.touch()
    return place / "bin" / "python"


def unpacked(source: SourceTests, folder: Path) -> Path:
    """Return the folder of a source distribution, fetched if it is not there."""
    place, making = folder / "source", folder / "source.making"
    if not place.exists():
        shutil.rmtree(making, ignore_errors=True)
        unpack_source(source.pinned, target_for(), making).rename(place)
    return place


def working_copy(suite: Suite, folder: Path, work: Path) -> None:
    """Make the folder in which tests run anew, with the files that they need."""
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    if suite.source:
        place = unpacked(suite.source, folder)
        for name in suite.source.files:
            target = work / name
            target.parent.mkdir(parents=True, exist_ok=True)
            if (place / name).is_dir():
                shutil.copytree(place / name, target, symlinks=True)
            else:
                shutil.copy(place / name, target)


def outcomes(suite: Suite, part: str, program: tuple[str, ...], file: Path) -> dict[str, Ended]:
    """Return how the tests of one part end with ``program``; they run unless ``file`` has it."""
    if not file.exists():
        making, log, work = (file.with_suffix(suffix) for suffix in (".making", ".log", ".work"))
        making.unlink(missing_ok=True)
        names = suite.parts[part]
        variables = {**os.environ, **suite.environment.get(part, {})}
        with log.open("w") as output:
            for given in [(name,) for name in names] if suite.apart else [names]:
                working_copy(suite, file.parent, work)
                if suite.kind == "lines":
                    with making.open("w") as lines:
                        done = _run(program, work, variables, lines, output)
                else:
                    argv = (*program, suite.kind, str(making.resolve()), *given)
                    done = _run(argv, work, variables, output, output)
                if done:
                    with making.open("a") as ending:
                        ending.write(_line(suite, f"{' '.join(given)[:60]} (process)", "failed", f"status {done}"))
        making.rename(file)
    return read(suite, file)


def _line(suite: Suite, name: str, word: str, detail: str) -> str:
    return f"{name}: {detail}\n" if suite.kind == "lines" else json.dumps([name, word, detail]) + "\n"


def _run(argv: tuple[str, ...], work: Path, variables: dict[str, str], stdout: Any, stderr: Any) -> int:
    try:
        done = subprocess.run(argv, cwd=work, env=variables, stdout=stdout, stderr=stderr, timeout=LIMIT, check=False)
        return done.returncode
    except subprocess.TimeoutExpired:
        return -1000


def read(suite: Suite, file: Path) -> dict[str, Ended]:
    """Return what the file of outcomes says: of what is told of a test several times, the worst."""
    ended: dict[str, Ended] = {}
    for line in file.read_text(encoding="utf-8").splitlines():
        if suite.kind == "lines":
            name, _, text = line.partition(":")
            ended[name] = Ended(word=text.strip(), detail="")
            continue
        name, word, detail = json.loads(line)
        known = ended.get(name)
        if known is None or (word != "started" and known.word != "failed"):
            ended[name] = Ended(word=word, detail=detail)
    return ended


def compare(suite: Suite, part: str, binary: dict[str, Ended], usual: dict[str, Ended]) -> int:
    """Print the row of one part and its differences; return how many have no explanation."""
    nothing = Ended(word="did not run", detail="")
    different = sorted(
        name for name in binary.keys() | usual.keys() if binary.get(name, nothing).word != usual.get(name, nothing).word
    )
    if suite.kind == "lines":
        counts = [f"{len(binary)} lines", f"{len(usual)} lines"]
    else:
        counts = [_counts(binary), _counts(usual)]
    print(f"| {suite.name} | {part} | {counts[0]} | {counts[1]} | {len(different)} |", flush=True)
    unexplained = 0
    if suite.kind != "lines" and not any(item.word == "passed" for item in usual.values()):
        print(f"    UNEXPLAINED: in CPython no test of {part} passed")
        unexplained += 1
    for name in different:
        here, there = binary.get(name, nothing), usual.get(name, nothing)
        fitting = (item for item in suite.explained if item.ends in {"", here.word} and re.fullmatch(item.tests, name))
        why = next((item.why for item in fitting), None)
        unexplained += why is None
        detail = _end_of(here.detail or there.detail)
        print(f"    {name}: {here.word}, in CPython {there.word}: {why or f'UNEXPLAINED: {detail}'}")
    return unexplained


def show(suite: Suite, part: str, ended: dict[str, Ended]) -> None:
    """Print what one side did alone, and each test that failed, or began and never ended."""
    print(f"{suite.name} {part}: {_counts(ended) or f'{len(ended)} lines'}", flush=True)
    for name in sorted(ended):
        if ended[name].word in {"failed", "started"}:
            print(f"    {name}: {ended[name].word}: {_end_of(ended[name].detail)}")


def _end_of(detail: str) -> str:
    return detail.strip().replace("\n", " / ")[-400:]


def _counts(ended: dict[str, Ended]) -> str:
    count = Counter(item.word for item in ended.values())
    return ", ".join(f"{count[word]:,} {word}" for word in ("passed", "failed", "skipped", "started") if count[word])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("names", nargs="*", help="SUITE or SUITE:PART")
    parser.add_argument("--reference", required=True, help="a CPython 3.13 that is linked against glibc")
    parser.add_argument("--only", choices=SIDES, help="run this side alone")
    options = parser.parse_intermixed_args()
    unexplained = 0
    if not options.only:
        print("| suite | part | binary | CPython with glibc | different |\n| --- | --- | --- | --- | --: |")
    for suite in suites():
        for part in suite.parts:
            if options.names and not {suite.name, f"{suite.name}:{part}"} & set(options.names):
                continue
            folder = (options.folder / suite.name).resolve()
            folder.mkdir(parents=True, exist_ok=True)
            binary = build(suite, folder)
            ended = {}
            for side in SIDES if options.only is None else (options.only,):
                program: tuple[str, ...] = (str(binary),)
                if side == "reference":
                    program = (str(reference(suite, folder, options.reference)), str(SOURCES / suite.entry))
                ended[side] = outcomes(suite, part, program, folder / f"{part}.{side}.jsonl")
            if options.only:
                show(suite, part, ended[options.only])
            else:
                unexplained += compare(suite, part, ended["binary"], ended["reference"])
    if options.only:
        return 0
    print(f"{unexplained} differences without an explanation")
    return int(unexplained > 0)


if __name__ == "__main__":
    sys.exit(main())
