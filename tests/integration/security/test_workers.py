"""Libraries that start processes of the program: their command lines are its own, in whatever folder."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.security.guarded import clean
from tests.support.linking import run, trace_and_link

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def workers(place: Path, pack: Pack) -> Path:
    del pack
    shutil.copy(Path(__file__).with_name("own_workers.py"), place)
    requirements = ["loky", "joblib", "billiard", "execnet", "pyproject-hooks", "pytest", "pytest-xdist"]
    options = ["--no-report"]
    return trace_and_link(["own_workers.py"], cwd=place, name="workers", requirements=requirements, options=options)


@pytest.mark.parametrize(
    ("way", "shown"),
    [
        ("pool fork", "[2, 4, 6]\n"),
        ("pool spawn", "[2, 4, 6]\n{'a': 1}\n"),
        ("pool forkserver", "[2, 4, 6]\n{'a': 1}\n"),
        ("preloaded", "[8]\n"),
        ("executor", "[2, 4, 6]\n"),
        ("loky", "[2, 4, 6]\n"),
        ("joblib", "[2, 4, 6]\n"),
        ("billiard fork", "42\n"),
        ("billiard spawn", "42\n"),
        ("billiard forkserver", "42\n"),
        ("execnet", "42\n"),
        ("build", "True\n"),
        ("xdist", "4 passed"),
    ],
)
def test_libraries_that_start_processes(workers: Path, work: Path, way: str, shown: str) -> None:
    """In the folder of shadows, of which none may be imported."""
    done = run([workers, *way.split()], cwd=work, env=clean(), timeout=120)
    assert done.status == 0, done
    assert done.stdout == shown if way != "xdist" else shown in done.stdout
    assert "OWNED" not in done.stdout
