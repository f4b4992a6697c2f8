"""Walks two graphs as one: what the application and its distributions import, and what the standard library does."""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_manifest.model import Finding, Severity
from castiron_trace.alternatives import certain_imports
from castiron_trace.analyser.conditional import MINIMAL_CODECS, REPLACED, TRANSFORMS, USED_MODULES, program_mark
from castiron_trace.codec_choice import chosen_codecs, is_below, reads_encodings
from castiron_trace.model import InvalidModule, MissingLibrary, Reached, ReachedModule
from castiron_trace.protocol import APP, STDLIB, VIRTUAL, Import, ModuleKind, Node, Tier, TraceAnswer
from castiron_trace.stdlib_graph import FROZEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from castiron_trace.stdlib_graph import StdlibGraph

_Step = tuple[Tier, str | None, int, Tier]
"""The best way to a module: (weakest tier on it, importer, line, tier of the last edge)."""
_PYTHON = frozenset({ModuleKind.SOURCE, ModuleKind.PACKAGE, ModuleKind.SCRIPT})
_REAL = _PYTHON | {ModuleKind.NAMESPACE, ModuleKind.EXTENSION, ModuleKind.BUILTIN}
_MAY_NOT_RUN = frozenset({Tier.GUARDED, Tier.LAZY})
_STARTS_PROGRAMS = frozenset({"asyncio", "multiprocessing", "pty", "subprocess"})
"""Modules of the standard library with which programs are started."""
_NOWHERE = Node(ModuleKind.MISSING)


