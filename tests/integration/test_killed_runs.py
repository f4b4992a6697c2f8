"""Six runs ended at random moments; ``python -m tests.long.killed_runs`` does it 200 times."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.long.killed_runs import run

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack


@pytest.mark.integration
@pytest.mark.network
@pytest.mark.long
def test_killed_runs_leave_nothing(tmp_path: Path, pack: Pack) -> None:
    figures = run(tmp_path, kills=6, seed="ci", every=3)
    assert figures.defects == [], "\n".join(figures.lines())
    assert figures.ends.total() == 6
