"""The guarded program, linked once for all tests of this folder, and a folder of an attacker."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.integration.security.guarded import EVIL, GUARD, SHADOWS, USER, variant
from tests.support.linking import trace_and_link

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_runtime.model import Pack


@pytest.fixture(scope="session")
def place() -> Iterator[Path]:
    """A folder that every user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="castiron-security-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture(scope="session")
def guard(place: Path, pack: Pack) -> Path:
    del pack
    (place / "guard.py").write_text(GUARD)
    return trace_and_link(["guard.py", "--include", "json.tool"], cwd=place, name="guard", options=["--no-report"])


@pytest.fixture(scope="session")
def everybody(guard: Path) -> Path:
    """The most that an author may ask for."""
    paths = ["--sys-path", "$ORIGIN/plugins", "--sys-path", "plugins"]
    return variant(guard, "everybody", "--children", "all", "--obey-environment", *paths)


@pytest.fixture
def work(place: Path) -> Path:
    """A folder of the attacker, full of modules that are called like those of the standard library."""
    folder = Path(tempfile.mkdtemp(prefix="work-", dir=place))
    for below in (folder, folder / "plugins"):
        below.mkdir(exist_ok=True)
        for name in SHADOWS:
            (below / name).mkdir()
            (below / name / "__init__.py").write_text("print('OWN' + 'ED by', __file__)")
    (folder / "script.py").write_text(EVIL)
    for path in [folder, *folder.rglob("*")]:
        os.chown(path, USER, USER) if os.geteuid() == 0 else None
    return folder
