"""Real applications do as a static binary what they do under ordinary CPython."""

from __future__ import annotations

import difflib
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import uv

from castiron_common.cache import cache_root, folder_entry, usable
from castiron_common.files import link_or_copy, sha256_bytes
from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter
from castiron_wheels.install import installation_prefix
from castiron_wheels.requirements import from_files
from castiron_wheels.resolve import resolve
from tests.support.application import FOLDER, applications, load
from tests.support.linking import command, run
from tests.support.running import Did, Place, perform
from tests.support.targets import target_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_runtime.model import Pack
    from tests.support.application import Application

pytestmark = [pytest.mark.integration, pytest.mark.network]

TARGET = target_for()


@pytest.mark.parametrize("application", applications(), ids=lambda application: application.name)
def test_same(application: Application, tmp_path: Path, pack: Pack) -> None:
    # The name is part of the path of the runs' TMPDIR, which must be short: of one of 77 to 79 bytes multiprocessing
    # believes that its fork server's address fits into it (sun_path, 108 bytes), and is wrong by the length of a name.
    project = tmp_path / "app"
    project.mkdir()
    if (application.folder / "app").is_dir():
        shutil.copytree(application.folder / "app", project, dirs_exist_ok=True)
    folder = tmp_path / "run"
    # The ordinary environment is where the binary will be, so that paths of both are the same.
    place = tmp_path / "linked" / application.entry[-1]
    usual = reference(application, place, project, folder, pack)
    with bytecode_kept(application, place, pack):
        expected = [perform(application, given, usual) for given in application.runs]
    for given, did in zip(application.runs, expected, strict=True):
        missing = [pattern for pattern in given.shows if not re.search(pattern, f"{did.stdout}{did.stderr}{did.files}")]
        assert (did.status, missing) == (given.status, []), f"{given.argv}\n{did.stdout}\n{did.stderr}"
    shutil.rmtree(place)
    binary = trace_and_link(application, project, place)
    # From here on the binary is alone: neither the sources nor the environment that it was traced from are there.
    shutil.rmtree(project)
    script = [(f"{binary}/app/{application.entry[0]}", "<program>")] if application.script else []
    names = (*script, (f"{binary}/", "<prefix>/"), (str(binary), "<program>"))
    linked = Place(command=(str(binary),), folder=folder, names=names)
    for given, usually in zip(application.runs, expected, strict=True):
        did = perform(application, given, linked)
        if not given.stderr:
            assert ("Traceback" in did.stderr) == ("Traceback" in usually.stderr), did.stderr
            did = replace(did, stderr=usually.stderr)
        assert did == usually, f"{given.argv}\n{difference(usually, did)}"


@contextmanager
def bytecode_kept(application: Application, prefix: Path, pack: Pack) -> Iterator[None]:
    """Give an environment the bytecode that runs in one like it have left, else keep what these runs leave.

    To compile what an application imports takes Python longer than the runs themselves.  It compares each file's time
    and size, so what is of another file is compiled anew, and corrects the paths in bytecode that was moved.
    """
    made_of = "\0".join((application.lock.read_text(), application.reference, pack.id, sys.version))
    entry = cache_root() / "tests" / f"own-bytecode-{sha256_bytes(made_of.encode())[:32]}"
    if usable(entry):
        shutil.copytree(entry, prefix, dirs_exist_ok=True, copy_function=link_or_copy)
    yield
    folder_entry(entry, lambda making: _copy_bytecode(prefix, making))


def _copy_bytecode(prefix: Path, folder: Path) -> None:
    for path in prefix.rglob("__pycache__/*.pyc"):
        if "-pytest-" in path.name:
            continue  # pytest's own bytecode, unlike Python's, keeps the paths of where it was made
        copy = folder / path.relative_to(prefix)
        copy.parent.mkdir(parents=True, exist_ok=True)
        link_or_copy(str(path), str(copy))


def difference(expected: Did, actual: Did) -> str:
    """Return what a person wants to see of two outcomes that are not the same."""
    shown = []
    for did in (expected, actual):
        files = did.files if expected.status == actual.status else ()
        parts = [("stdout", did.stdout), ("stderr", did.stderr), *files]
        lines = [f"{name}: {line}" for name, text in parts for line in text.splitlines()]
        shown.append([f"status: {did.status}", *lines])
    return "\n".join(difflib.unified_diff(shown[0], shown[1], "ordinary", "binary", lineterm="", n=1))


