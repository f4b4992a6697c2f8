"""What an application sees of its interpreter in a linked binary: stub_app/checks.py and tree_checks.py."""

from __future__ import annotations

import ast
import os
import re
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_runtime.packs import interpreter, open_pack, supported_pythons
from tests.support.linking import COMMANDS, Outcome, run, trace_and_link

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

APP = Path(__file__).parent / "stub_app"
UTF8 = {"PATH": os.environ["PATH"], "LANG": "en_US.UTF-8"}


def marked(file: Path, decorator: str) -> list[str]:
    """Return the names of the functions in a file that have this decorator."""
    body = ast.parse(file.read_text()).body
    functions = [node for node in body if isinstance(node, ast.FunctionDef)]
    return [f.name for f in functions if any(isinstance(d, ast.Name) and d.id == decorator for d in f.decorator_list)]


@pytest.fixture(scope="module", params=supported_pythons())
def pack(request: pytest.FixtureRequest) -> Pack:
    """The pack of each series of CPython."""
    return open_pack(request.param, reporter=SilentReporter())


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the application, so that no path of the repository is in the binary."""
    copy = tmp_path_factory.mktemp("stub") / "app"
    shutil.copytree(APP, copy, ignore=shutil.ignore_patterns("__pycache__"))
    return copy


@pytest.fixture(scope="module")
def checks(pack: Pack, folder: Path) -> Path:
    return trace_and_link(["--python", pack.feature, "checks.py"], cwd=folder, name="checks")


@pytest.fixture(scope="module")
def python(pack: Pack) -> Path:
    """The same interpreter, in the ordinary form."""
    return interpreter(pack, full=True, reporter=SilentReporter())


@pytest.mark.parametrize("name", [*marked(APP / "checks.py", "check"), *marked(APP / "tree_checks.py", "check")])
def test_check(checks: Path, tmp_path: Path, name: str) -> None:
    own = tmp_path / "checks"
    shutil.copyfile(checks, own)  # one of them deletes it
    own.chmod(0o755)
    done = run([own, name], cwd=tmp_path, env=UTF8, timeout=120)
    assert done.status == 0, done.stderr


@pytest.fixture(scope="module")
def without_sources(checks: Path) -> Path:
    options = ["--sources", "none", "--no-report"]
    linked = run([COMMANDS / "link", "checks.manifest", "-o", "sourceless", *options], cwd=checks.parent)
    assert linked.status == 0, linked.stderr
    return checks.parent / "sourceless"


@pytest.mark.parametrize("name", ["other_interpreters", "processes", "scripts_in_the_binary"])
def test_without_sources(without_sources: Path, tmp_path: Path, name: str) -> None:
    done = run([without_sources, name], cwd=tmp_path, env=UTF8, timeout=120)
    assert done.status == 0, done.stderr


def normal(outcome: Outcome, places: dict[str, str]) -> Outcome:
    """Without what differs from place to place: paths, addresses, lines of the standard library."""

    def text(shown: str) -> str:
        for place, name in places.items():
            shown = shown.replace(place, name)
        return re.sub(r"0x[0-9a-f]+", "0x", shown)

    return Outcome(status=outcome.status, stdout=text(outcome.stdout), stderr=text(outcome.stderr))


def test_python_variables_are_not_obeyed(checks: Path, tmp_path: Path) -> None:
    variables = {
        "PYTHONHOME": "/nowhere",
        "PYTHONPATH": str(tmp_path),
        "PYTHONSTARTUP": "/nowhere",
        "PYTHONINSPECT": "1",
        "PYTHONOPTIMIZE": "2",
        "PYTHONUTF8": "1",
    }
    (tmp_path / "json.py").write_text("raise SystemExit('hijacked')")
    for name in ("encodings", "main_module"):
        done = run([checks, name], cwd=tmp_path, env={**UTF8, **variables})
        assert done.status == 0, done.stderr


def test_argv_and_name(tmp_path: Path, checks: Path) -> None:
    (tmp_path / "other name").symlink_to(checks)
    done = run([tmp_path / "other name", "echo", "a b", "", "é"], cwd=tmp_path, env=UTF8)
    assert done.stdout == "['a b', '', 'é']\n"


def test_interpreter_commands_are_refused(checks: Path, tmp_path: Path) -> None:
    """A shipped program is no interpreter: only multiprocessing's own command lines are."""
    for arguments in (["-c", "print('run')"], ["-m", "json.tool"], ["-"]):
        done = run([checks, *arguments], cwd=tmp_path, env=UTF8, stdin="print('run')")
        assert done.status == 1
        assert "KeyError" in done.stderr
        assert "run\n" not in done.stdout
