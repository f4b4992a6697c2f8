"""Which version of each distribution, and which of its files: asks uv, and weighs wheels against sdists."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from castiron_common.errors import DependencyError, InputError
from castiron_common.working import working_folder
from castiron_manifest.model import Finding, Severity
from castiron_wheels.candidate_wheels import left_out
from castiron_wheels.errors import ResolutionError
from castiron_wheels.pylock import read_lock
from castiron_wheels.requirement_graph import RequirementGraph
from castiron_wheels.requirements_file import line_name
from castiron_wheels.uv_client import uv_compile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.candidate_wheels import LocalWheel
    from castiron_wheels.model import Candidate, Requirements


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was chosen."""

    candidates: tuple[Candidate, ...]
    """One file for every distribution that is not local, sorted by name."""
    findings: tuple[Finding, ...]
    """What a person should know about the choice."""
    complete: bool
    """True: nothing may be added to what the requirements list."""


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
    search = _Search(requirements=requirements, context=context, lines=tuple(lines), complete=complete)
    with context.reporter.task("resolve") as task:
        task.step(f"{len(lines)} requirements of {requirements.origin}")
        candidates = search.exact() if requirements.exact else search.free()
    return Choice(
        candidates=tuple(item for item in candidates if item.name not in local),
        findings=tuple(search.findings),
        complete=search.complete,
    )


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


@dataclass(slots=True, kw_only=True)
class _Search:
    """One choice that is under way."""

    requirements: Requirements
    context: BuildContext
    lines: tuple[str, ...]
    """What uv is asked for."""
    complete: bool
    findings: list[Finding] = field(default_factory=list)

    def free(self) -> list[Candidate]:
        """Resolve; then look for versions with wheels for those that have none."""
        candidates = self._compile(self.lines)
        limits: list[str] = []
        for name in [item.name for item in candidates if item.sdist and item.indexed]:
            if self._is_pinned(name):
                continue
            try:
                other = self._compile(self.lines, [*limits, "--only-binary", name])
            except ResolutionError as error:
                if error.unreachable:
                    raise
                continue  # no version has a wheel that goes with the rest
            if not _only_changes(name, candidates, other):
                continue
            before = next(item for item in candidates if item.name == name)
            after = next((item for item in other if item.name == name), None)
            if after is not None and not after.sdist and _is_near(after, before):
                limits += ["--only-binary", name]
                candidates = other
                self._find(
                    "older-version",
                    name,
                    f"{name} {after.version} was chosen, because {before.version} has no wheel for the target; "
                    f"ask for {name}=={before.version} to have that built.",
                    Severity.WARNING,
                )
        return candidates

    def _is_pinned(self, name: str) -> bool:
        return any(_pinned_name(line) == name for line in (*self.lines, *self.requirements.constraints))

    def exact(self) -> list[Candidate]:
        """Resolve an existing environment's versions; leave out what may be missing and has nothing for the target."""
        optional = self.requirements.optional
        lines = list(self.lines)
        try:
            candidates = self._compile(lines)
        except ResolutionError as error:
            if error.unreachable:
                raise
            may_miss = [line for line in lines if line_name(line) in optional]
            there = self._available(may_miss)
            for line in may_miss:
                if line not in there:
                    lines.remove(line)
                    self._leave_out(str(line_name(line)), "no index has it in that version")
            candidates = self._exact_versions(lines)
        for item in [item for item in candidates if item.sdist and item.name in optional]:
            candidates.remove(item)
            self._leave_out(item.name, f"version {item.version} has no wheel for the target")
        return candidates

    def _exact_versions(self, lines: Sequence[str]) -> list[Candidate]:
        try:
            return self._compile(lines)
        except ResolutionError as error:
            if error.unreachable:
                raise
            candidates = self._compile(lines, ["--no-deps"])
            self.complete = True
            self._find(
                "inconsistent-environment",
                self.requirements.origin,
                "the installed versions contradict each other's requirements; they were taken as they are",
            )
            return candidates

    def _available(self, lines: Sequence[str]) -> set[str]:
        """Return those lines that an index can serve, as halving shows."""
        if not lines:
            return set()
        try:
            self._compile(lines, ["--no-deps"])
            return set(lines)
        except ResolutionError as error:
            if error.unreachable:
                raise
        if len(lines) == 1:
            return set()
        middle = len(lines) // 2
        return self._available(lines[:middle]) | self._available(lines[middle:])

    def _leave_out(self, name: str, why: str) -> None:
        self.findings.append(left_out(name, why))

    def _find(self, code: str, subject: str, message: str, severity: Severity = Severity.INFO) -> None:
        self.findings.append(Finding(code=code, severity=severity, subject=subject, message=message))

    def _compile(self, lines: Sequence[str], options: Sequence[str] = ()) -> list[Candidate]:
        wanted = self.requirements
        accepted = {pin.name: pin.sha256 for pin in wanted.hashes}
        every_option = [*wanted.index_options, *options, *([] if wanted.dependencies else ["--no-deps"])]
        with working_folder("resolve") as folder:
            constraints = None
            if wanted.constraints:
                constraints = folder / "constraints.txt"
                constraints.write_text("".join(f"{line}\n" for line in wanted.constraints), encoding="utf-8")

            def ask(
                *more: str, python: Path | None = None, environ: Mapping[str, str] | None = None
            ) -> list[Candidate]:
                text = uv_compile(
                    lines,
                    self.context.target,
                    options=[*every_option, *more],
                    constraints=constraints,
                    python=python,
                    environ=environ,
                    folder=wanted.folder,
                )
                return read_lock(text, self.context.target, folder=wanted.folder or Path.cwd(), accepted=accepted)

            pinned = {name for line in lines if (name := _pinned_name(line)) is not None}
            if len(pinned) == len(lines):
                # The index can add nothing to what is pinned; not asking it saves most of the time.
                try:
                    candidates = ask("--offline")
                    if all(item.name in pinned for item in candidates):
                        return candidates
                except DependencyError:
                    pass  # not everything is in uv's cache
            try:
                return ask()
            except ResolutionError as error:
                if not error.build_failed:
                    raise
            # Some sdists tell their metadata only to the Python and the compiler that they are for.
            from castiron_wheels.build import metadata_build

            python, environ = metadata_build(self.context.target, folder, reporter=self.context.reporter)
            return ask(python=python, environ=environ)


def _only_changes(name: str, before: Iterable[Candidate], after: Iterable[Candidate]) -> bool:
    """Say whether all other distributions that are in both keep their versions: nothing else had to give way."""
    versions = {item.name: item.version for item in after}
    return all(item.name == name or versions.get(item.name, item.version) == item.version for item in before)


def _is_near(older: Candidate, newer: Candidate) -> bool:
    """Say whether somebody who asked for the newer version could mean the older one: at most one major version less."""
    if older.version is None or newer.version is None:
        return False
    return Version(newer.version).major - Version(older.version).major <= 1


def _pinned_name(line: str) -> str | None:
    """Return the normalised name if the line leaves no choice of version."""
    try:
        parsed = Requirement(line)
    except InvalidRequirement:
        return None
    exact = any(part.operator in {"==", "==="} and not part.version.endswith(".*") for part in parsed.specifier)
    return canonicalize_name(parsed.name) if exact or parsed.url else None


def _file_line(name: str, path: Path, extras: Sequence[str]) -> str:
    suffix = f"[{','.join(extras)}]" if extras else ""
    return f"{name}{suffix} @ {path.as_uri()}"


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The lock file {path} cannot be read: {error}.", hint="Check the file.") from error