def trace_and_link(application: Application, project: Path, binary: Path) -> Path:
    """Trace and link as a user would; return the binary."""
    shutil.copyfile(application.lock, project / "requirements.txt")
    manifest = binary.with_name("app.manifest")
    options: list[str | Path] = [*application.options, "-r", "requirements.txt", "-o", manifest]
    binary.parent.mkdir(exist_ok=True)
    traced = command("trace", *options, *application.entry, cwd=project)
    assert traced.status == 0, traced.stderr
    linked = command("link", manifest, "-o", binary, *application.link_options, cwd=project)
    assert linked.status == 0, linked.stderr
    unknown = re.findall(
        r"^ *error: (.*?): Its license is unknown",
        binary.with_name(f"{binary.name}.licenses.txt").read_text(),
        re.MULTILINE,
    )
    assert sorted(set(unknown)) == sorted(application.unlicensed)
    return binary


def reference(application: Application, prefix: Path, project: Path, folder: Path, pack: Pack) -> Place:
    """Install the same versions as an ordinary environment; return what starts the application there."""
    prefix.parent.mkdir()
    if application.reference == "host":
        python = _host_environment(application, prefix)
    else:
        python = _target_environment(application, prefix, pack)
    first, *rest = application.entry
    if first == "-m":
        words = [first, *rest]
    elif application.script:
        words = [str(project / first)]
    else:
        words = [str(prefix / "bin" / first)]
    asked = [str(python), "-c", "import sys; print(sys.base_prefix)"]
    base = subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()
    names = (
        (words[-1] if first != "-m" else "<none>", "<program>"),
        (f"{project}/", "<prefix>/app/"),
        (f"{prefix}/", "<prefix>/"),
        (f"{base}/", "<prefix>/"),
    )
    # What `trace` is told with --path and --include.
    env = (("PYTHONPATH", str(project)),) if "--path" in application.options else ()
    return Place(command=(str(python), *words), folder=folder, env=env, names=names)


def _host_environment(application: Application, venv: Path) -> Path:
    tool = uv.find_uv_bin()
    subprocess.run([tool, "venv", "--quiet", "--python", sys.executable, str(venv)], check=True)
    install = [tool, "pip", "install", "--quiet", "--python", str(venv / "bin/python"), "-r", str(application.lock)]
    subprocess.run(install, check=True)
    return venv / "bin/python"


def _target_environment(application: Application, venv: Path, pack: Pack) -> Path:
    """Make a virtual environment of the target's own interpreter: the same files that ``trace`` looks at."""
    python = interpreter(pack, full=True, reporter=SilentReporter())
    chosen = resolve(from_files([application.lock], TARGET), TARGET, reporter=SilentReporter())
    # Links, as thousands of files take seconds to copy; bytecode gets folders of its own, and the rest is read-only.
    shutil.copytree(installation_prefix(chosen.wheels, TARGET), venv, copy_function=link_or_copy)
    (venv / "pyvenv.cfg").write_text(f"home = {python.parent}\ninclude-system-site-packages = false\n")
    (venv / "bin").mkdir(exist_ok=True)
    for name in ("python", "python3", "python3.13"):
        (venv / "bin" / name).symlink_to(python)
    return venv / "bin/python"


def test_httpie_asks_a_server_whose_certificate_it_verifies(server: int, tmp_path: Path, pack: Pack) -> None:
    del pack
    project = tmp_path / "app"
    project.mkdir()
    binary = trace_and_link(load(FOLDER / "http"), project, tmp_path / "linked" / "http")
    url = f"https://localhost:{server}/"
    answered = run([binary, "--ignore-stdin", "--body", "--verify", "ca.pem", url], cwd=tmp_path)
    assert (answered.status, answered.stdout.strip()) == (0, "secured"), answered.stderr
    refused = run([binary, "--ignore-stdin", url], cwd=tmp_path)
    assert refused.status == 1
    assert "CERTIFICATE_VERIFY_FAILED" in refused.stderr
