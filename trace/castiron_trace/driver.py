"""The trace, pass by pass: entry -> environment -> graph -> natives -> resources -> licenses -> manifest."""

from __future__ import annotations

from dataclasses import dataclass
from importlib.metadata import version
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_trace import environment, observe
from castiron_trace.assemble import assemble
from castiron_trace.checks import check_own_syntax, check_reached, missing_top_levels
from castiron_trace.entry import read_plan, resolve_plan
from castiron_trace.graph import analyse
from castiron_trace.hints.effect import without_effect
from castiron_trace.hints.reader import project_hints, shipped_hints, united
from castiron_trace.licenses import evidence
from castiron_trace.natives import natives
from castiron_trace.programs import program_findings
from castiron_trace.resources import Blobs, app_resources, distribution_contents, stdlib_resources
from castiron_trace.stdlib_graph import stdlib_graph
from castiron_trace.target_python import from_pack

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_manifest.model import Manifest
    from castiron_trace.model import Options, Reached, TargetPython


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The manifest, and what the summary tells beside it."""

    manifest: Manifest
    reached: Reached
    source: str
    """Where the requirements were found."""
    run_status: int | None = None
    """Exit status of the watched run."""


def trace(options: Options, *, reporter: Reporter, python: TargetPython | None = None) -> Outcome:
    """Analyse an application; ``python`` replaces the interpreter of the runtime pack (for tests)."""
    # The name alone is looked at first: what can be no entry is refused before anything is built or resolved for it.
    plan = read_plan(options)

    # The target's Python reads the sources (the host's may not know their syntax), and its standard library's graph is
    # there from now on.
    python = python or from_pack(options.target, reporter=reporter)
    stdlib = stdlib_graph(python, reporter=reporter)
    cache = cache_root() / "scans"
    own_hints = project_hints(plan.folder or options.folder)
    hints = united(shipped_hints(), own_hints)

    # A first look at the application's own code, without distributions: it parses, and what it imports is known.
    alone = None
    if plan.own:
        alone = analyse(python, stdlib, resolve_plan(plan, None), None, options, hints=hints, cache=cache)
        check_own_syntax(alone)

    # From here on the environment is fixed: every distribution has a version, a wheel and its files in a folder.
    chosen = environment.prepare(options, plan, lambda: missing_top_levels(alone), reporter=reporter)
    entry = resolve_plan(plan, chosen.site)

    # The closure.  Nothing is imported, nothing of what is analysed runs.
    if alone is not None and chosen.site is None and options.run is None:
        reached = alone
    else:
        with reporter.task("Import graph"):
            reached = analyse(python, stdlib, entry, chosen.site, options, hints=hints, cache=cache)

    # A watched run adds what no reading finds.
    seen = None
    if options.run is not None:
        seen = observe.run(options, entry, chosen.site, reporter=reporter)
        reached = analyse(
            python, stdlib, entry, chosen.site, options, hints=hints, cache=cache,
            observed=seen.modules, observed_files=seen.files, prune=options.prune,
        )  # fmt: skip

    # From here on the set of modules is final; what makes the application unable to start is an error now.
    check_reached(reached, entry, python)

    # Everything else in the distributions: data files, shared objects, license evidence.
    contents = None if chosen.site is None else distribution_contents(chosen.site, reached, hints.data)
    shared, native_findings = natives({} if contents is None else contents.elf_candidates)
    run_findings = () if seen is None else tuple(observe.foreign_libraries(seen, shared))
    programs = (
        () if chosen.site is None or contents is None else program_findings(contents.resources, chosen.site.folder)
    )
    useless_hints = without_effect(own_hints, reached.modules, {} if contents is None else contents.files)
    blobs = Blobs()
    own_data, data_findings = app_resources(entry, reached, options, blobs)
    texts: dict[str, str] = {}
    licenses = {
        name: evidence(chosen.site.folder, dist_info, contents.files[name], texts)
        for name, dist_info in ({} if contents is None else contents.dist_infos).items()
        if chosen.site is not None and contents is not None
    }

    manifest = assemble(
        generator=f"castiron {version('castiron')}",
        python=python,
        target=options.target,
        entry=entry,
        site=chosen.site,
        reached=reached,
        resources=[*own_data, *stdlib_resources(reached, python.stdlib), *(contents.resources if contents else ())],
        natives=shared,
        licenses=licenses,
        findings=[
            *reached.findings,
            *chosen.findings,
            *native_findings,
            *programs,
            *data_findings,
            *run_findings,
            *useless_hints,
        ],
        texts=texts,
        blobs=blobs,
    )
    return Outcome(
        manifest=manifest, reached=reached, source=chosen.source, run_status=None if seen is None else seen.status
    )
