"""Tells which modules of the user's own project, built into a wheel, nothing imports, so that they stay out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.words import counted
from castiron_trace.analyser.environment import TEST_FOLDERS
from castiron_trace.own.beside import first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.model import Reached, Site


def unreached_notes(site: Site, reached: Reached) -> Iterator[str]:
    """Yield a line for each project of which sources stay out, without its tests."""
    projects = [item.name for item in site.distributions if item.project]
    if not projects:
        return
    records = site.records
    taken = {module.file for module in reached.modules.values()} | reached.files
    for name in projects:
        left = [
            path
            for path in records[name].files
            if path.endswith(".py")
            and site.folder / path not in taken
            and _module(path) not in reached.modules  # else its source in the current folder goes in
            and not TEST_FOLDERS.intersection(path.split("/"))
            and not path.endswith(("/conftest.py", "/__main__.py"))
        ]
        if left:
            yield (
                f"not included of {name}: {counted(len(left), 'Python source')} that nothing imports "
                f"({first(sorted(left))}); --include for a module, or for all below a package with .* at its end"
            )


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
