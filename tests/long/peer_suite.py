"""``python -m tests.long.peer_suite FOLDER --reference PYTHON [FILE ...]``: PyInstaller's tests in binaries.

Its source distribution is downloaded from the package index (``peer_suite.toml`` has version and hash); nothing of it
is part of this project.  Each program of its functional tests is traced with the options that the test gives
PyInstaller, linked and run; and it runs under a copy of ``PYTHON``, a CPython 3.13, which is copied because tests write
to it.  A FILE is one of the tests' files, ``test_basic``; all, if none is named.  ``FOLDER`` keeps outcomes: what is
there does not run again.

Prints a line for each test that does not pass, and a table: pass; fails alike under CPython; refused by ``trace`` or
``link`` with a message; told, if a warning names what is missing; SILENT, if nothing did.  Exits with 1 if any is
silent.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement

from castiron_common.cache import cache_root
from tests.support.linking import COMMANDS

DATA = Path(__file__).with_suffix(".toml")
LIMIT = 3600
"""Seconds for one file of tests in one form."""
WORDS = ("pass", "alike", "refused", "told", "SILENT", "inapplicable", "skipped")


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """What is in FOLDER."""

    folder: Path

    @property
    def sources(self) -> Path:
        return self.folder / "sources"

    @property
    def python(self) -> Path:
        """The copy of the reference interpreter's whole installation."""
        return self.folder / "python"

    @property
    def environment(self) -> Path:
        """Tests run in it, and `trace` takes its versions."""
        return self.folder / "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one test fared."""

    test: str
    word: str
    detail: str


def prepare(places: Places, reference: Path, data: dict[str, Any]) -> None:
    """Download the tests, copy the interpreter and install what they want, unless that is there."""
    ready = places.folder / "ready"
    if ready.exists():
        return
    places.folder.mkdir(parents=True, exist_ok=True)
    version = data["source"]["version"]
    if not places.sources.exists():
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
        subprocess.run([*pip, "-d", str(places.folder), f"pyinstaller=={version}"], check=True)
        archive = places.folder / f"pyinstaller-{version}.tar.gz"
        found = hashlib.sha256(archive.read_bytes()).hexdigest()
        if found != data["source"]["sha256"]:
            raise SystemExit(f"{archive.name} has the SHA-256 {found}, but {data['source']['sha256']} is expected")
        with tarfile.open(archive) as file:
            file.extractall(places.folder, filter="data")
        (places.folder / f"pyinstaller-{version}").rename(places.sources)
    asked = [str(reference), "-c", "import sys; print(sys.base_prefix)"]
    base = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    if not places.python.exists():
        shutil.copytree(base, places.python, symlinks=True)
    subprocess.run([places.python / "bin" / "python3.13", "-m", "venv", places.environment], check=True)
    wanted = places.folder / "wanted.txt"
    # What is asked for beside its files replaces what these say of the same distribution.
    own = [re.escape(Requirement(line).name) for line in data["source"]["with"]]
    lines = requirements(places.sources / "tests", [*data["source"]["without"], *own])
    wanted.write_text("".join(f"{line}\n" for line in lines))
    words = [str(places.environment / "bin" / "python"), "-m", "pip", "install", "-q", "-r", str(wanted)]
    subprocess.run([*words, *data["source"]["with"], f"pyinstaller=={version}"], check=True)
    ready.touch()


def requirements(folder: Path, without: list[str]) -> list[str]:
    """Return the lines of the suite's files of requirements, but for the distributions whose names match."""
    lines = []
    for path in sorted(folder.glob("requirements-*.txt")):
        for line in path.read_text().splitlines():
            name = re.match(r"[\w.-]+", line)
            if name and not line.startswith("-") and not any(re.fullmatch(item, name[0]) for item in without):
                lines.append(line)
    return lines


def outcomes(
    places: Places, mode: str, file: str, data: dict[str, Any], *, only: list[str] | None = None, matching: str = ""
) -> dict[str, dict[str, Any]]:
    """Run one file of tests in one form, ``binary`` or ``reference``; return each test's outcome.

    Without ``only`` all of them, or those ``matching`` an expression of pytest.
    """
    work = places.folder / f"{file}.{mode}"
    log = places.folder / f"{file}.{mode}.jsonl"
    done = _read(log)
    home = places.folder / "home"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "CASTIRON_CACHE": str(cache_root().parent)}
    settings = places.folder / f"{file}.{mode}.settings"
    settings.write_text(
        json.dumps(
            {
                "mode": mode,
                "options": data["options"],
                "inapplicable": data["inapplicable"],
                "commands": str(COMMANDS),
                "environment": environment,
                "outcomes": str(log),
                "done": sorted(done),
                "only": only,
            }
        )
    )
    plugin = Path(__file__).parent / "plugins"
    given = {
        **{name: value for name, value in os.environ.items() if name != "VIRTUAL_ENV"},
        "HOME": str(home),
        "LD_LIBRARY_PATH": str(places.python / "lib"),  # not the library of the interpreter that was copied
        "PEER_SUITE_SETTINGS": str(settings),
        "PYTHONPATH": str(plugin),
    }
    words = ["-m", "pytest", "-q", "-p", "peer_suite_plugin", "--basetemp", str(work), "-o", "addopts=-p no:legacypath"]
    words.append("--runxfail")  # what PyInstaller cannot do is no measure
    words += ["-k", matching] if matching else []
    with (places.folder / f"{file}.{mode}.log").open("w") as output:
        subprocess.run(
            [places.environment / "bin" / "python", *words, f"tests/functional/{file}.py"],
            cwd=places.sources,
            env=given,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            timeout=LIMIT,
            check=False,
        )
    shutil.rmtree(work, ignore_errors=True)
    return _read(log)


