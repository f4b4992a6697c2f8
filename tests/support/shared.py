"""What the workers of one run share: with pytest-xdist, a fixture of the session is made once in each worker."""

from __future__ import annotations

import fcntl
import os
import shutil
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of this run that all its workers see; `castiron_common.cache` makes entries in it once."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], None]) -> Path:
    """Return the folder ``name`` of this run, which ``make`` fills for the first test of all workers that asks.

    Which worker runs which test is not known before, and a fixture with parameters is made anew whenever the parameter
    of the next test is another: what takes seconds to make is made here.  Where ``make`` fails, each test that asks
    tries again, and fails by the same error.
    """
    folder = run_folder(factory) / name
    ready = folder.with_name(f"{name}.ready")
    with folder.with_name(f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not ready.exists():
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            make(folder)
            ready.touch()
    return folder
