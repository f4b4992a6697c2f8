"""The two analyses: the standard library's own graph, and an application's."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from modulegraph2 import NamespacePackage, Package

from castiron_trace.inside.ast_pass import defined_names
from castiron_trace.inside.conditional import FROM_C
from castiron_trace.inside.finder import StaticFinder
from castiron_trace.inside.graph_adapter import APP, TracedGraph, file_of, kind_of
from castiron_trace.inside.locator import StdlibLocator, TraceLocator
from castiron_trace.inside.policy import InclusionPolicy
from castiron_trace.inside.scan import DECLARED, OBSERVED, REQUIRED
from castiron_trace.inside.scans import ScanStore
from castiron_trace.inside.world import World

_NOT_SCANNED = frozenset({"test", "idlelib", "turtledemo", "lib2to3", "ensurepip", "__pycache__", "site-packages"})
"""Folders of the standard library that no application needs (tests, editors) or that are not modules."""


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Run the analysis that the request names."""
    return {"stdlib": stdlib_graph, "trace": trace_graph}[request["mode"]](request)


def stdlib_graph(request: dict[str, Any]) -> dict[str, Any]:
    """Return all modules of the standard library with every import between them."""
    root = Path(request["root"])
    builtins = set(request["builtins"]) | set(sys.builtin_module_names)
    scans = ScanStore(None, None)
    locator = StdlibLocator(root=str(root), builtins=builtins, scans=scans, finder=StaticFinder([]))
    graph = TracedGraph(locator, stdlib_implies=True)
    for name in sorted({*_stdlib_names(root), *builtins}):
        graph.add_module(name)
    nodes: dict[str, list[str | None]] = {}
    for node in graph.module_nodes():
        kind = kind_of(node)
        if kind in {"source", "package", "builtin", "alias"}:
            origin = file_of(node)
            nodes[node.name] = [kind, None if origin is None else Path(origin).relative_to(root).as_posix()]
    edges: dict[str, list[list[Any]]] = {}
    for source, target, tier, line in graph.import_edges():
        if source in nodes and target in nodes:
            edges.setdefault(source, []).append([target, tier, line])
    for source, targets in FROM_C.items():
        edges.setdefault(source, []).extend(
            [target, REQUIRED, 0] for target in targets if target in nodes and source in nodes
        )
    mentions: dict[str, list[str]] = {}
    for node in graph.module_nodes():
        # What the standard library has of these stands in comments.
        ignored = {"@non_ascii", "@named_character"}
        names = set(node.extension_attributes.get("scan", {}).get("mentions", ())) - ignored
        if names and node.name in nodes:
            mentions[node.name] = sorted(names)
    return {
        "modules": nodes,
        "edges": {name: sorted(edges[name]) for name in sorted(edges)},
        "mentions": dict(sorted(mentions.items())),
    }


def _stdlib_names(root: Path) -> list[str]:
    found: list[str] = []

    def walk(folder: Path, prefix: str) -> None:
        for entry in sorted(folder.iterdir()):
            if entry.suffix == ".py" and entry.stem.isidentifier() and entry.stem != "__init__":
                found.append(prefix + entry.stem)
            elif entry.name.isidentifier() and entry.name not in _NOT_SCANNED and (entry / "__init__.py").is_file():
                found.append(prefix + entry.name)
                walk(entry, f"{prefix}{entry.name}.")

    walk(root, "")
    # The build's configuration has a name that is no identifier; sysconfig imports it all the same.
    found.extend(entry.stem for entry in root.glob("_sysconfigdata_*.py"))
    return found


