"""The closure of an application: the analysis of its own code and distributions, united with the stdlib's graph."""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_manifest.model import EntryKind, Finding, Severity
from castiron_manifest.model import Tier as ManifestTier
from castiron_trace.analyser.conditional import DECODERS, FOREIGN_CODECS, MINIMAL_CODECS, NO_DECODERS, TRANSFORMS
from castiron_trace.analyser_key import analyser_key
from castiron_trace.child import ask
from castiron_trace.model import InvalidModule, Reached, ReachedModule, Stdlib
from castiron_trace.protocol import (
    APP,
    STDLIB,
    VIRTUAL,
    Entry,
    Import,
    Installed,
    ModuleKind,
    Node,
    Tier,
    TraceAnswer,
    TraceRequest,
)
from castiron_trace.stdlib_graph import FROZEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from castiron_trace.hints.model import Hints
    from castiron_trace.model import Options, ResolvedEntry, Site, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph

_Step = tuple[Tier, str | None, int, Tier]
"""The best way to a module: (weakest tier on it, importer, line, tier of the last edge)."""
_PYTHON = frozenset({ModuleKind.SOURCE, ModuleKind.PACKAGE, ModuleKind.SCRIPT})
_REAL = _PYTHON | {ModuleKind.NAMESPACE, ModuleKind.EXTENSION, ModuleKind.BUILTIN}
_PRUNED = frozenset({Tier.GUARDED, Tier.LAZY})
_NOWHERE = Node(ModuleKind.MISSING)
_OUTSIDE_CODE = {Stdlib.AUTO: None, Stdlib.USED: False, Stdlib.ALL: True}
"""Whether the program is taken to run code that is no part of it; None: as its code says."""


def analyse(
    python: TargetPython,
    stdlib: StdlibGraph,
    entry: ResolvedEntry,
    site: Site | None,
    options: Options,
    *,
    hints: Hints,
    cache: Path | None,
    observed: Iterable[str] = (),
    observed_files: Iterable[Path] = (),
    prune: bool = False,
) -> Reached:
    """Return what the entry reaches.

    ``observed`` are names of modules that a run imported, ``observed_files`` what it read.  With ``prune``
    nothing else is followed but what runs when those are imported.
    """
    excluded = frozenset(options.exclude).union(*(hint.modules for hint in hints.excludes))
    distributions = () if site is None else site.distributions
    request = TraceRequest(
        entry=Entry(
            module=entry.entry.module,
            owner=entry.entry.distribution or APP,
            script=None if entry.script is None else str(entry.script),
            as_main=entry.entry.kind is EntryKind.MODULE,
            function=entry.entry.function,
        ),
        roots=tuple(map(str, entry.roots)),
        site="" if site is None else str(site.folder),
        distributions=tuple(
            Installed(item.name, item.wheel.sha256, requires=tuple(item.requires), direct=item.direct)
            for item in distributions
        ),
        stdlib=str(stdlib.file),
        cache=None if cache is None else str(cache / f"{options.target.python}-{analyser_key(hints.sources)}"),
        suffixes=python.suffixes,
        include=options.include,
        exclude=tuple(sorted(excluded)),
        observed=tuple(observed),
        rules=not prune,
        hints=hints,
        outside_code=_OUTSIDE_CODE[Stdlib.USED if prune and options.stdlib is Stdlib.AUTO else options.stdlib],
    )
    answer = ask(python, request, TraceAnswer)
    files = frozenset({*map(Path, answer.files), *observed_files})
    return _Closure(answer, stdlib, files=files, excluded=excluded, prune=prune).reached()


