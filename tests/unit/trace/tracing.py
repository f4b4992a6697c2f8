"""Traces small scripts over optional environments."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.entry import resolve_plan
from castiron_trace.graph import analyse
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.model import NO_SITE
from castiron_trace.plan import read_plan
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.hints.model import Hints
    from castiron_trace.model import Reached, Site, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph


class Tracer:
    """Traces a script over an optional environment."""

    def __init__(self, folder: Path, python: TargetPython, stdlib: StdlibGraph) -> None:
        self.folder = folder
        self._python = python
        self._stdlib = stdlib

    def __call__(
        self, files: dict[str, str], site: Site = NO_SITE, *, hints: Hints | None = None, **more: object
    ) -> Reached:
        """``hints`` are the shipped ones if none are given."""
        app = write(self.folder / "app", files)
        wanted = options(app, "app.py", **more)
        entry = resolve_plan(read_plan(wanted), site)
        return analyse(
            self._python,
            self._stdlib,
            entry,
            site,
            wanted,
            hints=hints or shipped_hints(),
            cache=self.folder / "scans",
        )


def own(reached: Reached) -> set[str]:
    return {name for name, module in reached.modules.items() if module.owner == "(app)"}


def of(reached: Reached, distribution: str) -> set[str]:
    return {name for name, module in reached.modules.items() if module.owner == distribution}


def codes(reached: Reached) -> list[str]:
    return [finding.code for finding in reached.findings]