def _read(log: Path) -> dict[str, dict[str, Any]]:
    lines = log.read_text().splitlines() if log.exists() else []
    return {record["test"]: record for record in map(json.loads, lines)}


def judge(test: str, binary: dict[str, Any], usual: dict[str, Any] | None) -> Verdict:
    """Say how a test fared, from its outcome with a binary and the one under the interpreter."""
    outcome = binary["outcome"]
    if outcome in ("inapplicable", "skipped"):
        return Verdict(test=test, word=outcome, detail=binary["detail"])
    if outcome == "passed" and not any(step["step"] == "run" for step in binary["steps"]):
        return Verdict(test=test, word="inapplicable", detail="it runs nothing that is built")
    if outcome == "passed":
        return Verdict(test=test, word="pass", detail="")
    if usual is None:
        raise SystemExit(f"{test} fails, and the reference did not run it: its log says why")
    if usual["outcome"] != "passed":
        return Verdict(test=test, word="alike", detail=usual["detail"])
    messages = "".join(step["messages"] for step in binary["steps"])
    last = binary["steps"][-1] if binary["steps"] else {"step": "none", "status": 0}
    if last["step"] in ("trace", "link") and last["status"]:
        clear = "Traceback" not in messages
        return Verdict(test=test, word="refused" if clear else "SILENT", detail=messages[-600:])
    shown = f"{binary['output']}{binary['detail']}"
    warnings = re.findall(r"^warning (.*)", messages, re.MULTILINE)
    told = sorted(name for name in lacking(shown) if any(_names(line, name) for line in warnings))
    return Verdict(test=test, word="told" if told else "SILENT", detail=f"{told or warnings}\n{shown[-1500:]}")


def lacking(output: str) -> set[str]:
    """Return what a failed program says that it lacks: names of modules, and last parts of files' paths."""
    names = set(re.findall(r"No module named '?([\w.]+)'?", output))
    for pair in re.findall(r"cannot import name '(\w+)' from '([\w.]+)'", output):
        names.add(f"{pair[1]}.{pair[0]}")
    files = r"(?:No such file or directory|Read-only file system): '([^']+)'|cannot open shared object file: '?([^':]+)"
    paths = re.findall(files, output)
    return names | {Path(one or other).name for one, other in paths}


def _names(line: str, name: str) -> bool:
    return re.search(rf"(?<![\w.]){re.escape(name)}(?![\w.]*\w)", line) is not None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("files", nargs="*", help="test_basic, test_import ...")
    parser.add_argument("--reference", type=Path, required=True, help="a CPython 3.13 that is linked against glibc")
    parser.add_argument("-k", dest="matching", default="", help="only the tests that match this expression of pytest")
    options = parser.parse_intermixed_args()
    data = tomllib.loads(DATA.read_text())
    places = Places(folder=options.folder.resolve())
    prepare(places, options.reference, data)
    files = options.files or sorted(path.stem for path in (places.sources / "tests/functional").glob("test_*.py"))
    rows: dict[str, Counter[str]] = {}
    for file in files:
        binary = outcomes(places, "binary", file, data, matching=options.matching)
        failed = [test for test, record in sorted(binary.items()) if record["outcome"] == "failed"]
        usual = outcomes(places, "reference", file, data, only=failed) if failed else {}
        if not binary:
            raise SystemExit(f"no test of {file} ran: {places.folder / file}.binary.log says why")
        rows[file] = Counter()
        for test, record in sorted(binary.items()):
            verdict = judge(test, record, usual.get(test))
            rows[file][verdict.word] += 1
            if verdict.word != "pass":
                detail = " / ".join(verdict.detail.strip().splitlines())
                print(f"    {verdict.test}: {verdict.word}: {detail[-400:]}", flush=True)
    print(f"| tests | {' | '.join(WORDS)} |\n| --- | {' | '.join('--:' for _ in WORDS)} |")
    total: Counter[str] = Counter()
    for file, count in rows.items():
        total += count
        print(f"| {file} | {' | '.join(str(count[word]) for word in WORDS)} |")
    print(f"| all | {' | '.join(str(total[word]) for word in WORDS)} |")
    return int(total["SILENT"] > 0)


if __name__ == "__main__":
    sys.exit(main())
