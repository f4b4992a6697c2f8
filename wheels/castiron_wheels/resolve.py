"""From requirements to an environment: which distributions, in which versions, from which files.

uv resolves for the target.  A version with a fitting wheel is preferred to a newer one without, but only where nothing
else has to give way for it; what remains without a wheel is built from its sdist.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from castiron_common.errors import DependencyError, InputError
from castiron_manifest.model import Finding, Severity, Wheel
from castiron_wheels.build_stack import NOTHING_UNDER_WAY, BuildContext
from castiron_wheels.candidate_wheels import local_wheels, wheels_of
from castiron_wheels.model import Environment, ResolvedDistribution
from castiron_wheels.requirement_graph import RequirementGraph
from castiron_wheels.requirements_file import line_name
from castiron_wheels.tags import with_wheels
from castiron_wheels.version_choice import choose, roots
from castiron_wheels.wheel_metadata import read_metadata

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence
    from pathlib import Path

    from packaging.requirements import Requirement

    from castiron_common.progress import Reporter
    from castiron_common.target import PythonTarget
    from castiron_wheels.build_stack import BuildStack, Provision
    from castiron_wheels.candidate_wheels import StandIn
    from castiron_wheels.model import Requirements

_ROUNDS = 4
"""How often what built sdists turn out to need may lead to another resolution."""


def resolve(
    requirements: Requirements,
    target: PythonTarget,
    *,
    reporter: Reporter,
    stack: BuildStack = NOTHING_UNDER_WAY,
    renew: bool = False,
) -> Environment:
    """Return the environment that the requirements ask for, with every wheel in the cache.

    ``stack`` are the builds that wait for it; ``renew`` asks the index again.  `DependencyError` names what cannot be
    resolved, fetched or built, and says what to do.
    """
    _require_python(requirements.requires_python, target, requirements.origin)
    if not requirements:
        return Environment(target=target)
    context = BuildContext(
        target=target,
        provision=provision_for(target, reporter, renew=renew),
        reporter=reporter,
        stack=stack,
        renew=renew,
    )

    # What lies on this machine is built first: its metadata takes part in the resolution.
    local, findings = local_wheels(requirements, context)
    built: dict[str, StandIn] = {}
    for _ in range(_ROUNDS):
        # One file for each distribution that is not local, as uv chooses for the target.
        choice = choose(requirements, local, {name: item.path for name, item in built.items()}, context)
        # Each file fetched by its hash, and built into a wheel if it is none.
        wheels, newly = wheels_of(choice.candidates, local, built, requirements, context)
        graph = RequirementGraph(wheels=wheels, target=target)
        graph.follow(roots(requirements, local))
        unmet = graph.unmet()
        built |= newly
        # Metadata read on this machine may differ from what the build for the target says in the end.
        if choice.complete or not any(name in newly for name, _ in unmet):
            break
    findings += [*choice.findings, *(finding for item in built.values() for finding in item.findings), *_unmet(unmet)]
    embedded = {item.name for item in choice.candidates if item.sdist or not item.indexed} | set(local) | set(built)
    if requirements.index_options:
        embedded |= set(graph.wheels)  # the index is named in a file that the link stage never sees
    projects = {name for name, item in local.items() if item.project}
    return _environment(requirements, graph, embedded, projects, findings)


def provision_for(target: PythonTarget, reporter: Reporter, *, renew: bool = False) -> Provision:
    """Return the function with which builds get what they require: this module itself.

    Builds run in the target's interpreter, which loads shared objects for the target's own C library alone.
    """
    own = replace(target, target=with_wheels(target.target, target.target.libc.name))

    def provision(requirements: Requirements, stack: BuildStack) -> Sequence[Path]:
        return resolve(requirements, own, reporter=reporter, stack=stack, renew=renew).wheels

    return provision


def _require_python(
    specifier: str | None, target: PythonTarget, subject: str, *, otherwise: str = "Choose another version of it"
) -> None:
    """Raise `DependencyError` if the target's Python is not one that ``subject`` works with.

    ``otherwise`` is what to do if no target has a fitting one.
    """
    if specifier is None:
        return
    try:
        wanted = SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise InputError(f"{subject}: {specifier!r} is not a version specifier.", hint="Correct it.") from error
    if wanted.contains(target.version):
        return
    from castiron_runtime.packs import python_version
    from castiron_runtime.recipe import supported_pythons

    fitting = [python for python in supported_pythons() if wanted.contains(python_version(python))]
    raise DependencyError(
        f"{subject} requires Python {specifier}, but the target is Python {target.python}.",
        hint=f"Build it for one that fits: --python {max(fitting, key=Version)}."
        if fitting
        else f"{otherwise}: there are targets for Python {', '.join(supported_pythons())}.",
    )


def _direct(requirements: Requirements, graph: RequirementGraph) -> set[str]:
    """Return the names that the application asks for itself."""
    if requirements.direct is not None:
        return set(requirements.direct)
    needed = {name for names in graph.edges.values() for name in names}
    if requirements.lock is not None:
        return set(graph.wheels) - needed
    named: set[str] = {canonicalize_name(root.name) for root in graph.active_roots}
    if any(line_name(line) is None for line in requirements.lines):
        # A bare URL names no distribution: what nothing else needs was asked for.
        named |= set(graph.wheels) - needed
    return named


def _environment(
    requirements: Requirements,
    graph: RequirementGraph,
    embedded: Collection[str],
    projects: Collection[str],
    findings: Iterable[Finding],
) -> Environment:
    direct = _direct(requirements, graph)
    extras = graph.extras_that_bring()
    return Environment(
        target=graph.target,
        distributions=tuple(
            replace(
                _distribution(name, path, graph, embedded=name in embedded, direct=name in direct),
                project=name in projects,
                extra=extras.get(name, ""),
            )
            for name, path in sorted(graph.wheels.items())
        ),
        findings=tuple(sorted(set(findings), key=lambda item: (item.code, item.subject, item.message))),
    )


def _distribution(
    name: str, path: Path, graph: RequirementGraph, *, embedded: bool, direct: bool
) -> ResolvedDistribution:
    metadata = read_metadata(path)
    python = metadata.requires_python
    _require_python(
        str(python) if python is not None else None,
        graph.target,
        f"{name} {metadata.version}",
        otherwise=f"If an older version works, add {name}<{metadata.version} to the requirements (uv, which chooses "
        "versions, does not heed that Pythons are too new; pip takes an older version then)",
    )
    return ResolvedDistribution(
        name=name,
        version=metadata.version,
        wheel=Wheel(filename=path.name, sha256=path.parent.name, size=path.stat().st_size, embedded=embedded),
        path=path,
        requires=tuple(sorted(graph.edges[name] & set(graph.wheels))),
        direct=direct,
    )


def _unmet(unmet: Iterable[tuple[str, Requirement]]) -> list[Finding]:
    return [
        Finding(
            code="unmet-requirement",
            severity=Severity.WARNING,
            subject=name,
            message=f"{name} requires {_without_marker(requirement)}, which the environment does not have",
        )
        for name, requirement in unmet
    ]


def _without_marker(requirement: Requirement) -> str:
    """Return the requirement without its marker, which is known to hold."""
    return str(requirement).partition(";")[0].strip()
