"""Builds the standard library's own import graph."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.conditional import FROM_C
from castiron_trace.analyser.finder import StaticFinder
from castiron_trace.analyser.graph_adapter import TracedGraph, file_of, kind_of
from castiron_trace.analyser.locator import StdlibLocator
from castiron_trace.analyser.scans import ScanStore
from castiron_trace.hints.model import SourceHints
from castiron_trace.protocol import STDLIB, Import, ModuleKind, Node, StdlibAnswer, Tier

if TYPE_CHECKING:
    from castiron_trace.analyser.syntax.scan import Scan
    from castiron_trace.protocol import StdlibRequest

_NOT_SCANNED = frozenset({"test", "idlelib", "turtledemo", "lib2to3", "ensurepip", "__pycache__", "site-packages"})
"""Folders of the standard library that no application needs (tests, editors) or that are not modules."""
_KINDS = frozenset({ModuleKind.SOURCE, ModuleKind.PACKAGE, ModuleKind.BUILTIN, ModuleKind.ALIAS})
_COMMENTS_ONLY = frozenset({"@non_ascii", "@named_character"})
"""Mentions that the standard library has only in comments."""
_PASSED_ON = {"importlib": frozenset({"invalidate_caches"})}
"""Module -> names that it mentions only in a function of the same name, which somebody else must call."""


def stdlib_graph(request: StdlibRequest) -> StdlibAnswer:
    """Return all modules of the standard library with every import between them."""
    root = Path(request.root)
    builtins = set(request.builtins) | set(sys.builtin_module_names)
    scans = ScanStore(None, "", SourceHints())
    locator = StdlibLocator(root=str(root), builtins=builtins, scans=scans, finder=StaticFinder([]))
    graph = TracedGraph(locator, stdlib_implies=True)
    for name in sorted({*_names(root), *builtins}):
        graph.add_module(name)
    nodes: dict[str, Node] = {}
    mentions: dict[str, tuple[str, ...]] = {}
    for node in graph.module_nodes():
        kind = kind_of(node)
        if kind in _KINDS:
            origin = file_of(node)
            nodes[node.name] = Node(kind, STDLIB, None if origin is None else Path(origin).relative_to(root).as_posix())
            scan: Scan | None = node.extension_attributes.get("scan")
            names = set(() if scan is None else scan.mentions) - _COMMENTS_ONLY - _PASSED_ON.get(node.name, frozenset())
            if names:
                mentions[node.name] = tuple(sorted(names))
    return StdlibAnswer(modules=nodes, imports=_imports(graph, nodes), mentions=mentions)


def _imports(graph: TracedGraph, nodes: dict[str, Node]) -> dict[str, tuple[Import, ...]]:
    imports: dict[str, list[Import]] = {}
    for edge in graph.import_edges():
        if edge.importer in nodes and edge.imported in nodes:
            imports.setdefault(edge.importer, []).append(Import(edge.imported, edge.tier, edge.line))
    for source, targets in FROM_C.items():
        if source in nodes:
            imports.setdefault(source, []).extend(
                Import(target, Tier.REQUIRED, 0) for target in targets if target in nodes
            )
    return {name: tuple(sorted(imports[name])) for name in sorted(imports) if imports[name]}


def _names(root: Path) -> list[str]:
    names: list[str] = []

    def walk(folder: Path, prefix: str) -> None:
        for entry in sorted(folder.iterdir()):
            if entry.suffix == ".py" and entry.stem.isidentifier() and entry.stem != "__init__":
                names.append(prefix + entry.stem)
            elif entry.name.isidentifier() and entry.name not in _NOT_SCANNED and (entry / "__init__.py").is_file():
                names.append(prefix + entry.name)
                walk(entry, f"{prefix}{entry.name}.")

    walk(root, "")
    # The build's configuration has a name that is not an identifier; sysconfig imports it all the same.
    names.extend(entry.stem for entry in root.glob("_sysconfigdata_*.py"))
    return names
