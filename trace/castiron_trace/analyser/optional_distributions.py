"""Decides which bystanders go in: distributions of an environment that nobody named for this application.

Those that stay out are reached by nothing but optional imports of other distributions (decision 027).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from modulegraph2 import ExcludedModule, MissingModule

from castiron_trace.analyser.rules.base import absolute
from castiron_trace.protocol import STDLIB, LeftOut, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context
    from castiron_trace.protocol import Edge

_BETWEEN_WORDS = re.compile(r"[^\w-]+")
_RUNS_OF_SEPARATORS = re.compile(r"[-_.]+")


class OptionalDistributions:
    """Looks at a graph in which some distributions were withheld."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._environment = context.environment
        self._nodes = {node.identifier: node for node in context.graph.module_nodes()}
        self._edges = [edge for edge in context.graph.import_edges() if not self._is_withheld(edge.importer)]
        self._sure = self._surely_imported()

    def wanted(self) -> frozenset[str]:
        """Return those of the withheld distributions that must go in."""
        found = {self._owner(edge.imported) for edge in self._edges_to_withheld() if self._needs(edge)}
        found.update(self._context.plugins, self._context.whole, self._last_alternatives(), self._named())
        return self._environment.withheld.intersection(found)

    def left_out(self) -> tuple[LeftOut, ...]:
        """Return the withheld distributions that something imports, each by the strongest and first of the imports."""
        best: dict[str, Edge] = {}
        for edge in sorted(self._edges_to_withheld(), key=lambda edge: (edge.tier, edge)):
            best.setdefault(self._owner(edge.imported), edge)
        return tuple(LeftOut(name, edge.imported, edge.importer, edge.line) for name, edge in sorted(best.items()))

    def _is_withheld(self, name: str) -> bool:
        return isinstance(self._nodes.get(name), ExcludedModule) and self._owner(name) in self._environment.withheld

    def _edges_to_withheld(self) -> Iterator[Edge]:
        return (edge for edge in self._edges if self._is_withheld(edge.imported))

    def _owner(self, name: str) -> str:
        """Return whose a module is; below a package that was withheld, nothing was looked for."""
        while name:
            node = self._nodes.get(name)
            owner = None if node is None else node.extension_attributes.get("owner")
            if owner is not None or not isinstance(node, ExcludedModule):
                return owner or ""
            name = name.rpartition(".")[0]
        return ""

    def _is_own(self, owner: str) -> bool:
        """Say whether all imports of this owner's code count: of the application, and of Python, as hints tell them."""
        program = self._context.program
        return self._context.is_own(owner) or owner == STDLIB or (bool(program) and owner == program)

    def _needs(self, edge: Edge) -> bool:
        """Say whether an import brings in the distribution that it leads to."""
        importer, imported = self._owner(edge.importer), self._owner(edge.imported)
        if self._is_own(importer) or edge.tier is Tier.OBSERVED or imported in self._environment.reach(importer):
            return True
        if imported.startswith(f"{importer}-"):
            return True  # a part of it that is a distribution of its own: psycopg-binary
        return edge.importer in self._sure and edge.tier in {Tier.REQUIRED, Tier.DECLARED}

    def _surely_imported(self) -> set[str]:
        """Return the modules that are imported if what the application uses is, and not only if something is there."""
        outgoing: dict[str, list[Edge]] = {}
        todo = [name for name in self._nodes if self._is_own(self._owner(name))]
        for edge in self._edges:
            outgoing.setdefault(edge.importer, []).append(edge)
            if self._enters(edge):
                todo.append(edge.imported)
        sure: set[str] = set()
        while todo:
            name = todo.pop()
            if name not in sure:
                sure.add(name)
                todo.extend(edge.imported for edge in outgoing.get(name, ()) if self._leads_on(edge))
        return sure

    def _enters(self, edge: Edge) -> bool:
        """Say whether a distribution is used by this import, wherever it stands: one that is required, or a plug-in."""
        importer, imported = self._owner(edge.importer), self._owner(edge.imported)
        if imported == importer:
            return False
        if imported in self._context.plugins and edge.tier is Tier.DECLARED:
            return True
        return "." not in edge.imported and imported in self._environment.reach(importer)

    def _leads_on(self, edge: Edge) -> bool:
        """Say whether an import in a module that is surely imported runs, or leads to what may not be missing."""
        importer, imported = self._owner(edge.importer), self._owner(edge.imported)
        if edge.tier is Tier.REQUIRED or self._is_own(importer):
            return True
        return importer != imported and (edge.tier is Tier.DECLARED or imported in self._environment.reach(importer))

    def _last_alternatives(self) -> Iterator[str]:
        """Yield what is left of modules of which one must be there: without any, a module that is needed fails."""
        for name in self._sure:
            node = self._nodes[name]
            scan = node.extension_attributes.get("scan")
            for _tier, texts in () if scan is None else scan.alternatives:
                modules = [absolute(node, text.lstrip("."), len(text) - len(text.lstrip("."))) for text in texts]
                if not any(map(self._is_there, modules)):
                    yield from map(self._owner, modules)

    def _is_there(self, module: str) -> bool:
        node: BaseNode | None = self._nodes.get(module)
        return node is not None and not isinstance(node, MissingModule) and not self._is_withheld(module)

    def _named(self) -> Iterator[str]:
        """Yield the distributions that strings of the application name: ``engine="openpyxl"``, ``"postgresql+psycopg2://"``."""
        words = set(self._words())
        for name in self._environment.withheld & self._environment.distributions.keys():
            names = {name, *map(_normalised, self._environment.distributions[name].top_levels())}
            if not names.isdisjoint(words):
                yield name

    def _words(self) -> Iterator[str]:
        for node in self._nodes.values():
            if self._context.is_own(node.extension_attributes.get("owner")):
                for text, _line in node.extension_attributes["scan"].strings:
                    if not any(map(str.isspace, text)):  # what people read names much that it does not mean
                        yield from (_normalised(word) for word in (text, *_BETWEEN_WORDS.split(text)))


def _normalised(text: str) -> str:
    return _RUNS_OF_SEPARATORS.sub("-", text).lower()
