"""The environment pass: what the application says it needs, installed for the target."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from castiron_common.errors import EntryError, InputError, UsageError
from castiron_manifest.model import Finding, Severity
from castiron_trace.model import NO_SITE, Site
from castiron_trace.plan import PlanKind

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_trace.model import Options
    from castiron_trace.plan import Plan
    from castiron_wheels.model import Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class TracedEnvironment:
    """The installed environment and how it was chosen."""

    site: Site
    source: str
    """For the summary: where the requirements come from."""
    findings: tuple[Finding, ...] = ()


def prepare(
    options: Options, plan: Plan, missing: Callable[[], Collection[str]], *, reporter: Reporter
) -> TracedEnvironment:
    """Find out what the application needs and install it for the target.

    ``missing`` tells the top-level names that the application's own code imports and that neither it nor the standard
    library has; it is asked only if nothing else says what is needed.
    """
    requirements, source = find_requirements(options, plan, missing)
    if requirements is None or not (requirements or requirements.requires_python):
        return TracedEnvironment(site=NO_SITE, source=source)
    from castiron_wheels.compiler_libraries import lacking
    from castiron_wheels.install import installation_prefix, site_packages
    from castiron_wheels.resolve import resolve

    environment = resolve(requirements, options.target, reporter=reporter)
    if not environment.distributions:
        return TracedEnvironment(site=NO_SITE, source=source, findings=environment.findings)
    folder = site_packages(installation_prefix(environment.wheels, options.target), options.target)
    findings = environment.findings
    if lacks := lacking(folder):
        wanted, finding = _with_compiler_libraries(requirements, lacks, options)
        findings = (*findings, finding)
        if wanted is not None:
            environment = resolve(wanted, options.target, reporter=reporter)
            folder = site_packages(installation_prefix(environment.wheels, options.target), options.target)
    return TracedEnvironment(
        site=Site(path=(folder.resolve(),), distributions=environment.distributions), source=source, findings=findings
    )


def _with_compiler_libraries(
    requirements: Requirements, lacks: Sequence[str], options: Options
) -> tuple[Requirements | None, Finding]:
    """Return what must be resolved to have GCC's libraries, too, or None if nothing may be added; and what to tell."""
    from castiron_wheels.compiler_libraries import BRINGS_THEM
    from castiron_wheels.requirements import from_lines

    names = " and ".join(lacks)
    if requirements.lock is not None:
        return None, Finding(
            code="no-compiler-library",
            severity=Severity.WARNING,
            subject=names,
            message=f"Shared objects of the environment need {names}, which none of its distributions has: add "
            f"{BRINGS_THEM} to the lock, for one.",
        )
    more = from_lines([BRINGS_THEM], options.target, origin="needed libraries", folder=options.folder)
    return _united(requirements, more), Finding(
        code="compiler-library",
        severity=Severity.INFO,
        subject=names,
        message=f"Shared objects of the environment need {names}, which none of its distributions has; they come from "
        f"the wheel of {BRINGS_THEM}.",
    )


def find_requirements(
    options: Options, plan: Plan, missing: Callable[[], Collection[str]]
) -> tuple[Requirements | None, str]:
    """Return what is needed and where that is written.

    In this order: options (-r, --python-env), the script's own block (PEP 723), a project, a requirements.txt beside
    it, and at last the distributions installed beside the host's Python.  --with adds to whichever is found.
    """
    from castiron_wheels.requirements import from_lines

    found, source = _written(options, plan)
    if options.with_:
        extra = from_lines(options.with_, options.target, origin="--with", folder=options.folder)
        if found is None:
            return extra, "--with"
        return _united(found, extra), f"{source} and --with"
    if found is not None:
        return found, source
    return _installed_here(options, plan, missing)


