"""Functional cases: small programs, each run under the target's interpreter and as a binary, which must do the same.

A case is one text file of ``tests/functional/cases``: a line that says what it tries, settings (``key: value``), and
files, each after a line ``-- path --`` (the format of Go's ``txtar``).  Files below ``dists/NAME-VERSION/`` are
those of a distribution that the program requires; its ``METADATA`` and ``entry_points.txt`` may be among them.

==================== ==========================================================================================
setting              meaning
==================== ==========================================================================================
``entry``            what is traced, and run by the interpreter; ``app.py`` if there is none
``options``          further options of `trace`
``requires``         distributions from an index
``unnamed``          ``yes``: the distributions are in a virtual environment, and no file says what is required
``refused``          text of the message with which `trace` must end
``host-path``        folders that the interpreter has on ``sys.path`` in addition
``encode``           a file and the encoding that it is written in
``environment``      variables (``NAME=value``) for the binary
``links``            symbolic links among the files: ``path->target``
``archive``          a zip archive, and the folder whose files go into it (and are no files of the case then)
``series``           series of CPython that the case is for; all if there are none
``quick``            ``yes`` for the choice that every run of the tests makes
==================== ==========================================================================================
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import uv

from tests.support.linking import Outcome, command, run

if TYPE_CHECKING:
    from collections.abc import Mapping

CASES = Path(__file__).parents[1] / "functional" / "cases"
_FILE = re.compile(r"^-- (.+) --\n", re.MULTILINE)
_SETTINGS = frozenset(
    {
        "entry",
        "options",
        "requires",
        "unnamed",
        "refused",
        "host-path",
        "encode",
        "environment",
        "links",
        "archive",
        "series",
        "quick",
    }
)
SECONDS = 120
"""For one run."""
_START = """
import site, sys
sys.path.remove({start!r})
site.addsitedir({site!r})
"""
"""What the interpreter runs first: the folder of distributions is one as an installer makes it, with ``.pth`` files."""
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    name: str
    purpose: str
    settings: Mapping[str, str]
    files: Mapping[str, str]

    def words(self, key: str) -> list[str]:
        """Return the words of a setting; none if it is not there."""
        return self.settings.get(key, "").split()

    @property
    def entry(self) -> list[str]:
        """What is traced."""
        return self.words("entry") or ["app.py"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    name: str
    outcome: str
    """``equal``, ``refused`` (as the case wants it), or ``failing``."""
    message: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


def read_case(path: Path) -> Case:
    """Read one file; `ValueError` names what it should not have."""
    head, *rest = _FILE.split(path.read_text(encoding="utf-8"))
    purpose, *lines = head.splitlines() or [""]
    settings: dict[str, str] = {}
    for line in lines:
        key, colon, value = line.partition(":")
        if not colon or key not in _SETTINGS:
            raise ValueError(f"{path.name}: {line!r} is no setting")
        settings[key] = value.strip()
    if not purpose or not rest:
        raise ValueError(f"{path.name}: the first line does not say what it tries, or it has no files")
    files = dict(zip(rest[::2], rest[1::2], strict=True))
    return Case(name=path.stem, purpose=purpose, settings=settings, files=files)


def all_cases(series: str) -> list[Case]:
    """Return the cases for one series of CPython, by name."""
    cases = [read_case(path) for path in sorted(CASES.glob("*.txt"))]
    return [case for case in cases if series in (case.words("series") or [series])]


def run_case(case: Case, folder: Path, *, python: Path, series: str) -> Result:
    """Trace, link and run one case below ``folder``; ``python`` is the target's interpreter."""
    app, site, wheels = folder / "app", folder / "site", folder / "wheels"
    _write(case, app)
    requirements = [*case.words("requires"), *_make_wheels(app / "dists", wheels)]
    traced = _trace(case, app, requirements, series=series)
    if "refused" in case.settings:
        if traced.status and case.settings["refused"] in traced.stderr and "Traceback" not in traced.stderr:
            return Result(name=case.name, outcome="refused")
        return Result(name=case.name, outcome="failing", message=f"not refused:\n{traced.stderr}")
    if traced.status:
        return Result(name=case.name, outcome="failing", message=f"trace:\n{traced.stderr}")
    linked = command("link", "m", "-o", folder / "alone" / "program", "--no-report", cwd=app)
    if linked.status:
        return Result(name=case.name, outcome="failing", message=f"link:\n{linked.stderr}")
    _install(requirements, site, series)
    try:
        wanted = _run_interpreted(case, app, site, python=python, cwd=folder / "cwd")
        got = _run_binary(case, folder / "alone" / "program", cwd=folder / "cwd", series=series)
    except subprocess.TimeoutExpired as error:
        return Result(name=case.name, outcome="failing", message=str(error))
    same = (wanted.status, wanted.stdout) == (got.status, got.stdout)
    parts = {"wanted": wanted.stdout, "got": got.stdout, "wanted error": wanted.stderr, "got error": got.stderr}
    message = "" if same else f"status {wanted.status}, of the binary {got.status}"
    return Result(name=case.name, outcome="equal" if same else "failing", message=message, parts=parts)


