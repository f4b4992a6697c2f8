"""The folders of the applications under test say everything, and the documentation says the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.application import applications, asked_for, locked, table

if TYPE_CHECKING:
    from tests.support.application import Application

each = pytest.mark.parametrize("application", applications(), ids=lambda application: application.name)


@each
def test_every_version_is_pinned(application: Application) -> None:
    lines = [line for line in application.lock.read_text().splitlines() if line and not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9-]+==[^\s;]+( ; .+)?", line)] == []
    names = {re.sub(r"[-_.]+", "-", name).lower() for name in asked_for(application)}
    assert names <= locked(application).keys(), "run tests/integration/applications/lock.sh"


@each
def test_a_comparison_cannot_be_one_of_two_failures(application: Application) -> None:
    """Some run shows what the application is to do, or makes files, or answers."""
    assert any(run.status == 0 or run.asks for run in application.runs)
    assert any(run.shows or run.made or run.asks or run.dialogue for run in application.runs)


def test_the_documentation_has_the_table() -> None:
    """`python -m tests.support.application` prints it."""
    root = Path(__file__).resolve().parents[2]
    assert table() in (root / "docs" / "compatibility-results.md").read_text()
    assert f" {len(applications())} real applications" in (root / "README.md").read_text()


def test_there_are_enough() -> None:
    named = {
        "jinja-babel", "requests-tls", "matplotlib", "sphinx-build", "mkdocs", "pytest", "django", "gunicorn",
        "waitress", "celery", "ipython", "repl", "pip",
    }  # fmt: skip
    assert named <= {application.name for application in applications()}
    assert len(applications()) >= 24
