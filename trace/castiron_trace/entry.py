"""Finds the entry in the environment: the module, function or script that a `castiron_trace.plan.Plan` means."""

from __future__ import annotations

import difflib
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_common.errors import EntryError
from castiron_manifest.model import Entry, EntryKind, Origin
from castiron_trace.analyser.environment import read_entry_points
from castiron_trace.model import ResolvedEntry
from castiron_trace.plan import PlanKind, check_script

if TYPE_CHECKING:
    from collections.abc import Collection

    from castiron_trace.model import Site
    from castiron_trace.plan import Plan

_COMMANDS = "../../../bin/"
"""Where RECORD says that the commands of a distribution are."""


def resolve_plan(plan: Plan, site: Site) -> ResolvedEntry:
    """Find in the environment what the plan names."""
    if plan.kind is PlanKind.SCRIPT:
        assert plan.path is not None
        root = plan.roots[0]
        entry = Entry(
            kind=EntryKind.SCRIPT, module="__main__", path=plan.path.relative_to(root).as_posix(), name=plan.program
        )
        return ResolvedEntry(entry=entry, script=plan.path, roots=plan.roots)
    if plan.kind in (PlanKind.MODULE, PlanKind.FUNCTION):
        kind = EntryKind.MODULE if plan.function is None else EntryKind.FUNCTION
        owner = None if plan.own else _owner_of_module(site, plan.name)
        origin = Origin.APP if plan.own else Origin.STDLIB if owner is None else Origin.DISTRIBUTION
        entry = Entry(
            kind=kind, module=plan.name, function=plan.function, name=plan.program, origin=origin, distribution=owner
        )
        return ResolvedEntry(entry=entry, script=None, roots=plan.roots)
    return _command(plan if plan.name else _with_only_script(plan, site), site)


def _with_only_script(plan: Plan, site: Site) -> Plan:
    """Name the one script that a built project has."""
    assert plan.path is not None
    projects = {item.name for item in site.distributions if item.project and item.direct}
    names = sorted({name for project in projects & site.records.keys() for name in _commands(site, project)})
    if not names:
        raise EntryError(
            f"The project {plan.path.name} has no scripts.", hint="Name a file in it, or a module with -m."
        )
    if len(names) > 1:
        raise EntryError(
            f"The project {plan.path.name} has {len(names)} scripts: {', '.join(names)}.",
            hint="Choose one with --entry NAME.",
        )
    return replace(plan, name=names[0], program=plan.program or names[0])


def _commands(site: Site, distribution: str) -> dict[str, str | None]:
    """Return the commands of a distribution: the entry point of each, None for a script."""
    record = site.records[distribution]
    groups = read_entry_points(site.folder / record.dist_info)
    scripts = {path.rpartition("/")[2]: None for path in record.files if path.startswith(_COMMANDS)}
    return {**scripts, **groups.get("gui_scripts", {}), **groups.get("console_scripts", {})}


def _command(plan: Plan, site: Site) -> ResolvedEntry:
    entry_points: list[tuple[str, str]] = []
    """(distribution, value) of those with the command's name."""
    scripts: list[str] = []
    """Distributions that install a script of that name."""
    known: set[str] = set()
    for distribution in site.records:
        commands = _commands(site, distribution)
        known |= commands.keys()
        if plan.name in commands:
            value = commands[plan.name]
            if value is None:
                scripts.append(distribution)
            else:
                entry_points.append((distribution, value))
    if len(entry_points) + len(scripts) > 1:
        owners = ", ".join(sorted({name for name, _ in entry_points} | set(scripts)))
        raise EntryError(
            f"The command {plan.name} is ambiguous: {owners} provide it.", hint="Name the function: module:function."
        )
    if entry_points:
        return _from_entry_point(plan, *entry_points[0])
    if scripts:
        return _from_script(plan, scripts[0], site)
    raise EntryError(f"There is no file and no command {plan.name}.", hint=_command_hint(plan.name, known))


def _from_script(plan: Plan, distribution: str, site: Site) -> ResolvedEntry:
    path = site.prefix / "bin" / plan.name
    check_script(path)
    entry = Entry(
        kind=EntryKind.SCRIPT,
        module="__main__",
        path=f"bin/{plan.name}",
        origin=Origin.DISTRIBUTION,
        distribution=distribution,
        name=plan.program,
    )
    return ResolvedEntry(entry=entry, script=path, roots=plan.roots)


def _command_hint(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, sorted(known), n=3)
    if close:
        return f"The environment has these commands: {', '.join(close)}."
    if known:
        return f"The environment has these commands: {', '.join(sorted(known)[:12])}."
    return f"Name the distribution that has it: --with {name}."


def _from_entry_point(plan: Plan, distribution: str, value: str) -> ResolvedEntry:
    module, _, function = value.partition("[")[0].partition(":")
    entry = Entry(
        kind=EntryKind.FUNCTION if function.strip() else EntryKind.MODULE,
        module=module.strip(),
        function=function.strip() or None,
        origin=Origin.DISTRIBUTION,
        distribution=distribution,
        name=plan.program,
    )
    return ResolvedEntry(entry=entry, script=None, roots=plan.roots)


def _owner_of_module(site: Site, module: str) -> str | None:
    """Return the first distribution that has the module or, for a package, files in it."""
    path = module.replace(".", "/")
    owners = [
        distribution
        for distribution, record in site.records.items()
        if any(file.startswith((f"{path}/", f"{path}.")) and file.endswith((".py", ".so")) for file in record.files)
    ]
    return owners[0] if owners else None