def _write(case: Case, folder: Path) -> None:
    """Write the files of a case."""
    file, _, encoding = case.settings.get("encode", "").partition(" ")
    for name, text in case.files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name == file:
            path.write_bytes(text.encode("latin-1") if encoding == "raw" else text.encode(encoding))
        else:
            path.write_text(text, encoding="utf-8")
    for link in case.words("links"):
        name, _, target = link.partition("->")
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    if archive := case.words("archive"):
        name, content = archive
        with zipfile.ZipFile(folder / name, "w") as made:
            for path in sorted((folder / content).rglob("*.*")):
                made.write(path, path.relative_to(folder / content))
        shutil.rmtree(folder / content)
    for place in ("alone", "cwd", "wheels"):
        (folder.parent / place).mkdir(exist_ok=True)


def _make_wheels(dists: Path, wheels: Path) -> list[str]:
    """Make a wheel of each folder; return them as requirements."""
    made = []
    for source in sorted(dists.iterdir()) if dists.is_dir() else ():
        name, _, version = source.name.rpartition("-")
        name = name.replace("-", "_")
        info = f"{name}-{version}.dist-info"
        files = {path.relative_to(source).as_posix(): path.read_bytes() for path in source.rglob("*") if path.is_file()}
        for own in ("METADATA", "entry_points.txt"):
            if own in files:
                files[f"{info}/{own}"] = files.pop(own)
        written = f"Metadata-Version: 2.1\nName: {source.name.rpartition('-')[0]}\nVersion: {version}\n"
        files.setdefault(f"{info}/METADATA", written.encode())
        files[f"{info}/WHEEL"] = b"Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        record = "".join(f"{path},{_digest(data)},{len(data)}\n" for path, data in sorted(files.items()))
        files[f"{info}/RECORD"] = f"{record}{info}/RECORD,,\n".encode()
        wheel = wheels / f"{name}-{version}-py3-none-any.whl"
        with zipfile.ZipFile(wheel, "w") as archive:
            for path, data in sorted(files.items()):
                archive.writestr(path, data)
        made.append(str(wheel))
    shutil.rmtree(dists, ignore_errors=True)
    return made


def _digest(data: bytes) -> str:
    return "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def _trace(case: Case, app: Path, requirements: list[str], *, series: str) -> Outcome:
    options = case.words("options")
    if "unnamed" in case.settings:
        venv = app.parent / "venv"
        subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", sys.executable, str(venv)], check=True)
        pip = [uv.find_uv_bin(), "pip", "install", "-q", "--python", str(venv / "bin/python"), *requirements]
        subprocess.run(pip, check=True)
        options += ["--host-python", str(venv)]
    elif requirements:
        listed = app.parent / "requirements.txt"
        listed.write_text("".join(f"{line}\n" for line in requirements))
        options += ["-r", str(listed)]
    return command("trace", *options, "--python", series, "-o", "m", *case.entry, cwd=app)


def _install(requirements: list[str], site: Path, series: str) -> None:
    site.mkdir()
    start = site.parent / "start"
    start.mkdir()
    (start / "sitecustomize.py").write_text(_START.format(start=str(start), site=str(site)), encoding="utf-8")
    if requirements:
        # What is pure Python only: wheels of another libc than the target's would not load.
        options = ["-q", "--target", str(site), "--python-version", series]
        argv = [uv.find_uv_bin(), "pip", "install", *options, *requirements]
        subprocess.run(argv, check=True)


def _run_interpreted(case: Case, app: Path, site: Path, *, python: Path, cwd: Path) -> Outcome:
    entry = case.entry
    argv: list[str | Path]
    if entry[0] == "-m":
        argv = [python, *entry]
    elif ":" in entry[0]:
        module, _, function = entry[0].partition(":")
        argv = [python, "-c", f"import sys, {module}; sys.exit({module}.{function}())"]
    elif not (app / entry[0]).is_file():
        argv = [python, site / "bin" / entry[0]]
    else:
        argv = [python, app / entry[0]]
    places = [
        *([app] if entry[0] == "-m" or ":" in entry[0] else []),
        *(app / p for p in case.words("host-path")),
        site.parent / "start",
    ]
    environment = {"PYTHONPATH": os.pathsep.join(map(str, places)), "PYTHONDONTWRITEBYTECODE": "1"}
    done = run([*argv, "one", "two"], cwd=cwd, env=_environment(cwd, environment), timeout=SECONDS)
    library = python.parents[1] / "lib"
    names = [(str(site), "<site>"), (str(app), "<app>")]
    names += [(str(path), "<lib>") for path in sorted(library.glob("python3.*"))]
    return _normal(done, names)


def _run_binary(case: Case, program: Path, *, cwd: Path, series: str) -> Outcome:
    given = dict(item.split("=", 1) for item in case.words("environment"))
    done = run([program, "one", "two"], cwd=cwd, env=_environment(cwd, given), timeout=SECONDS)
    library = f"{program}/lib/python{series}"
    return _normal(done, [(f"{library}/site-packages", "<site>"), (library, "<lib>"), (f"{program}/app", "<app>")])


def _environment(cwd: Path, more: Mapping[str, str]) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(cwd), "TMPDIR": str(cwd), **more}


def _normal(done: Outcome, names: list[tuple[str, str]]) -> Outcome:
    """Replace folders by names, and addresses."""
    text = done.stdout
    for path, name in names:
        text = text.replace(path, name)
    return Outcome(status=done.status, stdout=_ADDRESS.sub("0x0", text), stderr=done.stderr)
