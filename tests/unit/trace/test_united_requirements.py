"""What counts as asked for by the application itself, where requirements come from two places."""

from __future__ import annotations

from pathlib import Path

import pytest

from castiron_trace.environment import _directly
from castiron_wheels.model import LocalProject, Requirements

BESIDE = Requirements(origin="installed", lines=("psutil==7", "plug-in==1"), direct=frozenset({"psutil"}))


@pytest.mark.parametrize(
    ("other", "direct"),
    [
        (Requirements(origin="--carry", lines=("TZ_data>=2025",)), {"psutil", "tz-data"}),
        (Requirements(origin="installed", lines=("a==1", "b==1"), direct=frozenset({"a"})), {"psutil", "a"}),
        (Requirements(origin="project", projects=(LocalProject(path=Path("/p"), name="own"),)), {"psutil", "own"}),
        (Requirements(origin="project", projects=(LocalProject(path=Path("/p")),)), None),
        (Requirements(origin="--with", lines=("https://example.org/a.whl",)), None),
    ],
)
def test_what_is_asked_for_directly(other: Requirements, direct: set[str] | None) -> None:
    assert _directly(BESIDE, other) == direct
    assert _directly(other, BESIDE) == direct


def test_where_every_line_is_asked_for() -> None:
    lines = Requirements(origin="-r", lines=("a",))
    assert _directly(lines, lines) is None
