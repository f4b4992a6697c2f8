"""What the workers of one run share: with pytest-xdist, a fixture of the session is made once in each worker."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def run_folder(factory: pytest.TempPathFactory) -> Path:
    """Return the folder of this run that all its workers see; `castiron_common.cache` makes entries in it once."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