def trace_graph(request: dict[str, Any]) -> dict[str, Any]:
    """Return what an application reaches of itself and its distributions; the standard library's modules are leaves."""
    site: str | None = request["site"]
    stdlib = json.loads(Path(request["stdlib"]).read_bytes())["modules"]
    cache = None if request["cache"] is None else Path(request["cache"])
    scans = ScanStore(cache, site)
    suffixes: list[str] = request["suffixes"]
    world = World(site, suffixes, request["requires"])
    locator = TraceLocator(
        app_roots=request["app_roots"],
        site=site,
        stdlib=stdlib,
        world=world,
        scans=scans,
        finder=StaticFinder(suffixes),
        wheels=request["wheels"],
        script_owner=request["script_owner"],
    )
    policy = InclusionPolicy(
        locator=locator,
        world=world,
        stdlib=stdlib,
        app_roots=request["app_roots"],
        direct=request["direct"],
        program=None if request["script_owner"] == APP else request["script_owner"],
        guests=request["guests"],
        site=site,
    )
    graph = TracedGraph(locator, stdlib_implies=False)
    graph.add_excludes(request["exclude"])
    if request["widen"]:
        graph.add_post_processing_hook(lambda _graph, node: policy(graph, node))
    entry = _add_entry(graph, request)
    for name in request["observed"]:
        graph.declare(entry, name, tier=OBSERVED)
        with graph.hook_context():
            pass
    unknown = _add_includes(graph, entry, request["include"], locator, world)
    while request["widen"] and policy.finish(graph, entry):
        with graph.hook_context():
            pass
    scans.save()
    return _result(graph, entry, policy, locator, request) | {"unknown": unknown}


def _add_entry(graph: TracedGraph, request: dict[str, Any]) -> Any:
    if request["script"] is not None:
        return graph.add_script(request["script"])
    if request["as_main"]:
        # ``python -m package`` runs its ``__main__``; a plain module runs itself.
        name = request["module"]
        main = graph.add_main_module(f"{name}.__main__")
        if kind_of(main) != "missing":
            return main
        plain = graph.add_main_module(name)
        return main if isinstance(plain, Package | NamespacePackage) else plain
    return graph.add_module(request["module"])


def _add_includes(graph: TracedGraph, entry: Any, include: list[str], locator: TraceLocator, world: World) -> list[str]:
    unknown: list[str] = []
    for name in include:
        names = [name]
        if name.endswith(".*"):
            base = name[:-2]
            names = [base, *(m for m in sorted(world.modules) if m.startswith(base + "."))]
            names.extend(locator.own_modules_below(base))
        nodes = [graph.declare(entry, item, tier=DECLARED) for item in names]
        with graph.hook_context():
            pass
        if kind_of(nodes[0]) == "missing":
            unknown.append(name)
    return unknown


def _result(
    graph: TracedGraph, entry: Any, policy: InclusionPolicy, locator: TraceLocator, request: dict[str, Any]
) -> dict[str, Any]:
    nodes: dict[str, list[str | None]] = {}
    strings: dict[str, list[list[Any]]] = {}
    invalid: list[list[Any]] = []
    codecs: set[str] = set()
    mentions: set[str] = set()
    dynamic_codec = False
    for node in graph.module_nodes():
        kind, owner = kind_of(node), node.extension_attributes.get("owner")
        nodes[node.identifier] = [kind, owner, file_of(node)]
        scan = node.extension_attributes.get("scan")
        if scan is None:
            continue
        codecs.update(scan["codecs"])
        mentions.update(scan["mentions"])
        dynamic_codec = dynamic_codec or scan["dynamic_codec"]
        if owner == APP:
            strings[node.identifier] = scan["strings"]
        if scan["error"]:
            invalid.append([node.identifier, *scan["error"]])
    defines: list[Any] | None = None
    if request["function"] is not None and nodes[entry.identifier][0] in {"source", "package"}:
        origin = file_of(entry)
        names, open_ended = defined_names(Path(origin).read_bytes() if origin else b"")
        defines = [sorted(names), open_ended]
    return {
        "entry": entry.identifier,
        "nodes": nodes,
        "edges": sorted(graph.import_edges()),
        "findings": sorted(policy.findings),
        "files": sorted(policy.files),
        "invalid": sorted(invalid),
        "strings": strings,
        "codecs": sorted(codecs),
        "dynamic_codec": dynamic_codec,
        "mentions": sorted(mentions),
        "shadowed": sorted(locator.shadowed),
        "defines": defines,
        "hosts_guests": policy.hosts_guests,
    }
