"""The rule for code that changes files at its own place, which is read-only in an executable."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.protocol import APP, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.analyser.syntax.scan import Literal

_CODE = "writes-beside-code"
_INSTEAD = "Write to a folder of the user's, or beside the executable (os.path.dirname(sys.executable))."
_SHOWN = 3
"""How many paths a message names."""


class OwnWrites:
    """Reports what the application's own code writes below its folder, once for each path."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._told: set[str] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """Yield a finding with the paths below the application's folder that one own module changes or makes."""
        place = file_of(module.node)
        if module.owner != APP or place is None:
            return
        changed = self._inside(place, module.scan.changed)
        databases = self._inside(place, module.scan.databases)
        if changed:
            yield self._notice(module, changed, f"so writing {_names(changed)} fails there")
        if databases:
            yield self._notice(module, databases, f"so {_names(databases)} can be read there, but not made or changed")
        for hint in self._context.hints.sources.own_places:
            lines = [line for attribute, line in module.scan.placed if attribute == hint.attribute]
            if lines and self._context.graph.find_node(hint.module) is not None:
                what = f"so writing below {hint.attribute} fails there"
                yield self._notice(module, {hint.attribute: min(lines)}, what, hint.remedy)

    def _notice(self, module: Module, paths: Mapping[str, int], what: str, instead: str = _INSTEAD) -> Notice:
        place = f"{self._context.place(module.node)}:{min(paths.values())}"
        message = f"The program's own folder is read-only in an executable, {what}. {instead}"
        return Notice(_CODE, "warning", place, message)

    def _inside(self, place: str, literals: Sequence[Literal]) -> Mapping[str, int]:
        """Return paths relative to the application's folder -> line, of those in it that were not told before."""
        found: dict[str, int] = {}
        for text, line in literals:
            path = os.path.normpath(Path(place).parent / text)
            for root in self._context.roots:
                if path.startswith(root + os.sep) and path not in self._told:
                    self._told.add(path)
                    found[os.path.relpath(path, root)] = line
        return found


def _names(paths: Mapping[str, int]) -> str:
    names = sorted(paths, key=lambda path: (paths[path], path))
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
