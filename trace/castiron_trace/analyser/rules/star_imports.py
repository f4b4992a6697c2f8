"""The rule for ``from package import *``: the modules of the package that its ``__all__`` names go in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.base import Declaration, absolute

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.analyser.syntax.scan import Scan


class StarImports:
    """Takes what the import system imports for a star (Python Language Reference, The import statement)."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules that the stars of one module import."""
        for name, level, names, _tier, line in module.scan.imports:
            if names != ("*",):
                continue
            package = absolute(module.node, name, level)
            node = self._context.graph.find_node(package) if package else None
            scan: Scan | None = node.extension_attributes.get("scan") if node is not None else None
            for item in scan.exports if scan is not None else ():
                if self._context.locator.exists(f"{package}.{item}"):
                    yield Declaration(module.node, f"{package}.{item}", line)