class _Closure:
    """Walks both graphs as one."""

    def __init__(
        self,
        answer: TraceAnswer,
        stdlib: StdlibGraph,
        *,
        files: frozenset[Path],
        excluded: frozenset[str],
        prune: bool,
    ) -> None:
        self._answer = answer
        self._files = files
        self._stdlib = stdlib
        self._excluded = excluded
        self._prune = prune
        self._entry = answer.entry
        self._edges: dict[str, list[Import]] = {}
        for edge in answer.edges:
            self._edges.setdefault(edge.importer, []).append(Import(edge.imported, edge.tier, edge.line))
        if answer.runs_outside_code:
            whole = (Import(name, Tier.DECLARED, 0) for name in stdlib.whole)
            self._edges.setdefault(self._entry, []).extend(whole)
        self._nodes = answer.nodes
        self._every_codec = not prune and (answer.dynamic_codec or self._reads_encodings())
        self._roots = [*stdlib.startup, "builtins", *(f"encodings.{name}" for name in MINIMAL_CODECS)]
        self._roots.extend(self._codecs())

    def reached(self) -> Reached:
        mentioned = self._mentioned()
        best = self._walk(mentioned)
        modules: dict[str, ReachedModule] = {}
        missing: dict[str, tuple[str, int, Tier]] = {}
        for name, (weakest, importer, line, tier) in best.items():
            node = self._node(name)
            if node.kind is ModuleKind.MISSING and importer is not None and name not in FROZEN:
                missing[name] = self._who_misses(name, best)
            elif node.kind in _REAL:
                public = self._public(name) or name
                modules[public] = ReachedModule(
                    name=public,
                    kind=_manifest_kind(node.kind),
                    owner=node.owner or STDLIB,
                    file=None if node.file is None else Path(node.file),
                    importer="(run)" if tier is Tier.OBSERVED else self._public(importer),
                    line=line,
                    tier=tier,
                    weakest=weakest,
                )
        invalid = [
            InvalidModule(
                name=error.module,
                owner=node.owner or APP,
                file=Path(node.file or error.module),
                line=error.line,
                message=error.message,
                weakest=best[error.module][0],
            )
            for error in self._answer.invalid
            if error.module in best
            for node in [self._node(error.module)]
        ]
        return Reached(
            modules=dict(sorted(modules.items())),
            entry=self._public(self._entry) or "",
            findings=tuple(self._findings(best)),
            # A source that does not parse may still be read: it goes in as a file.
            files=frozenset({*self._files, *(item.file for item in invalid)}),
            strings={
                self._public(name) or name: strings
                for name, strings in sorted(self._answer.strings.items())
                if name in best
            },
            missing=dict(sorted(missing.items())),
            unknown_includes=self._answer.unknown_includes,
            definitions=self._answer.definitions,
            invalid=tuple(invalid),
        )

    def _who_misses(self, name: str, best: Mapping[str, _Step]) -> tuple[str, int, Tier]:
        """Return (importer, line, weakest tier); a missing package is missed by whoever imports its module."""
        weakest, importer, line, _tier = best[name]
        while importer is not None and self._kind(importer) is ModuleKind.MISSING:
            weakest, importer, line, _tier = best[importer]
        return self._public(importer) or "", line, weakest

    def _public(self, name: str | None) -> str | None:
        """Return the name that the manifest has for a node: the script's is its file."""
        return "__main__" if name == self._entry and self._kind(name) is ModuleKind.SCRIPT else name

    def _node(self, name: str) -> Node:
        node = self._nodes.get(name)
        if node is not None and node.owner == VIRTUAL:
            return Node(ModuleKind.ALIAS, VIRTUAL)
        if node is not None and node.owner != STDLIB:
            return node
        return self._stdlib.modules.get(name, _NOWHERE)

    def _kind(self, name: str | None) -> ModuleKind:
        return ModuleKind.MISSING if name is None else self._node(name).kind

    def _next(self, name: str, mentioned: Collection[str]) -> Iterable[Import]:
        yield from self._edges.get(name, ())
        if self._every_codec and name in TRANSFORMS:
            yield Import(f"encodings.{TRANSFORMS[name]}", Tier.REQUIRED, 0)
        node = self._nodes.get(name)
        if node is None or node.owner == STDLIB:
            if (parent := name.rpartition(".")[0]) and parent in self._stdlib.modules:
                yield Import(parent, Tier.REQUIRED, 0)
            yield from self._stdlib.edges(name, mentioned)

    def _walk(self, mentioned: Mapping[str, set[str]]) -> dict[str, _Step]:
        """Return for every module the best way to it: (weakest tier, importer, line, tier of the last edge).

        The best way is the strongest, then the shortest, then the first by name: Dijkstra's algorithm.
        """
        best: dict[str, _Step] = {}
        queue: list[tuple[Tier, int, str, str, int, Tier]] = [(Tier.REQUIRED, 0, self._entry, "", 0, Tier.REQUIRED)]
        queue.extend((Tier.REQUIRED, 1_000_000, name, "", 0, Tier.REQUIRED) for name in self._roots)
        while queue:
            weakest, hops, name, importer, line, tier = heapq.heappop(queue)
            if name in best:
                continue
            best[name] = (weakest, importer or None, line, tier)
            others = {text for text, sources in mentioned.items() if sources - {name}}
            for edge in self._next(name, others):
                if edge.imported in best or (self._prune and edge.tier in _PRUNED):
                    continue
                if not _is_below(edge.imported, self._excluded):
                    weaker = max(weakest, edge.tier)
                    heapq.heappush(queue, (weaker, hops + 1, edge.imported, name, edge.line, edge.tier))
        return best

    def _mentioned(self) -> dict[str, set[str]]:
        """Return the names of `CONDITIONAL` in use -> the modules that use them (a fixed point)."""
        mentioned: dict[str, set[str]] = {name: {"(application)"} for name in self._answer.mentions}
        while True:
            before = sum(map(len, mentioned.values()))
            for name in self._walk(mentioned):
                if name in self._stdlib.modules:
                    for text in self._stdlib.mentions.get(name, ()):
                        mentioned.setdefault(text, set()).add(name)
            if "importlib.resources" in (names := self._walk(mentioned)):
                mentioned.setdefault("importlib_resources", {"(application)"})
            if "importlib.metadata" in names:
                mentioned.setdefault("importlib_metadata", {"(application)"})
            if sum(map(len, mentioned.values())) == before:
                return mentioned

    def _reads_encodings(self) -> bool:
        """Whether the application or a distribution uses a part of the standard library that decodes what it reads."""
        return any(
            _is_below(edge.imported, DECODERS) and edge.imported not in NO_DECODERS
            for source, edges in self._edges.items()
            if (self._kind(source) in _PYTHON and self._node(source).owner != STDLIB)
            for edge in edges
            if edge.tier is not Tier.DECLARED
        )

    def _codecs(self) -> list[str]:
        available = set(self._stdlib.codecs) - FOREIGN_CODECS
        found = available - {*TRANSFORMS.values()} if self._every_codec else set()
        for text in self._answer.codecs:
            name = "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_")
            found |= {name, *_aliased_codec(name)} & available
        return [f"encodings.{name}" for name in sorted(found)]

    def _findings(self, best: Collection[str]) -> Iterable[Finding]:
        for notice in self._answer.notices:
            yield Finding(
                code=notice.code,
                severity=Severity(notice.severity),
                subject=notice.subject,
                message=notice.message,
            )
        for name in self._answer.shadowed:
            yield Finding(
                code="shadows-stdlib",
                severity=Severity.WARNING,
                subject=name,
                message=f"The application's own {name} hides the standard library's module of that name.",
            )
        for name in best:
            if self._kind(name) is ModuleKind.BYTECODE:
                yield Finding(
                    code="bytecode-only",
                    severity=Severity.WARNING,
                    subject=name,
                    message="There is bytecode without a source, which fits one version of Python: it does not go in.",
                )
        for error in self._answer.invalid:
            if error.module in best and error.module != self._entry:
                yield Finding(
                    code="syntax-error",
                    severity=Severity.INFO,
                    subject=error.module,
                    message=f"Line {error.line} is no Python of the target's version ({error.message}): "
                    "it goes in as a data file.",
                )


def _is_below(name: str, names: Collection[str]) -> bool:
    """Say whether a module is one of these or inside of one."""
    return any(name == other or name.startswith(f"{other}.") for other in names)


def _aliased_codec(name: str) -> set[str]:
    """Return the codec modules an encoding's alias stands for; the tables of Python 3.11 and later agree."""
    from encodings.aliases import aliases

    return {aliases[name]} if name in aliases else set()


def chain(reached: Reached, name: str) -> list[ReachedModule]:
    """Return the modules from the entry to ``name``, each imported by the one before."""
    found: list[ReachedModule] = []
    seen: set[str] = set()
    current: str | None = name
    while current is not None and current in reached.modules and current not in seen:
        seen.add(current)
        module = reached.modules[current]
        found.append(module)
        current = module.importer
    return found[::-1]


def tier_name(tier: Tier) -> ManifestTier:
    """Return the manifest's name of a tier."""
    return ManifestTier[tier.name]


def _manifest_kind(kind: ModuleKind) -> str:
    """Return the value of `castiron_manifest.model.ModuleKind`: a script is a source that the program starts with."""
    return str((ModuleKind.SOURCE if kind is ModuleKind.SCRIPT else kind).value)
