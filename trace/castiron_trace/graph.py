"""The closure of an application: the analysis of its own code and distributions, united with the stdlib's graph."""

from __future__ import annotations

import heapq
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_manifest.model import Finding, Severity, Tier
from castiron_trace.child import ask
from castiron_trace.inside.conditional import DECODERS, FOREIGN_CODECS, MINIMAL_CODECS, NO_DECODERS, TRANSFORMS
from castiron_trace.model import APP, STDLIB, InvalidModule, Reached, ReachedModule, Stdlib
from castiron_trace.stdlib_graph import FROZEN

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from castiron_trace.model import Options, ResolvedEntry, Site, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph

_Step = tuple[int, str | None, int, int]
"""The best way to a module: (weakest tier on it, importer, line, tier of the last edge)."""
_REAL = frozenset({"source", "package", "namespace", "extension", "builtin"})
_NO_TIER = 0
_PRUNED = (1, 2)
_DECLARED = 3
_PYTHON = frozenset({"source", "package", "script"})
_OBSERVED = 4
_GUESTS = {Stdlib.AUTO: None, Stdlib.USED: False, Stdlib.ALL: True}
"""Whether the program is taken to run code that is no part of it; None: as its code says."""


def analyse(
    python: TargetPython,
    stdlib: StdlibGraph,
    entry: ResolvedEntry,
    site: Site | None,
    options: Options,
    *,
    cache: Path | None,
    observed: Iterable[str] = (),
    observed_files: Iterable[Path] = (),
    prune: bool = False,
) -> Reached:
    """Return what the entry reaches.

    ``observed`` are names of modules that a run imported, ``observed_files`` what it read.  With ``prune``
    nothing else is followed but what runs when those are imported.
    """
    request = _request(stdlib, entry, site, options, python, cache=cache)
    request["observed"] = list(observed)
    request["widen"] = not prune
    request["guests"] = _GUESTS[Stdlib.USED if prune and options.stdlib is Stdlib.AUTO else options.stdlib]
    answer = ask(python, request)
    answer["files"] = sorted({*answer["files"], *map(str, observed_files)})
    return _Closure(answer, stdlib, excluded=frozenset(options.exclude), prune=prune).reached()


def _request(
    stdlib: StdlibGraph,
    entry: ResolvedEntry,
    site: Site | None,
    options: Options,
    python: TargetPython,
    *,
    cache: Path | None,
) -> dict[str, Any]:
    distributions = () if site is None else site.distributions
    return {
        "mode": "trace",
        "site": None if site is None else str(site.folder),
        "stdlib": str(stdlib.file),
        "cache": None if cache is None else str(cache),
        "suffixes": list(python.suffixes),
        "requires": {item.name: list(item.requires) for item in distributions},
        "wheels": {item.name: item.wheel.sha256 for item in distributions},
        "direct": [item.name for item in distributions if item.direct],
        "app_roots": [str(root) for root in entry.roots],
        "script": None if entry.script is None else str(entry.script),
        "script_owner": entry.entry.distribution or APP,
        "module": entry.entry.module,
        "as_main": entry.entry.kind == "module",
        "function": entry.entry.function,
        "include": list(options.include),
        "exclude": sorted(options.exclude),
    }


