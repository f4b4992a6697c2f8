"""Asks the analyser what an application imports, and unites the answer with the standard library's own graph."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_manifest.model import EntryKind
from castiron_manifest.model import Tier as ManifestTier
from castiron_trace.analyser_key import analyser_key
from castiron_trace.child import ask
from castiron_trace.closure import Closure
from castiron_trace.model import Reached, ReachedModule, Stdlib
from castiron_trace.observations import APPLICATION, NOT_RUN
from castiron_trace.protocol import (
    APP,
    Entry,
    Installed,
    Tier,
    TraceAnswer,
    TraceRequest,
)

if TYPE_CHECKING:
    from castiron_common.target import Libc
    from castiron_trace.child import Analyser
    from castiron_trace.hints.model import Hints
    from castiron_trace.model import Options, ResolvedEntry, Site, TargetPython
    from castiron_trace.observations import Observed
    from castiron_trace.stdlib_graph import StdlibGraph

_OUTSIDE_CODE = {Stdlib.AUTO: None, Stdlib.USED: False, Stdlib.ALL: True}
"""Whether the program is assumed to run code that is not part of it; None to find out from its code."""


def analyse(
    python: TargetPython,
    stdlib: StdlibGraph,
    entry: ResolvedEntry,
    site: Site,
    options: Options,
    *,
    hints: Hints,
    cache: Path | None,
    seen: Observed = NOT_RUN,
    prune: bool = False,
    analyser: Analyser | None = None,
) -> Reached:
    """Return what the entry reaches, as ``analyser`` says, or one that is started for it.

    ``seen`` is what watched runs used.  With ``prune`` nothing else is followed but what runs when that is imported.
    """
    excluded = frozenset(options.exclude).union(*(hint.modules for hint in hints.excludes))
    request = TraceRequest(
        entry=Entry(
            module=entry.entry.module,
            owner=entry.entry.distribution or APP,
            script=None if entry.script is None else str(entry.script),
            as_main=entry.entry.kind is EntryKind.MODULE,
            function=entry.entry.function,
        ),
        roots=tuple(map(str, entry.roots)),
        site=str(site.folder) if site.path else "",
        distributions=tuple(
            Installed(
                item.name,
                item.wheel.sha256,
                requires=tuple(item.requires),
                direct=item.direct and item.name != runner_of(options),
                project=item.project,
                bystander=item.name in site.bystanders,
                dist_info=site.records[item.name].dist_info,
                files=site.records[item.name].files,
            )
            for item in site.distributions
        ),
        stdlib=str(stdlib.file),
        cache=None if cache is None else str(cache / f"{options.target.python}-{analyser_key(hints.sources)}"),
        suffixes=python.suffixes,
        libc=_libc_names(options.target.target.libc),
        include=options.include,
        exclude=tuple(sorted(excluded)),
        observed=seen.imports,
        rules=not prune,
        hints=hints,
        given_files=tuple(sorted(map(str, options.include_data))),
        outside_code=_OUTSIDE_CODE[Stdlib.USED if prune and options.stdlib is Stdlib.AUTO else options.stdlib],
    )
    answer = (ask if analyser is None else analyser.ask)(python, request, TraceAnswer)
    loaded = frozenset({*seen.modules, *seen.present}) if prune else None
    files = frozenset(map(Path, answer.files))
    reached = Closure(answer, stdlib, files=files, excluded=excluded, loaded=loaded).reached()
    read = (file.path for file in seen.files if file.reader == APPLICATION or file.reader in reached.modules)
    return replace(reached, files=reached.files.union(read))


def runner_of(options: Options) -> str | None:
    """Return the distribution of the program that runs the application in the watched run, by its module's name."""
    if options.run_by is None:
        return None
    from packaging.utils import canonicalize_name  # not for whoever watches no run

    return canonicalize_name(options.run_by.partition(".")[0])


def used_site(site: Site, reached: Reached, runner: str | None, *, watched: bool) -> Site:
    """Return the environment without what is there only for the program that ran the application.

    And, if no run was ``watched``, which may read metadata of any, without what nobody asked for and nothing imports or
    requires: what else is installed beside the application's own distributions, which might have been plug-ins of them.
    What the application's strings name stays: it may look for its metadata.
    """
    if watched and runner is None:
        return site
    requires = {item.name: item.requires for item in site.distributions}
    direct = {item.name for item in site.distributions if item.direct and item.name != runner}
    needed = direct | {module.owner for module in reached.modules.values()}
    if not watched:
        needed |= _own_names(reached) & requires.keys()
    todo = list(needed)
    while todo:
        new = set(requires.get(todo.pop(), ())) - needed
        needed |= new
        todo.extend(new)
    kept = tuple(item for item in site.distributions if item.name in needed)
    return site if len(kept) == len(site.distributions) else replace(site, distributions=kept)


def _own_names(reached: Reached) -> set[str]:
    """Return the strings of the application's code as names of distributions are normalised (PEP 503)."""
    texts = (item.text for names in reached.file_names.values() for item in names.strings)
    return {re.sub(r"[-_.]+", "-", text).lower() for text in texts}


def chain(reached: Reached, name: str) -> list[ReachedModule]:
    """Return the modules from the entry to ``name``, each imported by the one before."""
    steps: list[ReachedModule] = []
    seen: set[str] = set()
    current: str | None = name
    while current is not None and current in reached.modules and current not in seen:
        seen.add(current)
        module = reached.modules[current]
        steps.append(module)
        current = module.importer
    return steps[::-1]


def tier_name(tier: Tier) -> ManifestTier:
    """Return the manifest's name of a tier."""
    return ManifestTier[tier.name]


def _libc_names(libc: Libc) -> tuple[str, ...]:
    """Return the names, as `ctypes.util.find_library` takes them, of what is part of every static program."""
    own = (name.partition(".so")[0].removeprefix("lib") for name in (libc.soname, libc.loader))
    return ("c", *own, *libc.merged)
