"""``python -m tests.long.programs [NAME ...]``: real programs, traced with default options as a stranger would.

``tests/long/programs/`` names them: what is asked of the package index (no versions: today's), how each is started, and
what it is given.  Each is traced and linked; the binary does what the same distributions do under the target's own
interpreter, or it does not.  That interpreter is linked against musl: what has wheels for glibc alone is compared with
a CPython of this machine (``--python``), and differs also by what CPython has changed between its version and the
pack's.  Prints a line for each: equal, refused (by ``trace`` or ``link``, with the message that its table expects),
told (it differs, and a warning of ``trace`` names what is missing), REFUSED (which no table expects), UNCLEAR, DIFFERS,
TOO LONG (a command exceeded its limit of time), or no reference (CPython could not be tried). Exits with 1 if any is
none of the first three.

A program whose entry is ``.`` is a project that is built: its ``pyproject.toml`` has one script, or the table names it
(``command``).

``shipped`` names a source distribution (``pinned``) that the program is part of: a ``folder`` of it is the project
(``only`` these parts of it), and ``inputs`` are put into the folder that the program runs in. Nothing of it is stored
here. Files that the table itself has are added: what the project's manual tells to write.
"""

from __future__ import annotations

import argparse
import difflib
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pexpect
import uv

from castiron_common.errors import CastironError
from castiron_common.progress import SilentReporter
from castiron_manifest.reader import read_manifest
from castiron_runtime.packs import interpreter, open_pack
from castiron_wheels.install import installation_prefix
from castiron_wheels.requirements import from_files
from castiron_wheels.resolve import resolve
from tests.support.application import Application, runs_of
from tests.support.linking import command
from tests.support.running import Did, Place, perform
from tests.support.source_distributions import Shipped, put
from tests.support.targets import TARGET, target_for

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

