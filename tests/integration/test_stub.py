"""What an application sees of its interpreter in a linked binary: stub_app/checks.py and tree_checks.py."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import COMMANDS, run, trace_and_link
from tests.support.shared import made_once
from tests.support.stub_programs import APP, UTF8, copied_app, marked

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


@pytest.fixture
def checks(each_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:

    def make(folder: Path) -> None:
        app = copied_app(folder)
        trace_and_link(["--python", each_pack.feature, "checks.py"], cwd=app, name="checks")
        options = ["--sources", "none", "--no-report"]
        linked = run([COMMANDS / "link", "checks.manifest", "-o", "sourceless", *options], cwd=app)
        assert linked.status == 0, linked.stderr

    return made_once(tmp_path_factory, f"checks-{each_pack.feature}", make) / "app" / "checks"


@pytest.mark.parametrize("name", [*marked(APP / "checks.py", "check"), *marked(APP / "tree_checks.py", "check")])
def test_check(checks: Path, tmp_path: Path, name: str) -> None:
    own = tmp_path / "checks"
    shutil.copyfile(checks, own)  # one of them deletes it
    own.chmod(0o755)
    done = run([own, name], cwd=tmp_path, env=UTF8, timeout=120)
    assert done.status == 0, done.stderr


@pytest.mark.parametrize("name", ["other_interpreters", "processes", "scripts_in_the_binary"])
def test_without_sources(checks: Path, tmp_path: Path, name: str) -> None:
    done = run([checks.with_name("sourceless"), name], cwd=tmp_path, env=UTF8, timeout=120)
    assert done.status == 0, done.stderr


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