class Closure:
    """The closure of one application."""

    def __init__(
        self,
        answer: TraceAnswer,
        stdlib: StdlibGraph,
        *,
        files: frozenset[Path],
        excluded: frozenset[str],
        loaded: frozenset[str] | None = None,
    ) -> None:
        """``loaded`` are the modules of a watched run: imports that may not run are followed to these only.

        None to follow them all.
        """
        self._answer = answer
        self._files = files
        self._stdlib = stdlib
        self._excluded = excluded
        self._kept_out: set[str] = set()
        self._loaded = loaded
        self._entry = answer.entry
        self._edges: dict[str, list[Import]] = {}
        self._certain = certain_imports(answer)
        for edge in answer.edges:
            certain = edge.tier is Tier.GUARDED and (edge.importer, edge.imported) in self._certain
            # A handler that is none for a module which is missing may be one for SyntaxError.
            parses = edge.imported not in answer.nodes or answer.nodes[edge.imported].kind is not ModuleKind.INVALID
            tier = Tier.REQUIRED if certain and parses else edge.tier
            self._edges.setdefault(edge.importer, []).append(Import(edge.imported, tier, edge.line))
        if answer.runs_outside_code:
            whole = (Import(name, Tier.DECLARED, 0) for name in stdlib.whole)
            self._edges.setdefault(self._entry, []).extend(whole)
        self._nodes = answer.nodes
        self._every_codec = loaded is None and (answer.dynamic_codec or reads_encodings(self._python_imports()))
        self._roots = [*stdlib.startup, "builtins", *(f"encodings.{name}" for name in MINIMAL_CODECS)]
        named = {*answer.codecs, *(self._own_texts() if answer.dynamic_codec else ())}
        self._roots.extend(chosen_codecs(stdlib.codecs, named, every=self._every_codec))

    def _own_texts(self) -> Iterator[str]:
        """Yield the application's strings: where encodings are computed, some of them may be their names."""
        for names in self._answer.file_names.values():
            yield from (item.text for item in names.strings)

    def _python_imports(self) -> Iterator[Import]:
        """Yield the imports in sources of the application and of distributions."""
        for importer, imports in self._edges.items():
            if self._kind(importer) in _PYTHON and self._node(importer).owner != STDLIB:
                yield from imports

    def reached(self) -> Reached:
        """Return the modules on the best ways to them, and what was noticed."""
        best = self._best()
        invalid = tuple(self._invalid(best))
        return Reached(
            modules=self._modules(best),
            entry=self._public(self._entry) or "",
            findings=tuple(self._findings(best)),
            # A source that does not parse may still be read: it goes in as a file.
            files=frozenset({*self._files, *(item.file for item in invalid)}),
            file_names={
                self._public(name) or name: names
                for name, names in sorted(self._answer.file_names.items())
                if name in best
            },
            machine=tuple(
                use._replace(module=self._public(use.module) or use.module)
                for use in self._answer.machine
                if use.module in best
            ),
            alternatives={
                (self._public(importer) or importer, name): names for (importer, name), names in self._certain.items()
            },
            missing={
                name: self._who_misses(name, best)
                for name in sorted(best)
                if self._kind(name) is ModuleKind.MISSING
                and best[name][1] is not None
                and name not in FROZEN
                and name not in self._answer.made
            },
            import_hook=self._answer.import_hook,
            given_names=self._answer.given_names,
            unknown_includes=self._answer.unknown_includes,
            definitions=self._answer.definitions,
            invalid=invalid,
            missing_libraries=tuple(
                MissingLibrary(
                    importer=self._public(item.module) or item.module,
                    line=item.line,
                    names=item.names,
                    remedy=item.remedy,
                    weakest=best[item.module][0],
                )
                for item in self._answer.needed_libraries
                if item.module in best
            ),
            starters=frozenset(
                self._node(importer).owner or ""
                for importer, imports in self._edges.items()
                if importer in best and any(edge.imported in _STARTS_PROGRAMS for edge in imports)
            ),
            left_out=tuple(
                item._replace(importer=self._public(item.importer) or item.importer)
                for item in self._answer.left_out
                if item.importer in best
            ),
            kept_out=frozenset(self._kept_out),
        )

    def _modules(self, best: Mapping[str, _Step]) -> dict[str, ReachedModule]:
        modules: dict[str, ReachedModule] = {}
        for name, (weakest, importer, line, tier) in best.items():
            node = self._node(name)
            if node.kind not in _REAL:
                continue
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
        return dict(sorted(modules.items()))

    def _invalid(self, best: Mapping[str, _Step]) -> Iterator[InvalidModule]:
        for error in self._answer.invalid:
            if error.module in best:
                node = self._node(error.module)
                yield InvalidModule(
                    name=error.module,
                    owner=node.owner or APP,
                    file=Path(node.file or error.module),
                    line=error.line,
                    message=error.message,
                    weakest=best[error.module][0],
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
        if self._loaded is not None:
            others = (other for other in REPLACED.get(name, ()) if other in self._stdlib.modules)
            yield from (Import(other, Tier.REQUIRED, 0) for other in others)
        node = self._nodes.get(name)
        if node is None or node.owner == STDLIB:
            if (parent := name.rpartition(".")[0]) and parent in self._stdlib.modules:
                yield Import(parent, Tier.REQUIRED, 0)
            yield from self._stdlib.edges(name, mentioned)

    def _walk(self, mentioned: Mapping[str, set[str]]) -> dict[str, _Step]:
        """Return for every module the best way to it: (weakest tier, importer, line, tier of the last edge).

        The best way is the strongest, then the shortest, then the first by name: Dijkstra's algorithm.
        """
        everything = frozenset(mentioned)
        # What a module alone mentions is no reason for it to import more.
        own: dict[str, set[str]] = {}
        for text, sources in mentioned.items():
            if len(sources) == 1:
                own.setdefault(next(iter(sources)), set()).add(text)
        best: dict[str, _Step] = {}
        queue: list[tuple[Tier, int, str, str, int, Tier]] = [(Tier.REQUIRED, 0, self._entry, "", 0, Tier.REQUIRED)]
        queue.extend((Tier.REQUIRED, 1_000_000, name, "", 0, Tier.REQUIRED) for name in self._roots)
        while queue:
            weakest, hops, name, importer, line, tier = heapq.heappop(queue)
            if name in best:
                continue
            best[name] = (weakest, importer or None, line, tier)
            others = everything - own[name] if name in own else everything
            for edge in self._next(name, others):
                if edge.imported in best or not self._followed(name, edge):
                    continue
                if is_below(edge.imported, self._excluded):
                    self._kept_out.add(edge.imported)
                else:
                    weaker = max(weakest, edge.tier)
                    heapq.heappush(queue, (weaker, hops + 1, edge.imported, name, edge.line, edge.tier))
        return best

    def _followed(self, importer: str, edge: Import) -> bool:
        """Say whether an import counts: of those that may not run, a watched run tells which do.

        It tells nothing of modules that it did not load and that C code may load all the same (`traceback`, for an
        error): these get the accelerators that they import where they can, as they may be half a module without.
        """
        if self._loaded is None or edge.imported in self._loaded:
            return True
        if edge.tier is Tier.DECLARED:
            # Names in machine code, of what it may import; what the user includes is the entry's, C code's is Python's.
            return importer == self._entry or self._node(importer).owner == STDLIB
        if edge.tier not in _MAY_NOT_RUN:
            return True
        accelerated = edge.tier is Tier.GUARDED and self._kind(edge.imported) is ModuleKind.BUILTIN
        return accelerated and importer not in self._loaded

    def _best(self) -> dict[str, _Step]:
        """Return the best ways with all names of `CONDITIONAL` that modules on them use (a fixed point)."""
        marks = {*self._answer.mentions, program_mark(self._entry)}
        mentioned: dict[str, set[str]] = {name: {"(application)"} for name in marks}
        while True:
            before = sum(map(len, mentioned.values()))
            best = self._walk(mentioned)
            for name in best:
                if name in self._stdlib.modules:
                    for text in self._stdlib.mentions.get(name, ()):
                        mentioned.setdefault(text, set()).add(name)
            for module, mark in USED_MODULES.items():
                if module in best:
                    mentioned.setdefault(mark, {"(application)"})
            if sum(map(len, mentioned.values())) == before:
                return best

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
                    message="It does not go in, as there is only bytecode, which works with one version of Python.",
                )
        for error in self._answer.invalid:
            if error.module in best and error.module != self._entry:
                yield Finding(
                    code="syntax-error",
                    severity=Severity.INFO,
                    subject=error.module,
                    message=f"The target's Python cannot parse {f'line {error.line}' if error.line else 'it'} "
                    f"({error.message}): it goes in as a data file.",
                )


def _manifest_kind(kind: ModuleKind) -> str:
    """Return the value of `castiron_manifest.model.ModuleKind`: a script is a source that the program starts with."""
    return str((ModuleKind.SOURCE if kind is ModuleKind.SCRIPT else kind).value)
