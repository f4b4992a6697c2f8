"""The rule for folders of the application whose sources are found by their place: on ``sys.path``, listed, or run."""

from __future__ import annotations

import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.locator import modules_below
from castiron_trace.analyser.rules.base import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step

_MOST = 500
"""Modules in one folder: with more, it is not the application's own, but whatever lies there."""


class OwnFolders:
    """Takes all modules below a folder that a module computes from its own place, if it finds or runs sources.

    Or if the folder is of loose sources, which no import statement finds, and the module imports a distribution: it
    hands the folder to a library of plug-ins.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._taken: set[str] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules in the folders that one own module names: ``join(dirname(__file__), "plugins")``."""
        place = file_of(module.node)
        if not self._context.is_own(module.owner) or place is None:
            return
        for text, line in module.scan.paths:
            folder = os.path.normpath(posixpath.join(Path(place).parent, text.partition("*")[0]))
            if folder in self._taken or not os.path.isdir(folder):  # noqa: PTH112 - of any string, as it is
                continue
            if not module.scan.finds_sources and not (self._imports_others(module) and _has_loose_sources(folder)):
                continue
            self._taken.add(folder)
            names = self._modules(Path(folder))
            for name in names if len(names) <= _MOST else ():
                yield Declaration(module.node, name, line, script=name.endswith("__main__"))

    def _imports_others(self, module: Module) -> bool:
        modules = self._context.environment.modules
        return any(item.module in modules for item in module.scan.imports if not item.level)

    def _modules(self, folder: Path) -> list[str]:
        """Return the modules below a folder by their names from a root; those of a root itself are not asked for."""
        for root in self._context.own_roots():
            parts = folder.relative_to(root).parts if folder.is_relative_to(root) else ()
            if parts:
                return modules_below(folder, ".".join(parts))
        return []


def _has_loose_sources(folder: str) -> bool:
    names = os.listdir(folder)  # noqa: PTH208 - names are all that is asked for
    return "__init__.py" not in names and any(name.endswith(".py") for name in names)
