"""Builds an application's import graph, pass by pass."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from modulegraph2 import BaseNode, NamespacePackage, Package

from castiron_trace.analyser.aliases import Aliases
from castiron_trace.analyser.environment import Environment
from castiron_trace.analyser.finder import StaticFinder
from castiron_trace.analyser.graph_adapter import TracedGraph, file_of, kind_of
from castiron_trace.analyser.inclusion import Inclusion
from castiron_trace.analyser.locator import TraceLocator
from castiron_trace.analyser.optional_distributions import OptionalDistributions
from castiron_trace.analyser.rules.base import Context, absolute
from castiron_trace.analyser.scans import ScanStore
from castiron_trace.analyser.syntax.scanner import defined_names
from castiron_trace.protocol import (
    APP,
    Alternatives,
    Definitions,
    FileNames,
    MachineUse,
    ModuleKind,
    Node,
    SourceError,
    StdlibFile,
    Text,
    Tier,
    TraceAnswer,
)
from castiron_trace.wire import from_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from castiron_trace.analyser.syntax.scan import Literal, Scan
    from castiron_trace.protocol import Entry, ObservedImport, TraceRequest


def trace_graph(request: TraceRequest) -> TraceAnswer:
    """Return what an application reaches of itself and its distributions; the standard library's modules are leaves."""
    # The environment: who owns which file, from metadata.  After it, no dist-info folder is read any more.
    environment = Environment(
        request.site, request.suffixes, request.distributions, libc=request.libc, roots=request.roots
    )
    stdlib = from_text(StdlibFile, Path(request.stdlib).read_bytes()).graph.modules
    scans = ScanStore(None if request.cache is None else Path(request.cache), request.site, request.hints.sources)
    locator = TraceLocator(
        roots=request.roots,
        environment=environment,
        stdlib=stdlib,
        scans=scans,
        finder=StaticFinder(request.suffixes),
        aliases=Aliases(request.hints),
        script_owner=request.entry.owner,
    )
    environment.withheld = environment.bystanders
    while True:
        context, answer = _trace_once(request, locator, environment, stdlib)
        if not environment.withheld:
            break
        # What stays out is seldom wanted after all: to begin again is cheaper than to trace everything that is there.
        optional = OptionalDistributions(context)
        wanted = optional.wanted()
        if not wanted:
            answer = replace(answer, left_out=optional.left_out())
            break
        environment.withheld -= wanted
    scans.save()
    return answer


def _trace_once(
    request: TraceRequest, locator: TraceLocator, environment: Environment, stdlib: Mapping[str, Node]
) -> tuple[Context, TraceAnswer]:
    """Return what the application reaches without the distributions that are withheld."""
    graph = TracedGraph(locator, stdlib_implies=False)
    graph.add_excludes(request.exclude)
    context = Context(
        graph=graph,
        locator=locator,
        environment=environment,
        stdlib=stdlib,
        roots=request.roots,
        program="" if request.entry.owner == APP else request.entry.owner,
        hints=request.hints,
        given_files=request.given_files,
    )
    inclusion = Inclusion(context, outside_code=request.outside_code)
    if request.rules:
        graph.add_post_processing_hook(lambda _graph, node: inclusion.look(node))

    # The entry and all that its imports lead to; the rules look at each module when its imports are read.
    entry = _add_entry(graph, request.entry)

    # What a watched run imported, and what the user includes.
    _add_observed(graph, entry, request.observed)
    unknown = _add_includes(graph, entry, request.include, locator)

    # Rules that look at all that is reached, until none adds anything.
    while inclusion.close(entry, all_rules=request.rules):
        with graph.hook_context():
            pass
    function = request.entry.function
    return context, _answer(graph, entry, inclusion=inclusion, locator=locator, function=function, unknown=unknown)


def _add_entry(graph: TracedGraph, entry: Entry) -> BaseNode:
    if entry.script is not None:
        return graph.add_script(Path(entry.script))
    if entry.as_main:
        # ``python -m package`` runs its ``__main__``; a plain module runs itself.
        main = graph.add_main_module(f"{entry.module}.__main__")
        if kind_of(main) is not ModuleKind.MISSING:
            return main
        plain = graph.add_main_module(entry.module)
        return main if isinstance(plain, Package | NamespacePackage) else plain
    return graph.add_module(entry.module)


