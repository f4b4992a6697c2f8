"""Raises errors for what makes an application unable to start, and yields findings for what may be a problem later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import EntryError, InputError, ModuleMissingError, NativeError
from castiron_manifest.model import Finding, Origin, Severity
from castiron_trace.certain_failures import place
from castiron_trace.codec_choice import is_below
from castiron_trace.protocol import APP, STDLIB, Tier
from castiron_trace.unavailable import unavailable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from castiron_trace.hints.model import Alias
    from castiron_trace.model import Reached, ResolvedEntry, TargetPython


def check_own_syntax(reached: Reached) -> None:
    """Raise for the entry, or an own module that it surely imports, if the target's Python does not parse it."""
    for module in reached.invalid:
        if module.owner == APP and module.weakest == Tier.REQUIRED:
            where = f"{module.file}:{module.line}" if module.line else str(module.file)
            raise InputError(
                f"{where}: {module.message}.",
                hint="Correct it, or choose another Python with --python.",
            )


def missing_top_levels(reached: Reached | None, aliases: Iterable[Alias] = ()) -> list[str]:
    """Return the top-level names that the application's own code imports, or the user includes, and that do not exist.

    If a distribution makes one of them a name for a module of its own, that module's is among them.  Sorted.
    """
    if reached is None:
        return []
    names = {name.partition(".")[0] for name in (*reached.missing, *reached.unknown_includes)}
    names.update(item.stands_for.partition(".")[0] for item in aliases if item.distribution and item.module in names)
    return sorted(names)


def exclude_findings(reached: Reached, excluded: Collection[str]) -> Iterator[Finding]:
    """Yield a finding for each name of ``--exclude`` that keeps nothing out."""
    for name in excluded:
        goes_in = name in reached.modules
        if goes_in or not any(is_below(other, {name}) for other in reached.kept_out):
            needed = "--exclude names it, but it goes in: the interpreter or the start of the application needs it."
            unknown = "--exclude names it, but nothing that goes in imports it."
            yield Finding(
                code="nothing-excluded",
                severity=Severity.WARNING,
                subject=name,
                message=needed if goes_in else unknown,
            )


def check_reached(reached: Reached, entry: ResolvedEntry) -> None:
    """Raise for what the user named and the graph does not have as it would have to be."""
    if reached.entry not in reached.modules:
        _refuse_entry(reached, entry)
    if reached.unknown_includes:
        raise ModuleMissingError(
            f"--include: there is no module {', '.join(reached.unknown_includes)}.",
            hint="Check the name; modules of distributions need their distribution (--with).",
        )
    what = entry.entry
    if what.function is not None and reached.definitions is not None:
        first = what.function.partition(".")[0]
        if first not in reached.definitions.names and not reached.definitions.open_ended:
            raise EntryError(
                f"The module {what.module} defines no {first}.", hint="Check the function's name: module:function."
            )
    _refuse_own_extensions(reached)


def _refuse_entry(reached: Reached, entry: ResolvedEntry) -> None:
    module = entry.entry.module
    if module in reached.modules:
        raise EntryError(
            f"{module} is a package without a __main__ module.", hint=f"Name a module of it, or {module}:function."
        )
    where = " or ".join(str(root) for root in entry.roots) or "the environment"
    raise EntryError(
        f"There is no module {module} in {where}.", hint="Check its name, or name its distribution with --with."
    )


def _refuse_own_extensions(reached: Reached) -> None:
    for module in reached.modules.values():
        if module.owner == APP and module.kind == "extension":
            raise NativeError(
                f"{place(reached, module.importer, module.line)} imports {module.name}, a compiled module of the "
                f"application itself ({module.file.name if module.file else module.name}).",
                hint="Make the application a project: then a wheel for the target is built of it.",
            )


def unavailable_findings(reached: Reached, python: TargetPython) -> Iterator[Finding]:
    """Yield findings for imports of modules that a static binary cannot have."""
    for item in unavailable(python):
        module = reached.modules.get(item.name)
        if module is not None and module.owner == STDLIB:
            # A table of names, as six has one, does not mean that anything imports it; a library that can do without
            # it guards the import.
            named = module.tier == Tier.DECLARED
            importer = reached.modules.get(module.importer or "")
            own = importer is not None and importer.owner == APP
            where = place(reached, module.importer, module.line)
            yield Finding(
                code=f"no-{item.name.replace('.', '-')}",
                severity=Severity.INFO if named or not own else Severity.WARNING,
                subject=item.name,
                message=f"{where} {'names' if named else 'imports'} it, and a static binary cannot have it "
                f"({item.why}): the import will fail with an ordinary ImportError.",
            )


def origin_of(owner: str) -> Origin:
    """Return the model's origin for an owner."""
    return {APP: Origin.APP, STDLIB: Origin.STDLIB}.get(owner, Origin.DISTRIBUTION)
