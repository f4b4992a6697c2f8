"""The rule for hints on imports that no source shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modulegraph2 import Script

from castiron_trace.analyser.rules.base import Declaration, Whole

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.hints.model import HiddenImport


class HiddenImports:
    """Takes what hints name for a module; that may be one of the standard library."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._hints: dict[str, list[HiddenImport]] = {}
        for hint in context.hints.hidden_imports:
            self._hints.setdefault(hint.module, []).append(hint)

    def look(self, module: Module) -> Iterator[Step]:
        """Yield what hints say of the module."""
        for hint in self._hints.get(hinted_name(module.node), ()):
            for name in hint.distributions:
                if name in self._context.environment.distributions:
                    yield Whole(module.node, name)
            for name in hint.imports:
                whole = name.endswith(".*")
                for below in self._context.locator.package_with_all(name[:-2]) if whole else (name,):
                    yield Declaration(module.node, below)


def hinted_name(node: BaseNode) -> str:
    """Return the name of a module in hints: the entry's script is ``__main__``."""
    return "__main__" if isinstance(node, Script) else node.name