def _add_observed(graph: TracedGraph, entry: BaseNode, observed: tuple[ObservedImport, ...]) -> None:
    """Add the imports of a watched run whose importers are reached, until there are no more."""
    waiting = list(observed)
    while waiting:
        later: list[ObservedImport] = []
        for item in waiting:
            importer = graph.find_node(item.importer) if item.importer else entry
            if not isinstance(importer, BaseNode) or kind_of(importer) is ModuleKind.MISSING:
                later.append(item)
                continue
            graph.declare(importer, item.imported, tier=Tier.OBSERVED)
            with graph.hook_context():
                pass
        if len(later) == len(waiting):
            return
        waiting = later


def _add_includes(
    graph: TracedGraph, entry: BaseNode, include: tuple[str, ...], locator: TraceLocator
) -> tuple[str, ...]:
    unknown: list[str] = []
    for name in include:
        names = locator.package_with_all(name.removesuffix(".*")) if name.endswith(".*") else [name]
        nodes = [graph.declare(entry, item) for item in names]
        with graph.hook_context():
            pass
        if kind_of(nodes[0]) is ModuleKind.MISSING:
            unknown.append(name)
    return tuple(unknown)


def _answer(
    graph: TracedGraph,
    entry: BaseNode,
    *,
    inclusion: Inclusion,
    locator: TraceLocator,
    function: str | None,
    unknown: tuple[str, ...],
) -> TraceAnswer:
    nodes: dict[str, Node] = {}
    file_names: dict[str, FileNames] = {}
    invalid: list[SourceError] = []
    machine: list[MachineUse] = []
    codecs: set[str] = set()
    mentions: set[str] = set()
    alternatives: set[Alternatives] = set()
    dynamic_codec = False
    for node in graph.module_nodes():
        owner = node.extension_attributes.get("owner")
        nodes[node.identifier] = Node(kind_of(node), owner, file_of(node))
        scan: Scan | None = node.extension_attributes.get("scan")
        if scan is None:
            continue
        codecs.update(scan.codecs)
        machine.extend(MachineUse(use.what, node.identifier, use.line) for use in scan.machine)
        mentions.update(scan.mentions)
        alternatives.update(_alternatives(node, scan, is_main=graph.is_main(node)))
        dynamic_codec = dynamic_codec or scan.dynamic_codec
        if owner == APP:
            file_names[node.identifier] = _file_names(scan)
        if scan.error is not None:
            invalid.append(SourceError(node.identifier, *scan.error))
    return TraceAnswer(
        entry=entry.identifier,
        nodes=nodes,
        edges=tuple(sorted(graph.import_edges())),
        notices=tuple(sorted(inclusion.notices)),
        files=tuple(sorted(inclusion.files)),
        invalid=tuple(sorted(invalid)),
        file_names=file_names,
        machine=tuple(sorted(machine)),
        codecs=tuple(sorted(codecs)),
        dynamic_codec=dynamic_codec,
        mentions=tuple(sorted(mentions)),
        shadowed=tuple(sorted(locator.shadowed)),
        runs_outside_code=inclusion.runs_outside_code,
        made=tuple(sorted(inclusion.made)),
        import_hook=inclusion.own_import_hook,
        given_names=dict(sorted(inclusion.given_names.items())),
        unknown_includes=unknown,
        alternatives=tuple(sorted(alternatives)),
        needed_libraries=tuple(sorted(inclusion.needed_libraries)),
        definitions=_definitions(entry, nodes[entry.identifier]) if function is not None else None,
    )


def _alternatives(node: BaseNode, scan: Scan, *, is_main: bool) -> Iterator[Alternatives]:
    for tier, texts in scan.alternatives:
        names = tuple(absolute(node, text.lstrip("."), len(text) - len(text.lstrip("."))) for text in texts)
        if all(names) and (is_main or tier == Tier.REQUIRED):
            yield Alternatives(node.identifier, names)


def _file_names(scan: Scan) -> FileNames:
    def texts(literals: tuple[Literal, ...]) -> tuple[Text, ...]:
        return tuple(Text(*literal) for literal in literals)

    return FileNames(
        strings=texts(scan.strings),
        paths=texts(scan.paths),
        patterns=texts(scan.patterns),
        opened=texts(scan.opened),
        written=scan.written,
        imports=tuple(sorted({item.module for item in scan.imports if item.level == 0})),
        changes_folder=scan.changes_folder,
    )


def _definitions(entry: BaseNode, node: Node) -> Definitions | None:
    if node.kind not in {ModuleKind.SOURCE, ModuleKind.PACKAGE}:
        return None
    origin = file_of(entry)
    names, open_ended = defined_names(Path(origin).read_bytes() if origin else b"")
    return Definitions(tuple(sorted(names)), open_ended)
