"""The rule for modules that import on attribute access (PEP 562): what their tables and stubs name goes in."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Declaration, absolute, package_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class LazyModules:
    """Takes the modules of its package that the strings of such a module name."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield what one module may import on attribute access."""
        for text, line in module.scan.lazy:
            name = text.partition(":")[0]
            level = len(name) - len(name.lstrip("."))
            full = absolute(module.node, name.lstrip("."), max(level, 1))
            if full and self._context.locator.exists(full):
                yield Declaration(module.node, full, line)
        if module.scan.stub:
            yield from self._of_stub(module)

    def _of_stub(self, module: Module) -> Iterator[Step]:
        """`lazy_loader.attach_stub` and its like: the imports of the stub are those that attributes lead to."""
        origin = file_of(module.node)
        stub = None if origin is None else Path(origin).with_suffix(".pyi")
        if stub is None or not stub.is_file() or not package_of(module.node):
            return
        for name, level, names, _tier, _line in self._context.locator.scan_file(str(stub), module.owner).imports:
            full = absolute(module.node, name, level)
            for below in (full, *(f"{full}.{item}" for item in names or ())):
                if full and self._context.locator.exists(below):
                    yield Declaration(module.node, below)