class _Closure:
    """Walks both graphs as one."""

    def __init__(
        self, answer: Mapping[str, Any], stdlib: StdlibGraph, *, excluded: frozenset[str], prune: bool
    ) -> None:
        self._answer = answer
        self._stdlib = stdlib
        self._excluded = excluded
        self._prune = prune
        self._entry: str = answer["entry"]
        self._edges: dict[str, list[tuple[str, int, int]]] = {}
        for source, target, tier, line in answer["edges"]:
            self._edges.setdefault(source, []).append((target, tier, line))
        if answer["hosts_guests"]:
            whole = ((name, _DECLARED, 0) for name in stdlib.whole)
            self._edges.setdefault(self._entry, []).extend(whole)
        self._nodes: Mapping[str, list[str | None]] = answer["nodes"]
        self._every_codec = not prune and (answer["dynamic_codec"] or self._reads_encodings())
        self._roots = [*stdlib.startup, "builtins", *(f"encodings.{name}" for name in MINIMAL_CODECS)]
        self._roots.extend(self._codecs())

    def reached(self) -> Reached:
        mentioned = self._mentioned()
        best = self._walk(mentioned)
        modules: dict[str, ReachedModule] = {}
        missing: dict[str, tuple[str, int, int]] = {}
        for name, (weakest, importer, line, tier) in best.items():
            kind, owner, file = self._node(name)
            if kind == "missing" and importer is not None and name not in FROZEN:
                missing[name] = self._who_misses(name, best)
            elif kind in _REAL or kind == "script":
                public = self._public(name) or name
                modules[public] = ReachedModule(
                    name=public,
                    kind="source" if kind == "script" else kind,
                    owner=owner or STDLIB,
                    file=None if file is None else Path(file),
                    importer="(run)" if tier == _OBSERVED else self._public(importer),
                    line=line,
                    tier=tier,
                    weakest=weakest,
                )
        strings = self._answer["strings"]
        invalid = [
            InvalidModule(
                name=name,
                owner=owner or APP,
                file=Path(file or name),
                line=line,
                message=message,
                weakest=best[name][0],
            )
            for name, line, message in self._answer["invalid"]
            if name in best
            for _kind, owner, file in [self._node(name)]
        ]
        return Reached(
            modules=dict(sorted(modules.items())),
            entry=self._public(self._entry) or "",
            findings=tuple(self._findings(best)),
            # A source that does not parse may still be read: it goes in as a file.
            files=frozenset({*map(Path, self._answer["files"]), *(item.file for item in invalid)}),
            strings={
                self._public(name) or name: tuple((text, line) for text, line in strings[name])
                for name in sorted(strings)
                if name in best
            },
            missing=dict(sorted(missing.items())),
            unknown_includes=tuple(self._answer["unknown"]),
            defines=None
            if self._answer["defines"] is None
            else (frozenset(self._answer["defines"][0]), bool(self._answer["defines"][1])),
            invalid=tuple(invalid),
        )

    def _who_misses(self, name: str, best: Mapping[str, _Step]) -> tuple[str, int, int]:
        """Return (importer, line, weakest tier); a missing package is missed by whoever imports its module."""
        weakest, importer, line, _tier = best[name]
        while importer is not None and self._kind(importer) == "missing":
            weakest, importer, line, _tier = best[importer]
        return self._public(importer) or "", line, weakest

    def _public(self, name: str | None) -> str | None:
        """Return the name that the manifest has for a node: the script's is its file."""
        return "__main__" if name == self._entry and self._kind(name) == "script" else name

    def _node(self, name: str) -> tuple[str, str | None, str | None]:
        node = self._nodes.get(name)
        if node is not None and node[1] == "(virtual)":
            return "virtual", None, None
        if node is not None and node[1] != STDLIB:
            return node[0] or "missing", node[1], node[2]
        known = self._stdlib.modules.get(name)
        if known is None:
            return "missing", None, None
        return known[0] or "missing", STDLIB, known[1]

    def _kind(self, name: str | None) -> str:
        return "" if name is None else self._node(name)[0]

    def _next(self, name: str, mentioned: Collection[str]) -> Iterable[tuple[str, int, int]]:
        yield from self._edges.get(name, ())
        if self._every_codec and name in TRANSFORMS:
            yield f"encodings.{TRANSFORMS[name]}", _NO_TIER, 0
        node = self._nodes.get(name)
        if node is None or node[1] == STDLIB:
            if (parent := name.rpartition(".")[0]) and parent in self._stdlib.modules:
                yield parent, _NO_TIER, 0
            yield from self._stdlib.edges(name, mentioned)

    def _walk(self, mentioned: Mapping[str, set[str]]) -> dict[str, _Step]:
        """Return for every module the best way to it: (weakest tier, importer, line, tier of the last edge).

        The best way is the strongest, then the shortest, then the first by name: Dijkstra's algorithm.
        """
        best: dict[str, _Step] = {}
        queue: list[tuple[int, int, str, str, int, int]] = [(0, 0, self._entry, "", 0, 0)]
        queue.extend((0, 1_000_000, name, "", 0, 0) for name in self._roots)
        while queue:
            weakest, hops, name, importer, line, tier = heapq.heappop(queue)
            if name in best:
                continue
            best[name] = (weakest, importer or None, line, tier)
            others = {text for text, sources in mentioned.items() if sources - {name}}
            for target, edge_tier, edge_line in self._next(name, others):
                if target in best or (self._prune and edge_tier in _PRUNED):
                    continue
                if not _is_below(target, self._excluded):
                    heapq.heappush(queue, (max(weakest, edge_tier), hops + 1, target, name, edge_line, edge_tier))
        return best

    def _mentioned(self) -> dict[str, set[str]]:
        """Return the names of `CONDITIONAL` in use -> the modules that use them (a fixed point)."""
        mentioned: dict[str, set[str]] = {name: {"(application)"} for name in self._answer["mentions"]}
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
            _is_below(target, DECODERS) and target not in NO_DECODERS
            for source, edges in self._edges.items()
            if (self._kind(source) in _PYTHON and self._node(source)[1] != STDLIB)
            for target, tier, _line in edges
            if tier != _DECLARED
        )

    def _codecs(self) -> list[str]:
        available = set(self._stdlib.codecs) - FOREIGN_CODECS
        found = available - {*TRANSFORMS.values()} if self._every_codec else set()
        for text in self._answer["codecs"]:
            name = "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_")
            found |= {name, *_aliased_codec(name)} & available
        return [f"encodings.{name}" for name in sorted(found)]

    def _findings(self, best: Collection[str]) -> Iterable[Finding]:
        for code, severity, subject, message in self._answer["findings"]:
            yield Finding(code=code, severity=Severity(severity), subject=subject, message=message)
        for name in self._answer["shadowed"]:
            yield Finding(
                code="shadows-stdlib",
                severity=Severity.WARNING,
                subject=name,
                message=f"The application's own {name} hides the standard library's module of that name.",
            )
        for name in best:
            if self._kind(name) == "bytecode":
                yield Finding(
                    code="bytecode-only",
                    severity=Severity.WARNING,
                    subject=name,
                    message="There is bytecode without a source, which fits one version of Python: it does not go in.",
                )
        for name, line, message in self._answer["invalid"]:
            if name in best and name != self._entry:
                yield Finding(
                    code="syntax-error",
                    severity=Severity.INFO,
                    subject=name,
                    message=f"Line {line} is no Python of the target's version ({message}): it goes in as a data file.",
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


def tier_name(tier: int) -> Tier:
    """Return the model's tier for the number that the analysis uses."""
    return (Tier.REQUIRED, Tier.GUARDED, Tier.LAZY, Tier.DECLARED, Tier.OBSERVED)[tier]
