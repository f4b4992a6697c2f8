"""A plug-in for pytest that lets PyInstaller's functional tests build with Castiron, or run under the interpreter.

It runs in the environment of these tests, which has nothing of this project: it imports no module of it.  The driver,
`peer_suite`, says what to do in the file of settings that ``PEER_SUITE_SETTINGS`` names.  Each test is one line of JSON
in the file of outcomes.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import pytest

_SETTINGS: dict[str, Any] = json.loads(Path(os.environ["PEER_SUITE_SETTINGS"]).read_text())
_LIMIT = 90.0
"""Seconds for one run of a program."""
_MOST = 60
"""Processes of one run: no test of the suite has more than a dozen."""
_MARK = "PEER_SUITE_RUN"


class NotApplicableError(Exception):
    """A test wants what only PyInstaller has."""


class Kept:
    """What one test has done so far."""

    def __init__(self) -> None:
        self.steps: list[dict[str, Any]] = []


_kept = Kept()


def processes(mark: str) -> list[int]:
    """Return the processes that have a mark in their environment, wherever in the tree they are."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdecimal():
            with contextlib.suppress(OSError):  # it has ended
                if mark.encode() in (folder / "environ").read_bytes():
                    found.append(int(folder.name))
    return found


def end(mark: str) -> None:
    """Kill all processes with a mark, until none is left: one that starts others is faster than one signal."""
    while pids := processes(mark):
        for pid in pids:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(0.02)


def run(words: list[str], *, executable: str, env: dict[str, str], cwd: str) -> int:
    """Run a program in a session of its own; neither its time nor the number of its processes is unlimited.

    Its output goes to that of the test.  Returns its status, or -1000 if a limit ended it.
    """
    mark = uuid.uuid4().hex
    process = subprocess.Popen(
        words,
        executable=executable,
        env={**env, _MARK: mark},
        cwd=cwd,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
    )
    ended = threading.Event()
    stopped = threading.Event()

    def watch() -> None:
        deadline = time.monotonic() + _LIMIT
        while not ended.wait(0.2):
            if time.monotonic() > deadline or len(processes(mark)) > _MOST:
                stopped.set()
                end(mark)

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        status = process.wait()
    finally:
        ended.set()
        watcher.join()
        end(mark)
    return -1000 if stopped.is_set() else status


class Options:
    """What the options that a test gives PyInstaller are for trace and link."""

    def __init__(self, project: Path, at: Path) -> None:
        """Data files are copied into ``project``, to where PyInstaller would have them; ``at`` is the test's folder."""
        self.trace: list[str] = []
        self.link: list[str] = []
        self.paths: list[str] = []
        self.left_out: list[str] = []
        self._project, self._at = project, at
        self._optimize = 0
        self._links: list[tuple[Path, Path]] = []

    def take(self, arguments: list[str]) -> None:
        """Translate all options.  Raises `NotApplicableError`."""
        rest = list(arguments)
        while rest:
            name, _, value = rest.pop(0).partition("=")
            if not name.startswith("--"):
                raise NotApplicableError(f"{name} among the options of PyInstaller")
            if not value and rest and not rest[0].startswith("--"):
                value = rest.pop(0)
            self._one(name, value)
        for link, source in self._links:
            if not link.exists():  # what it leads to does not go in, so its content does
                link.unlink()
                shutil.copy2(source, link)
        if self._optimize:
            self.link += ["--optimize", str(self._optimize)]

    def _one(self, name: str, value: str) -> None:
        known = _SETTINGS["options"].get(name)
        if name in ("--add-data", "--add-binary"):
            source, _, destination = value.rpartition(":")
            self._copy(self._at / source, destination)
        elif name in ("--path", "--paths"):
            self.paths += [str(self._at / path) for path in value.split(os.pathsep)]
        elif name in ("--python", "--python-option") and value == "O":
            self._optimize += 1
        elif name == "--optimize":
            self._optimize = int(value)
        elif known is None:
            raise NotApplicableError(f"the option {name} {value}".strip())
        elif "left-out" in known:
            self.left_out.append(f"{name} {value}: {known['left-out']}")
        else:
            self.trace += [word.format(value) for word in known["trace"]]

    def _copy(self, source: Path, destination: str) -> None:
        items = sorted(source.parent.glob(source.name))
        if not items:
            raise FileNotFoundError(source)
        target = self._project / destination
        for item in items:
            # A folder's content goes to the destination; a folder that a pattern names keeps its name there.
            if item.is_dir():
                into = target if item == source else target / item.name
                shutil.copytree(item, into, symlinks=True, dirs_exist_ok=True)
                named = into.relative_to(self._project)
                self.trace += ["--include-data", str(named)] if named.parts else []
            else:
                target.mkdir(parents=True, exist_ok=True)
                shutil.copy2(item, target, follow_symlinks=False)
                self._links += [(target / item.name, item)] if item.is_symlink() else []
                self.trace += ["--include-data", str(Path(destination, item.name))]


