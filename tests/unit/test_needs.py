"""No test is skipped in silence: pytest runs small tests with the project's conftest.py."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support import needs

ROOT = Path(__file__).parents[2]

GOOD = """
from tests.support import needs

@needs.need("strace", False)
def test_marked(): ...

def test_at_run_time():
    needs.skip("mount", "mount: not permitted")

def test_tool(monkeypatch):
    monkeypatch.setenv("PATH", "/nonexistent")
    needs.tool("openssl")

def test_runs(): ...
"""
BAD = """
import pytest

def test_silent():
    pytest.skip("not today")
"""


def run(folder: Path, source: str, ci: str, *more: str) -> tuple[int, str]:
    (folder / "test_given.py").write_text(source)
    (folder / "pytest.ini").write_text("[pytest]\n")
    options = ["-p", "tests.conftest", "-p", "no:cacheprovider", "-q", *more, "test_given.py"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=folder,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_what_is_missing_is_counted(tmp_path: Path) -> None:
    status, shown = run(tmp_path, GOOD, "true", "-n1")
    assert status == 0, shown
    assert "1 passed, 3 skipped" in shown
    section = shown.partition("not run here")[2]
    assert [line.partition(":")[0].split() for line in section.splitlines()[1:4]] == [
        ["1", "need", "mount"],
        ["1", "need", "openssl"],
        ["1", "need", "strace"],
    ]


def test_an_unknown_reason_fails_in_ci(tmp_path: Path) -> None:
    status, shown = run(tmp_path, BAD, "true", "-n1")
    assert status == 1, shown
    assert "error: skipped for a reason that is not in tests/support/needs.py: test_given.py::test_silent" in shown
    assert "not today" in shown


def test_an_unknown_reason_is_told_elsewhere(tmp_path: Path) -> None:
    status, shown = run(tmp_path, BAD, "")
    assert status == 0, shown
    assert "another reason: test_given.py::test_silent" in shown


def test_each_need_is_of_a_test() -> None:
    text = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    text += (ROOT / "tests" / "integration" / "conftest.py").read_text()
    named = {"root": "@needs.root", "strace": "@needs.strace", "x86-64": "@needs.x86_64"}
    assert [what for what in needs.KNOWN if named.get(what, f'"{what}"') not in text.replace(GOOD, "")] == []
