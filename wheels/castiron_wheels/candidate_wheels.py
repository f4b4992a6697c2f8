"""The wheel of each file that was chosen, and of what the user gives himself: fetched by hash, built where need be."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.errors import DependencyError, InputError
from castiron_manifest.model import Finding, Severity
from castiron_wheels.errors import BuildError
from castiron_wheels.fetch import fetch_candidates, keep
from castiron_wheels.model import LocalProject
from castiron_wheels.tags import fits, processors_for
from castiron_wheels.wheel_metadata import split_filename

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.built_wheels import BuiltWheel
    from castiron_wheels.model import Candidate, Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalWheel:
    """A wheel of what lies on this machine: a project, an sdist or a wheel."""

    path: Path
    """In the cache."""
    extras: tuple[str, ...]
    """That were asked for, normalised, sorted."""
    project: bool = False
    """Whether it is made of a folder: of the user's own code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandIn:
    """A wheel that stands for a candidate that is none."""

    path: Path
    """In the cache."""
    findings: tuple[Finding, ...]
    """What a person should know about it."""


def local_wheels(requirements: Requirements, context: BuildContext) -> tuple[dict[str, LocalWheel], list[Finding]]:
    """Return the wheels of what lies on this machine, by normalised name.

    Projects that may be missing, and cannot be built, become findings.
    """
    wheels: dict[str, LocalWheel] = {}
    findings: list[Finding] = []
    made: list[LocalWheel] = []
    if requirements.projects or requirements.archives:
        from castiron_wheels.built_wheels import project_wheel, sdist_wheel  # much to import, and rarely needed
    for project in requirements.projects:
        try:
            built = project_wheel(project, context)
        except (DependencyError, InputError) as error:
            if project.name not in requirements.optional:
                raise
            why = error.summary if isinstance(error, BuildError) else error.what
            findings.append(left_out(str(project.name), why))
        else:
            made.append(LocalWheel(path=built.path, extras=project.extras, project=True))
            findings += _options_left_out(project.name or project.path.name, built)
    for path, extras in requirements.archives:
        if not path.name.endswith(".whl"):
            built = sdist_wheel(path, path.name, None, context)
            made.append(LocalWheel(path=built.path, extras=extras))
            findings += _options_left_out(path.name, built)
        elif fits(path.name, context.target):
            made.append(LocalWheel(path=keep(path), extras=extras))
        else:
            raise _does_not_fit(path, context.target)
    for wheel in made:
        name, _ = split_filename(wheel.path.name)
        before = wheels.get(name, wheel)
        if before.path != wheel.path:
            raise DependencyError(f"{name} is given twice, with different contents.", hint="Give it once.")
        wheels[name] = LocalWheel(
            path=wheel.path,
            extras=tuple(sorted({*before.extras, *wheel.extras})),
            project=before.project or wheel.project,
        )
    return wheels, findings


def _does_not_fit(path: Path, target: PythonTarget) -> DependencyError:
    hint = f"Give one whose name ends in {target.target.wheels.tags[0]}.whl or none-any.whl, or its sdist."
    if level := processors_for(path.name, target):
        hint = f"It is for processors of level {level}: say --cpu {level} if all machines have one."
    return DependencyError(f"The wheel {path} does not fit {target.platform} and Python {target.python}.", hint=hint)


def left_out(name: str, why: str) -> Finding:
    """Return what tells that an installed distribution was left out."""
    return Finding(
        code="left-out",
        severity=Severity.WARNING,
        subject=name,
        message=f"{name} is installed beside the host's Python, but was left out: {why}",
    )


def wheels_of(
    candidates: Sequence[Candidate],
    local: Mapping[str, LocalWheel],
    built: Mapping[str, StandIn],
    requirements: Requirements,
    context: BuildContext,
) -> tuple[dict[str, Path], dict[str, StandIn]]:
    """Return every wheel of the environment by normalised name, and those of them that were built only now.

    ``built`` are the wheels that an earlier round has built: of them no file is built again.
    """
    files = [item for item in candidates if item.filename]
    fetched = dict(zip(files, fetch_candidates(files, reporter=context.reporter), strict=True))
    wheels = {name: item.path for name, item in local.items()}
    newly: dict[str, StandIn] = {}
    for candidate in candidates:
        if candidate.name in built:
            wheels[candidate.name] = built[candidate.name].path
        elif candidate.sdist:
            newly[candidate.name] = _build(candidate, fetched.get(candidate), requirements, context)
            wheels[candidate.name] = newly[candidate.name].path
        elif candidate.name not in local:
            wheels[candidate.name] = fetched[candidate]
    return wheels, newly


def _build(candidate: Candidate, file: Path | None, requirements: Requirements, context: BuildContext) -> StandIn:
    """Return the wheel built from the candidate's sdist, folder or repository."""
    from castiron_wheels.built_wheels import project_wheel, repository_wheel, sdist_wheel  # as above

    if file is None and candidate.path is not None:
        project = LocalProject(path=candidate.path.absolute(), name=candidate.name)
        return _built(candidate, project_wheel(project, context))
    if file is None:
        return _built(candidate, repository_wheel(candidate.name, str(candidate.url), context))
    label = f"{candidate.name} {candidate.version}" if candidate.version else candidate.name
    if candidate.indexed and candidate.version and requirements.lock is None:
        from castiron_wheels.libc_independent import libc_independent_wheel

        independent = libc_independent_wheel(
            candidate,
            context,
            options=requirements.index_options,
            accepted={pin.name: pin.sha256 for pin in requirements.hashes}.get(candidate.name),
            folder=requirements.folder,
        )
        if independent is not None:
            finding = _told(
                "portable-wheel",
                candidate.name,
                f"{label} has no wheel for the target; its wheel for systems with another C library was taken, as "
                "it brings no library.",
            )
            return StandIn(path=independent, findings=(finding,))
    finding = _told(
        "built-from-sdist", candidate.name, f"{label} has no wheel for the target; it was built from its sdist."
    )
    return _built(candidate, sdist_wheel(file, candidate.name, candidate.version, context), finding)


def _built(candidate: Candidate, built: BuiltWheel, *findings: Finding) -> StandIn:
    return StandIn(path=built.path, findings=(*findings, *_options_left_out(candidate.name, built)))


def _options_left_out(name: str, built: BuiltWheel) -> list[Finding]:
    if not built.options_left_out:
        return []
    message = (
        f"The compilers did not pass on these options when {name} was built, which zig does not know or which would "
        f"tie it to this machine: {' '.join(built.options_left_out)}"
    )
    return [_told("options-left-out", name, message)]


def _told(code: str, subject: str, message: str) -> Finding:
    return Finding(code=code, severity=Severity.INFO, subject=subject, message=message)
