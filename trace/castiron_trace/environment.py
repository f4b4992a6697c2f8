"""The environment pass: finds out what the application needs, and installs it for the target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from castiron_common.errors import EntryError, InputError, UsageError
from castiron_trace.machine import carried_requirements
from castiron_trace.model import NO_SITE, Site
from castiron_trace.plan import PlanKind
from castiron_trace.watched_site import watched_site

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_manifest.model import Finding
    from castiron_trace.hints.model import Carry
    from castiron_trace.model import Options
    from castiron_trace.plan import Plan
    from castiron_trace.watched_site import WatchedSite
    from castiron_wheels.model import Requirements, ResolvedDistribution


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedEnvironment:
    """The installed environment, and where its requirements come from."""

    site: Site
    source: str
    """For the summary: where the requirements come from."""
    findings: tuple[Finding, ...] = ()
    watched: WatchedSite | None = None
    """What a watched run has instead; None: the same, or there is no run."""


def prepare(
    options: Options,
    plan: Plan,
    missing: Callable[[], Collection[str]],
    *,
    carries: Sequence[Carry],
    reporter: Reporter,
) -> TracedEnvironment:
    """Find out what the application needs and install it for the target.

    ``missing`` tells the top-level names that the application's own code imports and that neither it nor the standard
    library has; it is called only if nothing else says what is needed.
    """
    requirements, source = find_requirements(options, plan, missing)
    if options.carry and (requirements is None or not requirements):
        requirements = _carried(options, carries, ())
    if requirements is None or not (requirements or requirements.requires_python):
        return TracedEnvironment(site=NO_SITE, source=source)
    from castiron_wheels.install import installation_prefix, site_packages
    from castiron_wheels.resolve import resolve

    if options.allow_older:
        requirements = replace(requirements, older=frozenset(map(canonicalize_name, options.allow_older)))
    environment = resolve(requirements, options.target, reporter=reporter, renew=options.renew)
    if more := _carried(options, carries, environment.distributions):
        requirements = _united(requirements, more)
        environment = resolve(requirements, options.target, reporter=reporter, renew=options.renew)
    if not environment.distributions:
        return TracedEnvironment(site=NO_SITE, source=source, findings=environment.findings)
    folder = site_packages(installation_prefix(environment.wheels, options.target), options.target)
    site = Site(path=(folder.resolve(),), distributions=environment.distributions, bystanders=requirements.bystanders)
    return TracedEnvironment(
        site=site,
        source=source,
        findings=environment.findings,
        watched=watched_site(options, site, requirements, reporter=reporter)
        if options.run is not None or options.prune
        else None,
    )


def _carried(
    options: Options, carries: Sequence[Carry], present: Sequence[ResolvedDistribution]
) -> Requirements | None:
    """Return what ``--carry`` takes along and the environment does not have; None if that is nothing."""
    from castiron_wheels.requirements import from_lines

    lines = carried_requirements(options.carry, carries, (item.name for item in present))
    return from_lines(lines, options.target, origin="--carry", folder=options.folder) if lines else None


def find_requirements(
    options: Options, plan: Plan, missing: Callable[[], Collection[str]]
) -> tuple[Requirements | None, str]:
    """Return what is needed and where that is written.

    The first of these counts: options (-r, --python-env), the script's own block (PEP 723), a project, a
    requirements.txt beside it, the distributions that a Python of the host has.  --with adds to any of them.
    """
    requirements, source = _written(options, plan)
    if options.with_:
        from castiron_wheels.requirements import from_lines

        extra = from_lines(options.with_, options.target, origin="--with", folder=options.folder)
        if requirements is None:
            return extra, "--with"
        return _united(requirements, extra), f"{source} and --with"
    if requirements is not None:
        return requirements, source
    return _installed_here(options, plan, missing)


def _written(options: Options, plan: Plan) -> tuple[Requirements | None, str]:
    if options.extras and not _names_a_project(options, plan):
        raise UsageError(
            f"--extra {options.extras[0]}: extras are those of a project, and none is read.",
            hint="Name the project with -r pyproject.toml, or the extra in a requirement: --with 'NAME[EXTRA]'.",
        )
    from castiron_wheels.requirements import from_files, from_project, from_script

    project = None
    if plan.kind is PlanKind.PROJECT:
        assert plan.path is not None
        project = from_project(plan.path, options.target, extras=options.extras, install=True)
    if options.requirements:
        requirements = _from_named_files(options)
        return (requirements if project is None else _united(requirements, project)), requirements.origin
    if options.environment is not None:
        from castiron_wheels.installed import from_installed

        python = _python_of(options.folder / options.environment)
        requirements = from_installed(python, options.target)
        return (
            requirements if project is None else _united(requirements, project)
        ), f"the versions installed beside {python}"
    if project is not None:
        return project, project.origin
    if plan.kind is PlanKind.COMMAND or plan.path is None:
        return None, "none"
    folder = plan.path
    if plan.kind is PlanKind.SCRIPT:
        if (block := from_script(plan.path, options.target)) is not None:
            return block, block.origin
        folder = plan.path.parent
    if plan.own and (folder / "pyproject.toml").is_file():
        requirements = from_project(folder, options.target, extras=options.extras, install=False)
        return requirements, requirements.origin
    if plan.own and (folder / "requirements.txt").is_file():
        requirements = from_files([folder / "requirements.txt"], options.target)
        return requirements, "requirements.txt beside the application (nothing else says what it needs)"
    return None, "none"


def _names_a_project(options: Options, plan: Plan) -> bool:
    """Say whether a project is what is traced, lies beside that, or is named with -r."""
    if plan.kind is PlanKind.PROJECT or any(_is_project(options.folder / path) for path in options.requirements):
        return True
    return plan.folder is not None and (plan.folder / "pyproject.toml").is_file()


def _is_project(path: Path) -> bool:
    return path.name == "pyproject.toml" or path.is_dir()


def _from_named_files(options: Options) -> Requirements:
    from castiron_wheels.requirements import from_files, from_project

    paths = [options.folder / path for path in options.requirements]
    for path in paths:
        if not path.exists():
            raise InputError(f"There is no file {path}.", hint="Check -r.")
    projects = [path for path in paths if _is_project(path)]
    files = [path for path in paths if path not in projects]
    pieces = [
        from_project(path if path.is_dir() else path.parent, options.target, extras=options.extras) for path in projects
    ]
    if files:
        pieces.insert(0, from_files(files, options.target))
    united = pieces[0]
    for piece in pieces[1:]:
        united = _united(united, piece)
    return united


def _united(first: Requirements, second: Requirements) -> Requirements:
    if first.lock is not None or second.lock is not None:
        raise UsageError(
            "A pylock.toml cannot be combined with other requirements.", hint="Give it alone, or lock again."
        )
    return replace(
        first,
        lines=(*first.lines, *second.lines),
        constraints=(*first.constraints, *second.constraints),
        projects=(*first.projects, *second.projects),
        archives=(*first.archives, *second.archives),
        hashes=(*first.hashes, *second.hashes),
        index_options=(*first.index_options, *second.index_options),
        exact=first.exact and second.exact,
        requires_python=",".join(filter(None, (first.requires_python, second.requires_python))) or None,
        direct=_directly(first, second),
    )


def _directly(first: Requirements, second: Requirements) -> frozenset[str] | None:
    """Return what the application asks for itself: of an installed environment what it imports, else every line."""
    from castiron_wheels.requirements_file import line_name

    if first.direct is None and second.direct is None:
        return None
    names: set[str] = set()
    for item in (first, second):
        asked = {*map(line_name, item.lines), *(project.name for project in item.projects)}
        if item.direct is None and (None in asked or item.archives):
            return None  # only the resolution knows the names
        names |= item.direct if item.direct is not None else {name for name in asked if name is not None}
    return frozenset(names)


def _python_of(path: Path) -> Path:
    """Return the interpreter of a virtual environment, or the interpreter that was named itself."""
    if path.is_dir():
        python = path / "bin" / "python"
        if not python.exists():
            raise InputError(f"{path} is not a virtual environment: it has no bin/python.", hint="Check the folder.")
        return python
    if not path.exists():
        raise InputError(f"There is no {path}.", hint="Name a virtual environment or a Python interpreter.")
    return path


def _installed_here(
    options: Options, plan: Plan, missing: Callable[[], Collection[str]]
) -> tuple[Requirements | None, str]:
    """Take the exact versions that a Python of the host has, of what the application imports or is."""
    named = None if options.host_python is None else _python_of(options.folder / options.host_python)
    names: set[str] = set()
    if plan.kind is not PlanKind.COMMAND:
        names = set(missing()) if plan.own else {plan.name.partition(".")[0]}
        if not names:
            return None, "none, as the application imports nothing but the standard library"
    from castiron_wheels.installed import from_installed, host_python, installed

    python = named or host_python()
    if plan.kind is PlanKind.COMMAND:
        everything = installed(python)
        owners = [item.name for item in everything if plan.name in item.scripts or plan.name in item.programs]
        if not owners:
            found = "no file" if not (options.folder / plan.name).exists() else "no Python file"
            raise EntryError(
                f"There is {found} {plan.name}, and no distribution beside {python} has a command of that name.",
                hint=f"Name the distribution that has it, for example with --with {plan.name}.",
            )
        requirements = from_installed(python, options.target, roots=owners, everything=everything)
        return requirements, f"the versions installed beside {python}"
    everything = installed(python)
    if not any(item.modules & names for item in everything):
        return None, f"none (nothing that it imports is installed beside {python})"
    requirements = from_installed(python, options.target, imports=names, everything=everything)
    return requirements, f"the versions installed beside {python}"
