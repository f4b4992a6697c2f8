"""The rule for compiled modules, which may import what no source shows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modulegraph2 import ExtensionModule, Package

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.locator import source_beside
from castiron_trace.analyser.rules.base import Declaration, Whole
from castiron_trace.protocol import APP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class CompiledModules:
    """Takes the whole distribution, and the packages of those that it requires."""

    def __init__(self, context: Context) -> None:
        self._context = context
        compilers = context.hints.sources.compilers
        self._shared_modules = tuple(item.shared_module for item in compilers if item.shared_module)

    def look(self, module: Module) -> Iterator[Step]:
        """Yield what the machine code of a module may import."""
        node, owner = module.node, module.owner
        inner = node.init_module if isinstance(node, Package) else node
        if not isinstance(inner, ExtensionModule) or owner == APP:
            return
        environment = self._context.environment
        for name in sorted(environment.distributions[owner].modules):
            if name.endswith(self._shared_modules):
                yield Declaration(node, name)
        place = file_of(node)
        if place is not None and source_beside(place) is not None:
            return  # the source beside it has been read and has all imports
        yield Whole(node, owner)
        for other in environment.requires.get(owner, ()):
            if other in environment.distributions:
                for name in environment.distributions[other].top_levels():
                    yield Declaration(node, name)
                for name in _named_in(module.scan.packed, environment.distributions[other].modules):
                    yield Declaration(node, name)
        for text in module.scan.beginning:
            parts = (text[:end] for end in range(len(text), text.index("."), -1))
            if (longest := next((part for part in parts if part in self._context.stdlib), None)) is not None:
                yield Declaration(node, longest)
        yield Declaration(node, "site")  # which is loaded in every other Python, so that machine code may use it


def _named_in(texts: tuple[str, ...], names: Iterable[str]) -> list[str]:
    """Return the dotted names that are part of one of the texts, sorted."""
    joined = "\0".join(texts)
    return sorted(name for name in names if "." in name and name in joined) if joined else []
