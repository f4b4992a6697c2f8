"""Stage 1 as a table of contents: each pass with its why, and what holds after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.clock import Clock
from castiron_common.versions import installed_version
from castiron_trace.child import Analyser
from castiron_trace.hints.reader import project_hints, shipped_hints, united
from castiron_trace.model import NO_SITE
from castiron_trace.observations import NOT_RUN
from castiron_trace.plan import read_plan
from castiron_trace.target_python import from_pack

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_manifest.model import Manifest
    from castiron_trace.model import Options, Reached, ResolvedEntry, Site, TargetPython
    from castiron_trace.observations import Observed


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The manifest, and what the summary tells beside it."""

    manifest: Manifest
    reached: Reached
    source: str
    """Where the requirements were found."""
    notes: tuple[str, ...]
    """What lies beside the application and stays out: that depends on the folder, not on the application."""
    details: tuple[str, ...]
    """More about them."""
    seconds: tuple[tuple[str, float], ...]
    """Duration of each pass."""


def trace(options: Options, *, reporter: Reporter, python: TargetPython | None = None) -> Outcome:
    """Analyse an application; ``python`` replaces the interpreter of the runtime pack (for tests).

    Raises subclasses of `CastironError`.  Code of the application runs only with `Options.run`.
    """
    with Analyser() as analyser:
        return _trace(options, analyser, reporter=reporter, python=python)


def _trace(options: Options, analyser: Analyser, *, reporter: Reporter, python: TargetPython | None) -> Outcome:
    clock = Clock()

    # entry: what the user named, and the hints of its pyproject.toml.  What cannot be an entry is refused before
    # anything is built or resolved for it.
    # After it: the kind of the entry and the folders of the application's own modules are known.
    with clock("entry"):
        plan = read_plan(options)
        own_hints = project_hints(plan.folder or options.folder)

    # interpreter: the target's Python reads the sources, as the host's may not know their syntax.
    # After it: the standard library's own import graph is there, and no pass looks into its sources again.
    with clock("interpreter"):
        python = python or from_pack(options.target, reporter=reporter)
        analyser.start(python)
        # It takes a tenth of a second to start; meanwhile this process imports what the passes below need.
        from castiron_trace import environment, observe
        from castiron_trace.assemble import assemble
        from castiron_trace.certain_failures import missing_findings, refuse_certain_failures
        from castiron_trace.checks import (
            check_own_syntax,
            check_reached,
            exclude_findings,
            missing_top_levels,
            unavailable_findings,
        )
        from castiron_trace.contents import distribution_files, own_files
        from castiron_trace.entry import resolve_plan
        from castiron_trace.graph import analyse, runner_of, used_site
        from castiron_trace.hints.effect import without_effect
        from castiron_trace.left_out import left_out_details, left_out_notes
        from castiron_trace.machine import carried_data
        from castiron_trace.own.unbuilt import unbuilt_notes
        from castiron_trace.own.unreached import unreached_notes
        from castiron_trace.stdlib_graph import stdlib_graph
        from castiron_trace.unused_extras import unused_extras_notes

        hints = united(shipped_hints(), own_hints)
        stdlib = stdlib_graph(python, reporter=reporter)

    def reach(entry: ResolvedEntry, site: Site, seen: Observed = NOT_RUN) -> Reached:
        return analyse(
            python, stdlib, entry, site, options, hints=hints, cache=cache_root() / "scans",
            seen=seen, prune=options.prune and seen is not NOT_RUN, analyser=analyser,
        )  # fmt: skip

    # own code: the application alone.  Its imports say what to install if nothing else does.
    # After it: the application's own code parses.
    with clock("own code"):
        alone = reach(resolve_plan(plan, NO_SITE), NO_SITE) if plan.own else None
        if alone is not None:
            check_own_syntax(alone)

    # environment: what the application needs, resolved and installed for the target.
    # After it: every distribution has a version, a wheel and its files in a folder; nothing more is resolved.
    with clock("environment"):
        chosen = environment.prepare(
            options,
            plan,
            lambda: missing_top_levels(alone, hints.aliases),
            carries=hints.carries,
            reporter=reporter,
        )
        entry = resolve_plan(plan, chosen.site)

    # graph: the closure of imports, in tiers; with --run, including what the watched run used.
    # After it: the set of modules is final, and the binary can start.
    with clock("graph"):
        seen = NOT_RUN
        if options.run is not None or options.recorded:
            seen = observe.observed(options, entry, chosen.site, watched=chosen.watched, reporter=reporter)
        if alone is not None and not chosen.site.path and seen is NOT_RUN:
            reached = alone
        else:
            with reporter.task("Import graph"):
                reached = reach(entry, chosen.site, seen)
        check_reached(reached, entry)
        if not options.explains:
            refuse_certain_failures(reached, python, options.allow_missing, chosen.site)
        site = used_site(chosen.site, reached, runner_of(options), watched=seen is not NOT_RUN)
        analyser.end()

    # files: whatever the modules need beside them.
    # After it: every file of every distribution is in or out, and each distribution has its license evidence.
    with clock("files"):
        own = own_files(entry, reached, options, python, hints.own_files)
        data = (*hints.data, *carried_data(options.carry, hints.carries))
        brought = distribution_files(site, reached, data, options.target.target, own.libraries, level=options.level)

    # manifest: all of it sorted, by relative paths and hashes.
    # After it: the same application gives the same bytes, in any folder and on any machine.
    with clock("manifest"):
        manifest = assemble(
            generator=f"castiron {installed_version('castiron')}",
            python=python,
            target=options.target,
            entry=entry,
            site=site,
            reached=reached,
            resources=(*own.resources, *brought.resources),
            natives=brought.natives,
            links=own.links,
            empty=own.empty,
            licenses=brought.licenses,
            findings=(
                *reached.findings,
                *unavailable_findings(reached, python),
                *missing_findings(reached, options.allow_missing),
                *exclude_findings(reached, options.exclude),
                *chosen.findings,
                *brought.findings,
                *own.findings,
                *observe.foreign_libraries(seen, brought.natives, options.target.target.libc),
                *without_effect(own_hints, reached.modules, brought.files),
            ),
            texts=brought.texts,
            blobs=own.blobs,
            carries=hints.carries,
        )
    return Outcome(
        manifest=manifest,
        reached=reached,
        source=chosen.source,
        notes=(
            *own.notes,
            *unbuilt_notes(plan.folder, entry, chosen.site, reached),
            *unreached_notes(site, reached),
            *left_out_notes(reached),
            *unused_extras_notes(chosen.site, reached),
        ),
        details=tuple(left_out_details(reached)),
        seconds=clock.seconds,
    )