_TIMES = (
    (r"\b\d+\.\d+ ?(s|ms|seconds)\b", "DURATION"),
    (r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d([.,]\d+)?", "TIME"),
)
"""What differs from run to run in all of them."""
FOLDER = Path(__file__).with_name("programs")
_INPUTS = "inputs"
"""What a source distribution has for the folder of each run, beside that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One table of one file in ``programs/``."""

    application: Application
    kind: str
    requires: tuple[str, ...]
    sources: tuple[tuple[str, str], ...]
    """Files of its own: path and text."""
    work: tuple[tuple[str, str], ...]
    """Files in the folder it runs in."""
    shipped: Shipped | None
    """The distribution it is part of."""
    command: str
    """The console script of a project that is built, if its ``pyproject.toml`` is not in the table."""
    refused: str | None
    """What the message must name, if it is to be refused."""
    told: str | None
    """What a warning must say, if it is to differ because of that."""

    @property
    def script(self) -> str:
        """The console script of a project that is built; empty for other programs."""
        if self.application.entry != (".",) or self.command:
            return self.command
        (script,) = tomllib.loads(dict(self.sources)["pyproject.toml"])["project"]["scripts"]
        return str(script)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How one program fared."""

    program: str
    word: str
    detail: str = ""
    warnings: int = 0
    """Lines that ``trace`` printed by default and that are warnings."""
    size: int = 0
    """Bytes of the binary."""


def programs() -> list[Program]:
    """Return all programs, sorted by kind and name; `TypeError` for a key that does not exist."""
    return [
        _program(name, path.stem, table)
        for path in sorted(FOLDER.glob("*.toml"))
        for name, table in sorted(tomllib.loads(path.read_text()).items())
    ]


def _program(name: str, kind: str, table: dict[str, Any]) -> Program:
    files = {key: tuple(table.pop(key, {}).items()) for key in ("app", "work")}
    requires = tuple(table.pop("requires"))
    application = Application(
        name=name,
        what=kind,
        entry=tuple(table.pop("entry")),
        runs=runs_of(table.pop("run")),
        normalise=(*_TIMES, *((pattern, text) for pattern, text in table.pop("normalise", ()))),
    )
    refused, told = table.pop("refused", None), table.pop("told", None)
    shipped, started = table.pop("shipped", None), table.pop("command", "")
    if table:
        raise TypeError(f"{name}: unknown keys {sorted(table)}")
    return Program(
        application=application,
        kind=kind,
        requires=requires,
        sources=files["app"],
        work=files["work"],
        shipped=None if shipped is None else Shipped.of(shipped),
        command=started,
        refused=refused,
        told=told,
    )


def _tried(program: Program, pack: Pack, folder: Path, *, python: Path | None) -> Verdict:
    """Return the verdict on one program, also if a command takes too long or fails, so that the next one is tried."""
    name = program.application.name
    try:
        return try_program(program, pack, folder, python=python)
    except subprocess.TimeoutExpired as error:
        words = " ".join(map(str, error.cmd))
        return Verdict(program=name, word="TOO LONG", detail=f"{error.timeout:.0f} s: {words}")
    except (CastironError, subprocess.CalledProcessError) as error:  # of what the reference is made with
        return Verdict(program=name, word="no reference", detail=str(error))


def try_program(program: Program, pack: Pack, folder: Path, *, python: Path | None) -> Verdict:
    """Trace, link and run one program in ``folder``; ``python`` runs what has wheels for glibc alone."""
    name = program.application.name
    project, linked = folder / "project", folder / "linked" / (program.script or program.application.entry[-1])
    if program.shipped is None:
        project.mkdir()
    else:
        put(program.shipped, target_for(), project=project, inputs=folder / _INPUTS)
    linked.parent.mkdir(parents=True)
    _write(project, program.sources)
    needs = [word for item in program.requires for word in ("--with", item)]
    manifest = folder / "app.manifest"
    traced = command("trace", *needs, "-o", manifest, *program.application.entry, cwd=project)
    warnings = re.findall(r"^(?:warning|error) (.*)", traced.stderr, re.MULTILINE)
    if traced.status:
        return _refusal(program, "trace", traced.stderr, traced.status)
    reference = _reference(program, manifest, linked, project, pack, python)
    if reference is None:
        return Verdict(program=name, word="no reference", detail="has wheels for glibc: give --python")
    place = replace(reference, folder=folder / "run")
    expected = [_perform(program, index, place) for index in range(len(program.application.runs))]
    for given, did in zip(program.application.runs, expected, strict=True):
        missing = [text for text in given.shows if not re.search(text, f"{did.stdout}{did.stderr}{did.files}")]
        if (did.status != given.status or missing) and program.refused:
            told = any(re.search(program.refused, line, re.IGNORECASE) for line in warnings)
            detail = "; ".join(warnings)
            return Verdict(program=name, word="told" if told else "UNCLEAR", detail=detail, warnings=len(warnings))
        if did.status != given.status or missing:
            text = f"status {did.status}, without {missing}: {did.stdout[-300:]}{did.stderr[-600:]}"
            return Verdict(program=name, word="no reference", detail=text, warnings=len(warnings))
    shutil.rmtree(linked)
    done = command("link", manifest, "-o", linked, "--no-report", cwd=project)
    if done.status:
        return _refusal(program, "link", done.stderr, done.status)
    shutil.rmtree(project)
    size = linked.stat().st_size
    names = (
        (f"{linked}/bin/python", "<program>"),
        (f"{linked}/app/{Path(program.application.entry[0]).name}", "<program>"),  # as the reference's script is
        (f"{linked}/app/", "<prefix>/app/"),
        (f"{linked}/", "<prefix>/"),
        (str(linked), "<program>"),
    )
    place = Place(command=(str(linked),), folder=folder / "run", names=names)
    for index, usual in enumerate(expected):
        did = _perform(program, index, place)
        if not program.application.runs[index].stderr and ("Traceback" in did.stderr) == ("Traceback" in usual.stderr):
            did = replace(did, stderr=usual.stderr)
        if did != usual:
            named = any(line.split(":")[0] in did.stderr for line in warnings)
            told = named or any(re.search(program.told, line) for line in warnings if program.told)
            word = "told" if told else "DIFFERS"
            text = f"run {index}\n{_compared(usual, did)}"
            return Verdict(program=name, word=word, detail=text, warnings=len(warnings), size=size)
    return Verdict(program=name, word="equal", detail="; ".join(warnings), warnings=len(warnings), size=size)


def _text(did: Did) -> str:
    return f"status {did.status}\n{did.stdout[-1500:]}\n{did.stderr[-1500:]}\n{str(did.files)[:1500]}"


def _compared(usual: Did, did: Did) -> str:
    """Return what both did, and the lines in which they differ, which may lie far from the end."""
    lines = difflib.unified_diff(_whole(usual), _whole(did), "ordinary", "binary", lineterm="", n=1)
    return "\n".join((*lines, "--- ordinary", _text(usual), "--- binary", _text(did)))


def _whole(did: Did) -> list[str]:
    return [f"status {did.status}", *did.stdout.splitlines(), *did.stderr.splitlines(), *map(str, did.files)]


def _write(folder: Path, files: tuple[tuple[str, str], ...]) -> None:
    for name, text in files:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def _perform(program: Program, index: int, place: Place) -> Did:
    run = program.application.runs[index]
    if not run.keep:
        shutil.rmtree(place.work, ignore_errors=True)
        for name in ("work", "home", "tmp", "programs"):
            (place.folder / name).mkdir(parents=True, exist_ok=True)
        inputs = place.folder.parent / _INPUTS
        if inputs.is_dir():
            shutil.copytree(inputs, place.work, dirs_exist_ok=True)
        _write(place.work, program.work)
    try:
        return perform(program.application, replace(run, keep=True), place)
    except (AssertionError, subprocess.TimeoutExpired, pexpect.ExceptionPexpect) as error:
        return Did(status=-1000, stdout="", stderr=str(error), files=())


def _refusal(program: Program, stage: str, message: str, status: int) -> Verdict:
    text = message[message.rfind("error:") :].strip()
    if "Traceback" in message:
        word = "UNCLEAR"
    elif program.refused is None:
        word = "REFUSED"
    else:
        word = "refused" if re.search(program.refused, message, re.IGNORECASE) else "UNCLEAR"
    return Verdict(program=program.application.name, word=word, detail=f"{stage} {status}: {text}")


def _reference(
    program: Program, manifest: Path, prefix: Path, project: Path, pack: Pack, machine: Path | None
) -> Place | None:
    """Install what the manifest holds for the interpreter to compare with; return what starts the program there.

    None if that is this machine's, which was not given.
    """
    pins = project.parent / "pins.txt"
    distributions = read_manifest(manifest).distributions
    # Also what no import reaches: the ordinary environment has it.
    listed = [item for item in distributions if not item.wheel.embedded]
    requires = [str(project) if item == "." else item for item in program.requires]
    lines = [*requires, *(f"{item.name}=={item.version}" for item in listed)]
    lines += [str(project)] if program.script else []
    pins.write_text("".join(f"{line}\n" for line in lines))
    if any("manylinux" in item.wheel.filename for item in distributions):
        if machine is None:
            return None
        _install_for_machine(machine, pins, prefix)
    else:
        python = interpreter(pack, full=True, reporter=SilentReporter())
        target = target_for()
        chosen = resolve(from_files([pins], target), target, reporter=SilentReporter())
        shutil.copytree(installation_prefix(chosen.wheels, target), prefix)
        (prefix / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n")
        (prefix / "bin").mkdir(exist_ok=True)
        for name in ("python", "python3", f"python{pack.feature}"):
            (prefix / "bin" / name).symlink_to(python)
    first, *rest = program.application.entry
    if first == "-m" and any(project.iterdir()):  # what the current folder is for whoever starts it beside its sources
        (package_path,) = prefix.glob("lib/python*/site-packages")
        (package_path / "own.pth").write_text(f"{project}\n")
    own = (project / first).is_file()
    started = project / first if own else prefix / "bin" / (program.script or first)
    words = [first, *rest] if first == "-m" else [str(started)]
    asked = [str(prefix / "bin" / "python"), "-c", "import sys; print(sys.base_prefix)"]
    base = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    names = (
        (words[-1] if first != "-m" else "<none>", "<program>"),
        (str(prefix / "bin" / "python"), "<program>"),
        (str(project), "<prefix>/app"),
        (f"{prefix}/", "<prefix>/"),
        (f"{base}/", "<prefix>/"),
    )
    return Place(command=(str(prefix / "bin" / "python"), *words), folder=project.parent / "run", names=names)


def _install_for_machine(python: Path, pins: Path, prefix: Path) -> None:
    uv_program = uv.find_uv_bin()
    for words in (
        ["venv", "-q", "--python", python, prefix],
        ["pip", "install", "-q", "--python", prefix / "bin" / "python", "-r", pins],
    ):
        subprocess.run([uv_program, *map(str, words)], check=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*")
    parser.add_argument(
        "--python", type=Path, help="a CPython 3.13 of this machine, for what has wheels for glibc alone"
    )
    parser.add_argument("--details", type=Path, help="a folder for what each differing program did")
    options = parser.parse_args()
    chosen = [item for item in programs() if not options.names or item.application.name in options.names]
    pack = open_pack("3.13", TARGET, reporter=SilentReporter())
    count: Counter[str] = Counter()
    for program in chosen:
        with tempfile.TemporaryDirectory(prefix="programs-") as place:
            verdict = _tried(program, pack, Path(place), python=options.python)
        count[verdict.word] += 1
        first = verdict.detail.splitlines()[0][:150] if verdict.detail else ""
        print(
            f"{program.kind:<12}{verdict.program:<24}{verdict.word:<14}{verdict.size / 1e6:8.1f} MB"
            f"{verdict.warnings:4} warnings  {first}",
            flush=True,
        )
        if options.details and verdict.detail:
            options.details.mkdir(parents=True, exist_ok=True)
            (options.details / f"{verdict.program}.txt").write_text(verdict.detail)
    print(", ".join(f"{number} {word}" for word, number in sorted(count.items())))
    return int(any(word not in ("equal", "refused", "told") for word in count))


if __name__ == "__main__":
    sys.exit(main())
