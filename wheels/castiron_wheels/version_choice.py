"""Which version of each distribution, and which of its files: asks uv, and weighs wheels against sdists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement

from castiron_common.errors import InputError, reason
from castiron_common.words import counted
from castiron_wheels.candidate_wheels import left_out
from castiron_wheels.emulated_wheels import files_of_versions, with_emulated_wheels
from castiron_wheels.errors import ResolutionError
from castiron_wheels.known_choices import Choice, remembered_choice
from castiron_wheels.other_systems import candidates_for_target
from castiron_wheels.preferred_wheels import with_preferred_wheels
from castiron_wheels.pylock import listed_versions, read_lock
from castiron_wheels.questions import Questions
from castiron_wheels.requirement_graph import RequirementGraph
from castiron_wheels.requirements_file import line_name

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.candidate_wheels import LocalWheel
    from castiron_wheels.model import Candidate, Requirements


def choose(
    requirements: Requirements, local: Mapping[str, LocalWheel], built: Mapping[str, Path], context: BuildContext
) -> Choice:
    """Choose a version and a file of each distribution.

    ``local`` are the wheels of what lies on this machine, ``built`` those that an earlier choice led to; their metadata
    takes part.  Raises `DependencyError` with uv's reasons if nothing fits.
    """
    complete = requirements.lock is not None or not requirements.dependencies
    if requirements.lock is not None:
        candidates = read_lock(
            _read_text(requirements.lock),
            context.target,
            origin=requirements.lock.name,
            folder=requirements.lock.parent,
            extras=requirements.lock_extras,
            groups=requirements.lock_groups,
        )
        return Choice(candidates=tuple(candidates), findings=(), complete=complete)
    lines = [line for line in requirements.lines if line_name(line) not in local]
    lines += [_file_line(name, item.path, item.extras) for name, item in sorted(local.items())]
    lines += [_file_line(name, path, ()) for name, path in sorted(built.items())]
    if all(line_name(line) in local for line in lines) and not _needs_more(requirements, local, context):
        return Choice(candidates=(), findings=(), complete=complete)

    def ask() -> Choice:
        with context.reporter.task("resolve") as task:
            task.step(f"{counted(len(lines), 'requirement')} of {requirements.origin}")
            questions = Questions(
                requirements=requirements, context=context, lines=tuple(lines), complete=complete, task=task
            )
            candidates = _exact(questions) if requirements.exact else _free(questions)
        return Choice(
            candidates=tuple(item for item in candidates if item.name not in local),
            findings=tuple(questions.findings),
            complete=questions.complete,
        )

    return remembered_choice(requirements, lines, context, ask)


def roots(requirements: Requirements, local: Mapping[str, LocalWheel]) -> list[Requirement]:
    """Return what is asked for by name."""
    asked = [Requirement(f"{name}[{','.join(item.extras)}]") for name, item in sorted(local.items())]
    for line in requirements.lines:
        try:
            asked.append(Requirement(line))
        except InvalidRequirement:
            continue  # a bare URL: its name is known from the file alone
    return asked


def _needs_more(requirements: Requirements, local: Mapping[str, LocalWheel], context: BuildContext) -> bool:
    """Say whether the local wheels alone leave anything to resolve."""
    graph = RequirementGraph(wheels={name: item.path for name, item in local.items()}, target=context.target)
    graph.follow(roots(requirements, local))
    return bool(graph.unmet())


def _free(questions: Questions) -> list[Candidate]:
    """Resolve; then look for versions with wheels for those that have none."""
    known = questions.from_cache()
    candidates = (
        candidates_for_target(questions) if known is None else with_emulated_wheels(questions, known, offline=True)
    )
    return with_preferred_wheels(questions, candidates)


def _exact(questions: Questions) -> list[Candidate]:
    """Resolve an existing environment's versions; leave out what may be missing and has nothing for the target."""
    optional = questions.requirements.optional
    lines = list(questions.lines)
    if (known := questions.from_cache()) is not None:
        return _without_unbuilt(questions, with_emulated_wheels(questions, known, offline=True))
    try:
        candidates = with_emulated_wheels(questions, questions.candidates(lines))
    except ResolutionError as error:
        if error.unreachable:
            raise
        if (found := _with_other_files(questions, lines)) is not None:
            return _without_unbuilt(questions, found)
        may_miss = [line for line in lines if line_name(line) in optional]
        there = questions.available(may_miss, what="looking for what the index does not have")
        for line in may_miss:
            if line not in there:
                lines.remove(line)
                questions.findings.append(left_out(str(line_name(line)), "no index has it in that version"))
        candidates = _exact_versions(questions, lines)
    return _without_unbuilt(questions, candidates)


def _with_other_files(questions: Questions, lines: Sequence[str]) -> list[Candidate] | None:
    """Return the files if wheels for the emulated C library make the environment complete; None if not."""
    try:
        text = questions.ask(lines, sibling=True, what="resolving as for other systems")
        pins = {name: f"{name}=={item.version}" for name, item in listed_versions(text).items()}
        return files_of_versions(questions, pins, [line for line in lines if line_name(line) not in pins], text)
    except ResolutionError as error:
        if error.unreachable:
            raise
        return None


def _without_unbuilt(questions: Questions, candidates: list[Candidate]) -> list[Candidate]:
    """Leave out what may be missing and would have to be built."""
    for item in candidates:
        if item.sdist and item.name in questions.requirements.optional:
            questions.findings.append(left_out(item.name, f"version {item.version} has no wheel for the target"))
    return [item for item in candidates if not item.sdist or item.name not in questions.requirements.optional]


def _exact_versions(questions: Questions, lines: Sequence[str]) -> list[Candidate]:
    try:
        return questions.candidates(lines)
    except ResolutionError as error:
        if error.unreachable:
            raise
        candidates = questions.candidates(lines, ["--no-deps"])
        questions.complete = True
        questions.find(
            "inconsistent-environment",
            questions.requirements.origin,
            "the installed versions contradict each other's requirements; they were taken as they are",
        )
        return candidates


def _file_line(name: str, path: Path, extras: Sequence[str]) -> str:
    suffix = f"[{','.join(extras)}]" if extras else ""
    return f"{name}{suffix} @ {path.as_uri()}"


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The lock file {path} cannot be read: {reason(error)}.", hint="Check the file.") from error
