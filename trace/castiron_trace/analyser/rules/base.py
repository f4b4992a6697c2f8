"""Defines what all rules share: the values that they get, and those that they yield."""

from __future__ import annotations

import os
import re
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from modulegraph2 import NamespacePackage, Package, Script

from castiron_common.frozen import dataclass
from castiron_trace.analyser.graph_adapter import file_of, kind_of
from castiron_trace.protocol import APP, ModuleKind, Notice, Tier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.environment import Environment
    from castiron_trace.analyser.graph_adapter import TracedGraph
    from castiron_trace.analyser.locator import TraceLocator
    from castiron_trace.analyser.syntax.scan import Scan
    from castiron_trace.hints.model import Hints
    from castiron_trace.protocol import Node


@dataclass(frozen=True, slots=True)
class Declaration:
    """A module goes in, because another one may import it by other means than an import statement."""

    importer: BaseNode
    name: str
    line: int = 0
    script: bool = False
    """Its file is run: the imports below its ``__main__`` test count."""
    tier: Tier = Tier.DECLARED


@dataclass(frozen=True, slots=True)
class Whole:
    """All modules of a distribution go in, except its tests."""

    importer: BaseNode
    distribution: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A source goes in as a file, because it is read or run by path."""

    path: str


@dataclass(frozen=True, slots=True)
class Needs:
    """A module cannot be imported without one of these libraries of the machine, and no distribution brings any."""

    importer: BaseNode
    names: tuple[str, ...]
    line: int = 0
    remedy: str = ""


Step = Declaration | Whole | SourceFile | Needs | Notice
"""What a rule yields.  It takes effect before the rule goes on."""


@dataclass(frozen=True, slots=True)
class Module:
    """A module of the application or of a distribution, whose imports have been read."""

    node: BaseNode
    owner: str
    scan: Scan


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What is known of the application as a whole."""

    graph: TracedGraph
    locator: TraceLocator
    environment: Environment
    stdlib: Mapping[str, Node]
    roots: Sequence[str]
    """Folders of the application's own modules."""
    program: str
    """The distribution that the entry is of; empty for the user's own code."""
    hints: Hints
    given_files: Sequence[str] = ()
    """Files of the application that the user includes."""
    whole: set[str] = field(default_factory=set)
    """Distributions of which all modules go in."""
    plugins: set[str] = field(default_factory=set)
    """Distributions that go in because their host loads what they register or define."""

    def is_own(self, owner: str | None) -> bool:
        """Return whether a module of this owner is the user's own code: a script's, or that of a project's wheel."""
        return owner == APP or owner in self.environment.projects

    def own_roots(self) -> list[str]:
        """Return the folders that own modules lie in; that of the distributions only if one of them is a project."""
        return [*self.roots, *(self.environment.path if self.environment.projects else ())]

    def is_own_top_level(self, name: str) -> bool:
        """Return whether the user's own code has a top-level module, or a package, of this name."""
        return self.locator.is_own(name) or self.environment.modules.get(name) in self.environment.projects

    def place(self, node: BaseNode) -> str:
        """Return a module's file for a message: relative to site-packages or to the application."""
        return self.shown(file_of(node) or node.name)

    def shown(self, place: str) -> str:
        """Return a path for a message, relative to site-packages or to the application."""
        for root in (*self.environment.path, *self.roots):
            if place.startswith(root + os.sep):
                return place[len(root) + 1 :]
        return Path(place).name


class ModuleRule(Protocol):
    """A rule that looks at each module, once."""

    def look(self, module: Module) -> Iterator[Step]:
        """Yield what follows from one module."""


class ClosingRule(Protocol):
    """A rule that looks at all that is reached, when no other rule adds anything, until it adds nothing either."""

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield what follows from all that is reached."""


def reached_modules(context: Context) -> dict[str, BaseNode]:
    """Return the modules that are reached and exist, by name."""
    return {node.name: node for node in context.graph.module_nodes() if kind_of(node) is not ModuleKind.MISSING}


def longest_module(text: str, names: Mapping[str, Any]) -> str | None:
    """Return the longest beginning of a dotted name that is a module: ``a.b`` of ``a.b:attribute``, for example."""
    name = text.partition(":")[0]
    while name:
        if name in names:
            return name
        name = name.rpartition(".")[0]
    return None


_PART = re.compile(r"\w[\w \-+]*")
"""A part of a path that can be a part of a module's name for the import system, which takes more than identifiers."""


def names_lead_to(locator: TraceLocator, root: Path, parts: Sequence[str]) -> bool:
    """Return whether the import system finds a module by its dotted name: the parts of its path from a root."""
    return all(map(_PART.fullmatch, parts)) and (len(parts) == 1 or locator.leads_to(parts[0], root))


def imported_names(scan: Scan, locator: TraceLocator) -> Iterator[str]:
    """Yield the modules that a source imports by absolute names, if they exist."""
    for item in scan.imports:
        for name in (item.module, *(f"{item.module}.{inner}" for inner in item.names or ())):
            if item.level == 0 and locator.exists(name):
                yield name


def package_of(node: BaseNode) -> str:
    """Return the package that a module's relative imports start from; empty for a script or a top-level module."""
    if isinstance(node, Script):
        return ""
    return node.name if isinstance(node, Package | NamespacePackage) else node.name.rpartition(".")[0]


def absolute(node: BaseNode, name: str, level: int) -> str:
    """Return the absolute name of an import with ``level`` leading dots; empty if it leads out of the packages."""
    if level == 0:
        return name
    bits = package_of(node).split(".")
    kept = bits[: len(bits) - level + 1]
    return ".".join(filter(None, (*kept, name))) if kept != [""] and kept else ""


CERTAIN_IMPORTS = frozenset(
    {
        *("__all__", "__import__", "import_module", "iter_modules", "run_module", "spec_from_file_location"),
        "walk_packages",
    }
)
"""Functions that certainly import by a computed name: only these are worth a warning about the application itself."""
