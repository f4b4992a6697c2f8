"""What modules define is old for the collector of garbage at once, and nothing else about it differs: garbage_app/."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import run, trace_and_link
from tests.support.patience import PATIENCE
from tests.support.shared import made_once
from tests.support.stub_programs import marked

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

APP = Path(__file__).parent / "garbage_app"
CHECKS = marked(APP / "garbage.py", "check")


def copied(folder: Path) -> Path:
    """Return a copy of the program, with forty modules that make cycles."""
    app = shutil.copytree(APP, folder / "app", ignore=shutil.ignore_patterns("__pycache__"))
    for number in range(40):
        (app / "many" / f"m{number}.py").write_text((APP / "cycles.py").read_text())
    return app


@pytest.fixture
def binary(each_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    series = each_pack.feature

    def make(folder: Path) -> None:
        wanted = ["--include", "many.*", "--python", series, "garbage.py"]
        trace_and_link(wanted, cwd=copied(folder), name="garbage", options=["--no-report"])

    return made_once(tmp_path_factory, f"garbage-{series}", make) / "app" / "garbage"


@pytest.mark.parametrize("name", [*CHECKS, *marked(APP / "garbage.py", "in_binary")])
def test_check(binary: Path, tmp_path: Path, name: str) -> None:
    done = run([binary, name], cwd=tmp_path, timeout=PATIENCE)
    assert done.status == 0, done.stderr


@pytest.mark.parametrize("name", CHECKS)
def test_check_holds_under_an_ordinary_interpreter(each_python: Path, tmp_path: Path, name: str) -> None:
    done = run(
        [each_python, copied(tmp_path) / "garbage.py", name], cwd=tmp_path, env=dict(os.environ), timeout=PATIENCE
    )
    assert done.status == 0, done.stderr