def _written(options: Options, plan: Plan) -> tuple[Requirements | None, str]:
    from castiron_wheels.installed import from_installed
    from castiron_wheels.requirements import from_files, from_project, from_script

    project = None
    if plan.kind is PlanKind.PROJECT:
        assert plan.path is not None
        project = from_project(plan.path, options.target, extras=options.extras, install=True)
    if options.requirements:
        found = _from_named_files(options)
        return (found if project is None else _united(found, project)), found.origin
    if options.environment is not None:
        python = _python_of(options.folder / options.environment)
        found = from_installed(python, options.target)
        return (found if project is None else _united(found, project)), f"the versions installed beside {python}"
    if project is not None:
        return project, project.origin
    if plan.kind is PlanKind.COMMAND or plan.path is None:
        return None, "nothing"
    folder = plan.path
    if plan.kind is PlanKind.SCRIPT:
        if (block := from_script(plan.path, options.target)) is not None:
            return block, block.origin
        folder = plan.path.parent
    if plan.own and (folder / "pyproject.toml").is_file():
        found = from_project(folder, options.target, extras=options.extras, install=False)
        return found, found.origin
    if plan.own and (folder / "requirements.txt").is_file():
        found = from_files([folder / "requirements.txt"], options.target)
        return found, "requirements.txt beside the application (nothing else says what it needs)"
    return None, "nothing"


def _from_named_files(options: Options) -> Requirements:
    from castiron_wheels.requirements import from_files, from_project

    paths = [options.folder / path for path in options.requirements]
    for path in paths:
        if not path.exists():
            raise InputError(f"There is no file {path}.", hint="Check -r.")
    projects = [path for path in paths if path.name == "pyproject.toml" or path.is_dir()]
    files = [path for path in paths if path not in projects]
    parts = [
        from_project(path if path.is_dir() else path.parent, options.target, extras=options.extras) for path in projects
    ]
    if files:
        parts.insert(0, from_files(files, options.target))
    found = parts[0]
    for part in parts[1:]:
        found = _united(found, part)
    return found


def _united(first: Requirements, second: Requirements) -> Requirements:
    if first.lock is not None or second.lock is not None:
        raise UsageError("A pylock.toml says everything by itself.", hint="Give it alone, and lock again to add to it.")
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
        direct=None if first.direct is None or second.direct is None else first.direct | second.direct,
    )


def _python_of(path: Path) -> Path:
    """Return the interpreter of a virtual environment, or the interpreter that was named itself."""
    if path.is_dir():
        python = path / "bin" / "python"
        if not python.exists():
            raise InputError(f"{path} is not a virtual environment.", hint="It has no bin/python.")
        return python
    if not path.exists():
        raise InputError(f"There is no {path}.", hint="Name a virtual environment or a Python interpreter.")
    return path


def _installed_here(
    options: Options, plan: Plan, missing: Callable[[], Collection[str]]
) -> tuple[Requirements | None, str]:
    """Take the exact versions beside the host's Python, for what the application imports or is."""
    from castiron_wheels.installed import from_installed, host_python, installed

    python = host_python() if options.host_python is None else _python_of(options.folder / options.host_python)
    if plan.kind is PlanKind.COMMAND:
        everything = installed(python)
        owners = [item.name for item in everything if plan.name in item.scripts or plan.name in item.programs]
        if not owners:
            raise EntryError(
                f"There is no file {plan.name}, and no distribution beside {python} has a command of that name.",
                hint=f"Name the distribution that has it, for example with --with {plan.name}.",
            )
        found = from_installed(python, options.target, roots=owners, everything=everything)
        return found, f"the versions installed beside {python}"
    names = set(missing()) if plan.own else {plan.name.partition(".")[0]}
    if not names:
        return None, "the application needs nothing but the standard library"
    everything = installed(python)
    if not any(item.modules & names for item in everything):
        return None, f"nothing (none of its imports is installed beside {python})"
    found = from_installed(python, options.target, imports=names, everything=everything)
    return found, f"the versions installed beside {python}"