class Builder:
    """What replaces PyInstaller in the fixture `pyi_builder`."""

    def build(self, given: Any, args: list[str]) -> bool:
        """Make the program that the test runs: a binary, or a script that starts the interpreter."""
        if given._is_spec:
            raise NotApplicableError("a spec file")
        script = Path(given.script)
        name = args[args.index("--name") + 1] if "--name" in args else script.stem
        project, output = given._tmp_path / "project", given._dist_dir / name
        shutil.rmtree(project, ignore_errors=True)
        entry = project / script.name
        if script.parent in (given._tmp_path, Path(given._request.path).parent / "scripts"):
            project.mkdir()  # what else is there belongs to other tests
            shutil.copy2(script, entry)
        else:
            shutil.copytree(script.parent, project, symlinks=True)
        if re.search(r"^\s*import (?:\w+, )*os\b", text := entry.read_text("utf-8"), re.MULTILINE):
            # PyInstaller's name for the folder of the application's files, which is that of its script for others.
            entry.write_text(text.replace("sys._MEIPASS", "os.path.dirname(os.path.abspath(__file__))"), "utf-8")
        output.parent.mkdir(parents=True, exist_ok=True)
        options = Options(project, given._tmp_path)
        options.take(args)
        paths = [*options.paths, str(Path(given._request.path).parent / "modules")]
        if _SETTINGS["mode"] == "reference":
            joined = os.pathsep.join(paths)
            output.write_text(
                f"#!/bin/sh\nPYTHONPATH='{joined}' PYTHONDONTWRITEBYTECODE=1 exec '{sys.executable}' '{entry}' \"$@\"\n"
            )
            output.chmod(0o755)
            return True
        for line in options.left_out:
            _kept.steps.append({"step": "left out", "status": 0, "messages": line})
        manifest = given._tmp_path / "app.manifest"
        trace = [word for path in paths for word in ("--path", path)]
        trace += [*options.trace, "--host-python", sys.executable, "-o", str(manifest), str(entry)]
        link = [*options.link, "--no-report", str(manifest), "-o", str(output)]
        for stage, words in (("trace", trace), ("link", link)):
            done = subprocess.run(
                [_SETTINGS["commands"] + "/" + stage, *words],
                cwd=project,
                env=_SETTINGS["environment"],
                capture_output=True,
                text=True,
                check=False,
            )
            _kept.steps.append({"step": stage, "status": done.returncode, "messages": done.stderr, "words": words})
            if done.returncode:
                return False
        return True


def pytest_configure(config: pytest.Config) -> None:
    """Take PyInstaller's place in the class of its fixture."""
    given: Any = importlib.import_module("PyInstaller.utils.conftest")
    builder = Builder()

    def started(_self: Any, args: list[str], exe_path: str, prog_env: dict[str, str], prog_cwd: str) -> int:
        status = run(args, executable=str(exe_path), env=dict(prog_env), cwd=prog_cwd)
        _kept.steps.append({"step": "run", "status": status, "messages": ""})
        return status

    def examined(_self: Any, _exe: str, _toc: str) -> bool:
        raise NotApplicableError("a list of the archive's entries")

    given.AppBuilder._test_building = _building(builder)
    given.AppBuilder._run_executable_ = started
    given.AppBuilder._examine_executable = examined
    given.initialize_modgraph = lambda *_: None


def _building(builder: Builder) -> Any:
    def building(self: Any, args: list[str]) -> bool:
        return builder.build(self, args)

    return building


def reason(node: str) -> str | None:
    """Return why a test does not apply."""
    for item in _SETTINGS["inapplicable"]:
        if re.fullmatch(item["tests"], node):
            return str(item["why"])
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the second of PyInstaller's two forms, and what does not apply."""
    names = {item.nodeid for item in items}
    chosen = []
    for item in items:
        if (
            re.sub("onedir", "onefile", item.nodeid) != item.nodeid
            and item.nodeid.replace("onedir", "onefile") in names
        ):
            continue
        node = item.nodeid.rpartition("/")[2]
        why = reason(node)
        if why and node not in _SETTINGS["done"]:
            _write(node, {"outcome": "inapplicable", "detail": why, "steps": [], "output": ""})
        elif not why and node not in _SETTINGS["done"] and (_SETTINGS["only"] is None or node in _SETTINGS["only"]):
            chosen.append(item)
    items[:] = chosen


def _write(node: str, record: dict[str, Any]) -> None:
    with Path(_SETTINGS["outcomes"]).open("a") as file:
        file.write(json.dumps({"test": node, **record}) + "\n")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> Any:
    """Forget what the test before has done."""
    _kept.steps.clear()
    return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Write down how the test ended."""
    report = yield
    if call.when == "call" or (call.when == "setup" and report.outcome != "passed"):
        outcome, detail = report.outcome, ""
        if call.excinfo is not None:
            detail = str(call.excinfo.value)
            if call.excinfo.errisinstance(NotApplicableError):
                outcome = "inapplicable"
        if outcome == "skipped":
            detail = str(call.excinfo.value) if call.excinfo else ""
        output = "".join(text for _, text in report.sections)[-4000:]
        node = item.nodeid.rpartition("/")[2]
        _write(node, {"outcome": outcome, "detail": detail[-800:], "steps": list(_kept.steps), "output": output})
    return report
