"""Bad inputs: each gives one message with what to do, and its class's exit code; never a traceback."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from castiron_common.errors import (
    CastironError,
    DependencyError,
    EntryError,
    InputError,
    ModuleMissingError,
    NativeError,
    OutputError,
    RunError,
    UsageError,
)
from castiron_common.progress import SilentReporter
from castiron_manifest.model import Severity
from castiron_trace import cli, driver, observe
from castiron_trace.driver import trace
from castiron_trace.entry import resolve_plan
from castiron_trace.model import NO_SITE
from castiron_trace.stdlib_graph import stdlib_graph
from tests.support import needs
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write

if TYPE_CHECKING:
    from castiron_trace.model import TargetPython


@dataclass(frozen=True)
class Case:
    """One bad input."""

    error: type[CastironError]
    message: str
    """A part of the message."""
    application: str = "app.py"
    files: dict[str, str | bytes] = field(default_factory=dict)
    more: dict[str, object] = field(default_factory=dict)


SCRIPTS = '[project]\nname = "p"\nversion = "1"\n[project.scripts]\none = "p:a"\ntwo = "p:b"\n'

CASES = {
    "no such file": Case(InputError, "There is no file"),
    "no such file in a folder": Case(InputError, "There is no file", application="sub/app"),
    "an empty name": Case(UsageError, "No application", application=""),
    "a folder without a project": Case(
        EntryError, "folder without a project", application="folder", files={"folder/x.txt": ""}
    ),
    "a project with two scripts": Case(
        EntryError, "has 2 scripts: one, two", application="./folder", files={"folder/pyproject.toml": SCRIPTS}
    ),
    "a project without the chosen script": Case(
        EntryError, "has no script 'three'", application="./folder", files={"folder/pyproject.toml": SCRIPTS},
        more={"entry": "three"},
    ),
    "a script of what is no project": Case(
        UsageError, "no folder of one", files={"app.py": ""}, more={"entry": "one"},
    ),
    "an extra of what is no project": Case(
        UsageError, "extras are those of a project", files={"app.py": ""}, more={"extras": ("x",)},
    ),
    "a function of a file": Case(
        EntryError, "is a file, not a module", application="app.py:main", files={"app.py": ""}
    ),
    "a name that is not UTF-8": Case(
        InputError, "is not valid UTF-8", application=os.fsdecode(b"n\xff.py"), files={os.fsdecode(b"n\xff.py"): ""},
    ),
    "a project without scripts": Case(
        EntryError, "no [project.scripts]", application="./folder",
        files={"folder/pyproject.toml": '[project]\nname = "p"\nversion = "1"\n'},
    ),
    "a project with broken TOML": Case(
        InputError, "cannot be read as TOML", application="./folder", files={"folder/pyproject.toml": "[project\n"}
    ),
    "a syntax error": Case(InputError, "app.py:2: ", files={"app.py": "x = 1\ndef f(:\n"}),
    "a syntax error in an own module": Case(
        InputError, "a.py:1: ", files={"app.py": "import a", "a.py": "print 'x'\n"}
    ),
    "bytes that are no text": Case(InputError, "app.py:", files={"app.py": b"x = '\xff\xfe'\n"}),
    "a binary file": Case(EntryError, "binary file", files={"app.py": b"\0\1\2"}),
    "a compiled program": Case(EntryError, "compiled program", application="./app", files={"app": b"\x7fELF\2\1\1"}),
    "a shell script": Case(EntryError, "script for /bin/sh", application="./app", files={"app": "#!/bin/sh\nls\n"}),
    "an unknown module": Case(
        EntryError, "There is no module nowhere", application="nowhere", more={"as_module": True}
    ),
    "a module's name that is none": Case(
        EntryError, "not the name of a module", application="a-b", more={"as_module": True}
    ),
    "an own module that is not there": Case(
        EntryError, "There is no module pkg.gone", application="pkg.gone", files={"pkg/__init__.py": ""},
        more={"as_module": True},
    ),
    "a package that cannot be run": Case(
        EntryError, "without a __main__", application="pkg", files={"pkg/__init__.py": ""}, more={"as_module": True}
    ),
    "an unknown command": Case(EntryError, "no file nowhere-cmd", application="nowhere-cmd"),
    "an ambiguous name": Case(
        EntryError, "ambiguous: it names the file one and the command one", application="one",
        files={"one": "#!/usr/bin/env python3\n", "pyproject.toml": SCRIPTS},
    ),
    "a function that is not there": Case(
        EntryError, "app defines no start", application="app:start", files={"app.py": "def main(): pass\n"}
    ),
    "a function's module that is not there": Case(
        EntryError, "There is no module app.x", application="app.x:main", files={"app.py": ""}
    ),
    "a name of no kind": Case(EntryError, "no command can have that name", application="a b?"),
    "broken script metadata": Case(
        InputError, "not valid TOML", files={"app.py": "# /// script\n# dependencies = [\n# ///\n"}
    ),
    "two script blocks": Case(
        InputError, "2 script blocks", files={"app.py": 2 * "# /// script\n# x = 1\n# ///\n\n"}
    ),
    "dependencies that are no list": Case(
        InputError, "not a list of strings", files={"app.py": '# /// script\n# dependencies = "x"\n# ///\n'}
    ),
    "no requirements file": Case(
        InputError, "There is no file", files={"app.py": ""}, more={"requirements": (Path("r.txt"),)}
    ),
    "a broken requirement": Case(
        InputError, "r.txt", files={"app.py": "", "r.txt": "a ==== 1\n"}, more={"requirements": (Path("r.txt"),)}
    ),
    "no such environment": Case(InputError, "There is no", files={"app.py": ""}, more={"environment": Path("venv")}),
    "an environment without an interpreter": Case(
        InputError, "not a virtual environment", files={"app.py": "", "venv/x": ""}, more={"environment": Path("venv")}
    ),
    "an unknown module to include": Case(
        ModuleMissingError, "no module nowhere", files={"app.py": ""}, more={"include": ("nowhere",)}
    ),
    "no data to include": Case(
        InputError, "there is no data.txt", files={"app.py": ""}, more={"include_data": (Path("data.txt"),)}
    ),
    "no folder to search": Case(InputError, "There is no folder", files={"app.py": ""}, more={"paths": (Path("lib"),)}),
    "a program's name with a folder": Case(
        UsageError, "cannot be the name of a program", files={"app.py": ""}, more={"name": "bin/app"}
    ),
    "an own compiled module": Case(
        NativeError, "app.py:1 imports fast", files={"app.py": "import fast", "fast.abi3.so": b"\x7fELF"}
    ),
    "an import that leads nowhere": Case(
        ModuleMissingError, "app.py:2 imports surely_nowhere", files={"app.py": "\nimport surely_nowhere\n"}
    ),
    "tkinter": Case(ModuleMissingError, "app.py:1 imports tkinter, which", files={"app.py": "import tkinter\n"}),
    "turtle, which imports tkinter": Case(
        ModuleMissingError, "app.py:1 imports turtle, which", files={"app.py": "import turtle\n"}
    ),
    "GNU dbm": Case(ModuleMissingError, "app.py:1 imports dbm.gnu, which", files={"app.py": "from dbm import gnu\n"}),
    "IDLE": Case(ModuleMissingError, "it is the editor", files={"app.py": "import idlelib.run\n"}),
    "CPython's tests": Case(ModuleMissingError, "own tests", files={"app.py": "from test import support\n"}),
    "a script for another Python": Case(
        DependencyError, "requires Python <3.12, but the target is Python 3.13",
        files={"app.py": "# /// script\n# requires-python = '<3.12'\n# ///\n"},
    ),
    "another system's module": Case(ModuleMissingError, "on other systems", files={"app.py": "import winreg\n"}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_bad_inputs(name: str, tmp_path: Path, python: TargetPython) -> None:
    case = CASES[name]
    write(tmp_path, case.files)
    wanted = options(tmp_path, case.application, **case.more)
    with pytest.raises(case.error) as caught:
        trace(wanted, reporter=SilentReporter(), python=python)
    assert case.message in caught.value.what
    assert caught.value.hint
    assert type(caught.value).exit_code == case.error.exit_code


@needs.need("an ordinary user", os.geteuid())
def test_an_unreadable_file(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": ""})
    (tmp_path / "app.py").chmod(0)
    with pytest.raises(InputError, match="Cannot read"):
        trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python)


def test_own_modules_may_have_the_names_of_what_packs_lack(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "import test.support, turtle\n", "test/support.py": "", "test/__init__.py": ""})
    write(tmp_path, {"turtle.py": ""})
    manifest = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python).manifest
    assert {"test.support", "turtle"} <= {module.name for module in manifest.modules}
    assert not [finding for finding in manifest.findings if finding.code.startswith("no-")]


def test_tkinter_that_may_be_missing_is_a_finding(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "try:\n    import tkinter\nexcept ImportError:\n    pass\n"})
    outcome = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python)
    assert "no-tkinter" in [finding.code for finding in outcome.manifest.findings]


def test_what_packs_lack_and_a_table_names_is_no_warning(tmp_path: Path, python: TargetPython) -> None:
    write(
        tmp_path, {"app.py": "import importlib, sys\nNAMES = {'d': 'dbm.gnu'}\nimportlib.import_module(sys.argv[1])\n"}
    )
    findings = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python).manifest.findings
    (severity,) = (finding.severity for finding in findings if finding.code == "no-dbm-gnu")
    assert severity is Severity.INFO


@pytest.mark.parametrize(
    ("source", "yes", "no"),
    [
        ("import shelve\n", {"dbm.dumb"}, {"dbm.gnu", "dbm.ndbm", "_dbm"}),
        ("import dbm.ndbm\n", {"dbm.ndbm", "_dbm"}, {"dbm.gnu"}),
        ("import uuid\nprint(uuid.uuid4())\n", {"uuid"}, {"_uuid", "subprocess"}),
        ("import uuid\nprint(uuid.uuid1())\n", {"uuid", "_uuid"}, set()),
        ("from uuid import getnode\nprint(getnode())\n", {"uuid", "_uuid"}, set()),
        ("import _uuid\n", {"_uuid"}, set()),
    ],
)
def test_a_library_comes_with_what_uses_it(
    source: str, yes: set[str], no: set[str], tmp_path: Path, python: TargetPython
) -> None:
    write(tmp_path, {"app.py": source})
    builtins = python.builtins | {"_dbm", "_uuid"}
    # The same pack, which offers more: its graph is another one.
    wanted = replace(python, builtins=builtins | {"_offered"})
    assert "_offered" in stdlib_graph(wanted, reporter=SilentReporter()).modules
    manifest = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=wanted).manifest
    found = {module.name for module in manifest.modules}
    assert yes <= found
    assert not no & found


def test_what_is_frozen_into_every_interpreter_is_not_missed(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "import _frozen_importlib\nfrom _frozen_importlib_external import PathFinder\n"})
    manifest = trace(options(tmp_path, "app.py"), reporter=SilentReporter(), python=python).manifest
    assert not manifest.findings


def test_what_is_excluded_is_not_missed(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "import surely_nowhere.deep\nimport tkinter\n"})
    wanted = options(tmp_path, "app.py", exclude=("surely_nowhere", "tkinter"))
    manifest = trace(wanted, reporter=SilentReporter(), python=python).manifest
    assert not {"surely_nowhere", "tkinter"} & {module.name for module in manifest.modules}
    assert not manifest.findings


def test_excluding_what_is_not_there_or_needed_is_told(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "import colorsys\n"})
    wanted = options(tmp_path, "app.py", exclude=("__main__", "colorsys", "colrsys"))
    manifest = trace(wanted, reporter=SilentReporter(), python=python).manifest
    assert [(item.code, item.subject, "goes in:" in item.message) for item in manifest.findings] == [
        ("nothing-excluded", "__main__", True),
        ("nothing-excluded", "colrsys", False),
    ]


def test_a_module_that_cannot_run_the_application(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "", "failing.py": "raise SystemExit(3)\n"})
    for runner, error, said in (
        ("nowhere.main", ModuleMissingError, "--run-by: there is no module nowhere.main"),
        ("failing", RunError, "status 3"),
    ):
        wanted = options(tmp_path, "app.py", run=(), run_by=runner)
        entry = resolve_plan(driver.read_plan(wanted), NO_SITE)
        with pytest.raises(error, match=said):
            observe.run(wanted, entry, NO_SITE, reporter=SilentReporter(), interpreter=python.interpreter)


def test_a_run_that_fails(tmp_path: Path, python: TargetPython) -> None:
    write(tmp_path, {"app.py": "raise SystemExit(3)\n"})
    wanted = options(tmp_path, "app.py", run=())
    plan = driver.read_plan(wanted)
    with pytest.raises(RunError, match="status 3"):
        observe.run(
            wanted,
            resolve_plan(plan, NO_SITE),
            NO_SITE,
            reporter=SilentReporter(),
            interpreter=python.interpreter,
        )


# The command line -----------------------------------------------------------------------------------------------------


def test_a_terminal_gets_no_manifest(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": ""})
    terminal, side = pty.openpty()
    done = subprocess.run(
        [sys.executable, "-c", "from castiron_trace.cli import main; main()", "app.py"],
        stdout=side, stderr=subprocess.PIPE, cwd=tmp_path, check=False, text=True,
    )  # fmt: skip
    os.close(side)
    os.close(terminal)
    assert done.returncode == UsageError.exit_code
    assert "trace app.py > app.manifest" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["app.py", "-o", "x", "--prune"], "Add --run"),
        (["app.py", "-o", "x", "more"], "after --, with --run"),
        (["app.py", "-o", "x", "--target", "riscv64-linux-musl"], "--target takes: x86_64-linux-musl"),
    ],
)
def test_options_that_contradict(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(cli.app, arguments)
    assert isinstance(result.exception, UsageError)
    assert message in result.exception.hint


def test_no_output_into_a_missing_folder(tmp_path: Path, python: TargetPython, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, {"app.py": ""})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("castiron_trace.driver.from_pack", lambda *_args, **_more: python)
    result = CliRunner().invoke(cli.app, ["app.py", "-q", "-o", "gone/app.manifest"])
    assert isinstance(result.exception, OutputError)
