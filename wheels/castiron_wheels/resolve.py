"""From requirements to an environment: which distributions, in which versions, from which files.

uv resolves for the target.  A version with a fitting wheel is preferred to a newer one without, but only where nothing
else has to give way for it; what remains without a wheel is built from its sdist.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version

from castiron_common.errors import DependencyError, InputError
from castiron_common.working import working_folder
from castiron_manifest.model import Finding, Severity, Wheel
from castiron_wheels.fetch import fetch_candidates, keep
from castiron_wheels.model import Environment, LocalProject, ResolvedDistribution
from castiron_wheels.pylock import read_lock
from castiron_wheels.requirement_graph import RequirementGraph
from castiron_wheels.target import fits, full_version, platform_of
from castiron_wheels.uv_client import ResolutionError, uv_compile
from castiron_wheels.wheel_metadata import read_metadata, split_filename

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_common.progress import Reporter
    from castiron_manifest.model import Target
    from castiron_wheels.model import Candidate, Requirements

_ROUNDS = 4
"""How often what built sdists turn out to need may lead to another resolution."""


def resolve(requirements: Requirements, target: Target, *, reporter: Reporter) -> Environment:
    """Return the environment that the requirements ask for, with every wheel in the cache.

    `DependencyError` names what cannot be resolved, fetched or built, and says what to do.
    """
    platform_of(target)
    _check_python(requirements.requires_python, target, requirements.origin)
    if not requirements:
        return Environment(target=target)
    local, left_out = _local_wheels(requirements, target, reporter)
    search = _Search(requirements=requirements, target=target, reporter=reporter, local=local)
    built: dict[str, Path] = {}
    for _ in range(_ROUNDS):
        search.built = built
        candidates = search.candidates()
        fetched = fetch_candidates([item for item in candidates if item.filename], reporter=reporter)
        files = dict(zip((item for item in candidates if item.filename), fetched, strict=True))
        wheels = {name: path for name, (path, _) in local.items()}
        newly: dict[str, Path] = {}
        for candidate in candidates:
            if candidate.name in built:
                wheels[candidate.name] = built[candidate.name]
            elif candidate.sdist:
                newly[candidate.name] = wheels[candidate.name] = search.build(candidate, files.get(candidate))
            elif candidate.name not in local:
                wheels[candidate.name] = files[candidate]
        graph = RequirementGraph(wheels=wheels, target=target)
        graph.follow(search.roots())
        unmet = graph.unmet()
        # Metadata read on this machine may differ from what the build for the target says in the end.
        if not search.complete and any(name in newly for name, _ in unmet):
            built = built | newly
            continue
        break
    search.findings += [*left_out, *_unmet_findings(unmet)]
    embedded = {item.name for item in candidates if item.sdist or not item.indexed} | set(local) | set(built)
    if requirements.index_options:
        embedded |= set(wheels)  # the index is named in a file that the link stage never sees
    direct = search.direct(graph)
    return Environment(
        target=target,
        distributions=tuple(
            _distribution(name, wheels[name], graph, embedded=name in embedded, direct=name in direct)
            for name in sorted(wheels)
        ),
        findings=tuple(sorted(set(search.findings), key=lambda item: (item.code, item.subject, item.message))),
    )


def _check_python(specifier: str | None, target: Target, subject: str) -> None:
    if specifier is None:
        return
    try:
        wanted = SpecifierSet(specifier)
    except InvalidSpecifier as error:
        raise InputError(f"{subject}: {specifier!r} is not a version specifier.", hint="Correct it.") from error
    if wanted.contains(full_version(target)):
        return
    from castiron_runtime.packs import supported_pythons

    fitting = [
        python for python in supported_pythons() if wanted.contains(full_version(replace(target, python=python)))
    ]
    raise DependencyError(
        f"{subject} requires Python {specifier}, but the target is Python {target.python}.",
        hint=f"Build it for one that fits: --python {max(fitting, key=Version)}."
        if fitting
        else f"Choose another version of it: there are targets for Python {', '.join(supported_pythons())}.",
    )


def _local_wheels(
    requirements: Requirements, target: Target, reporter: Reporter
) -> tuple[dict[str, tuple[Path, tuple[str, ...]]], list[Finding]]:
    """Return the wheels of what lies on this machine: normalised name to (wheel in the cache, extras asked for).

    Projects that may be missing, and cannot be built, become findings.
    """
    found: dict[str, tuple[Path, tuple[str, ...]]] = {}
    findings: list[Finding] = []
    made: list[tuple[Path, tuple[str, ...]]] = []
    if requirements.projects:
        from castiron_wheels.built_wheels import project_wheel

        for project in requirements.projects:
            try:
                made.append((project_wheel(project, target, reporter=reporter), project.extras))
            except (DependencyError, InputError) as error:
                if project.name not in requirements.optional:
                    raise
                findings.append(_left_out(str(project.name), error.what.splitlines()[0]))
    for path, extras in requirements.archives:
        if not path.name.endswith(".whl"):
            from castiron_wheels.built_wheels import sdist_wheel

            made.append((sdist_wheel(path, path.name, None, target, reporter=reporter), extras))
        elif fits(path.name, target):
            made.append((keep(path), extras))
        else:
            raise DependencyError(
                f"The wheel {path} does not fit {target.platform} and Python {target.python}.",
                hint="Give one whose name ends in musllinux_1_2_x86_64.whl or none-any.whl, or its sdist.",
            )
    for wheel, extras in made:
        name, _ = split_filename(wheel.name)
        before = found.get(name, (wheel, ()))
        if before[0] != wheel:
            raise DependencyError(f"{name} is given twice, with different contents.", hint="Give it once.")
        found[name] = (wheel, tuple(sorted({*before[1], *extras})))
    return found, findings


@dataclass(slots=True)
class _Search:
    """Asks uv, and decides between wheels and sdists."""

    requirements: Requirements
    target: Target
    reporter: Reporter
    local: Mapping[str, tuple[Path, tuple[str, ...]]]
    built: Mapping[str, Path] = field(default_factory=dict)
    """Wheels built from sdists in an earlier round."""
    findings: list[Finding] = field(default_factory=list)
    complete: bool = False
    """True: nothing may be added to what the requirements list."""
    _lines: list[str] = field(default_factory=list)

    def candidates(self) -> list[Candidate]:
        """Return one file for every distribution that is not in ``local``, sorted by name."""
        wanted = self.requirements
        # Another round says everything anew, but for what an earlier one has built.
        self.findings[:] = [item for item in self.findings if item.subject in self.built]
        self.complete = wanted.lock is not None or not wanted.dependencies
        if wanted.lock is not None:
            return read_lock(
                _read_text(wanted.lock),
                self.target,
                origin=wanted.lock.name,
                folder=wanted.lock.parent,
                extras=wanted.lock_extras,
                groups=wanted.lock_groups,
            )
        self._lines = [line for line in wanted.lines if _line_name(line) not in self.local]
        self._lines += [_file_line(name, path, extras) for name, (path, extras) in sorted(self.local.items())]
        self._lines += [_file_line(name, path, ()) for name, path in sorted(self.built.items())]
        if all(_line_name(line) in self.local for line in self._lines) and not self._needs_more():
            return []
        with self.reporter.task("resolve") as task:
            task.step(f"{len(self._lines)} requirements of {wanted.origin}")
            found = self._exact() if wanted.exact else self._free()
        return [item for item in found if item.name not in self.local]

    def _needs_more(self) -> bool:
        """Say whether the local wheels alone leave anything to resolve."""
        graph = RequirementGraph(wheels={name: path for name, (path, _) in self.local.items()}, target=self.target)
        graph.follow(self.roots())
        return bool(graph.unmet())

    def roots(self) -> list[Requirement]:
        """Return what is asked for by name."""
        roots = [Requirement(f"{name}[{','.join(extras)}]") for name, (_, extras) in sorted(self.local.items())]
        for line in self.requirements.lines:
            try:
                roots.append(Requirement(line))
            except InvalidRequirement:
                continue  # a bare URL: its name is known from the file alone
        return roots

    def direct(self, graph: RequirementGraph) -> set[str]:
        """Return the names that the application asks for itself."""
        if self.requirements.direct is not None:
            return set(self.requirements.direct)
        if self.requirements.lock is not None:
            needed = {name for names in graph.edges.values() for name in names}
            return set(graph.wheels) - needed
        named: set[str] = {canonicalize_name(root.name) for root in graph.active_roots}
        if any(_line_name(line) is None for line in self.requirements.lines):
            # A bare URL names no distribution: what nothing else needs was asked for.
            named |= set(graph.wheels) - {name for names in graph.edges.values() for name in names}
        return named

    def build(self, candidate: Candidate, file: Path | None) -> Path:
        """Return the wheel built from the candidate's sdist, folder or repository."""
        from castiron_wheels.built_wheels import project_wheel, repository_wheel, sdist_wheel

        label = f"{candidate.name} {candidate.version}" if candidate.version else candidate.name
        if file is None and candidate.path is not None:
            project = LocalProject(path=candidate.path.absolute(), name=candidate.name)
            return project_wheel(project, self.target, reporter=self.reporter)
        if file is None:
            return repository_wheel(candidate.name, str(candidate.url), self.target, reporter=self.reporter)
        if candidate.indexed and candidate.version and self.requirements.lock is None:
            from castiron_wheels.libc_independent import libc_independent_wheel

            portable = libc_independent_wheel(
                candidate,
                self.target,
                options=self.requirements.index_options,
                accepted={pin.name: pin.sha256 for pin in self.requirements.hashes}.get(candidate.name),
                folder=self.requirements.folder,
                reporter=self.reporter,
            )
            if portable is not None:
                self._find(
                    "portable-wheel",
                    candidate.name,
                    f"{label} has no wheel for the target; its wheel for systems with another C library was taken, as "
                    "it brings no library.",
                )
                return portable
        wheel = sdist_wheel(file, candidate.name, candidate.version, self.target, reporter=self.reporter)
        self._find(
            "built-from-sdist", candidate.name, f"{label} has no wheel for the target; it was built from its sdist."
        )
        return wheel

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
                    self.target,
                    options=[*every_option, *more],
                    constraints=constraints,
                    python=python,
                    environ=environ,
                    folder=wanted.folder,
                )
                return read_lock(text, self.target, folder=wanted.folder or Path.cwd(), accepted=accepted)

            pinned = {name for line in lines if (name := _pinned_name(line)) is not None}
            if len(pinned) == len(lines):
                # The index can add nothing to what is pinned; not asking it saves most of the time.
                try:
                    found = ask("--offline")
                    if all(item.name in pinned for item in found):
                        return found
                except DependencyError:
                    pass  # not everything is in uv's cache
            try:
                return ask()
            except ResolutionError as error:
                if not error.build_failed:
                    raise
            # Some sdists tell their metadata only to the Python and the compiler that they are for.
            from castiron_wheels.build import metadata_build

            python, environ = metadata_build(self.target, folder, reporter=self.reporter)
            return ask(python=python, environ=environ)

    def _free(self) -> list[Candidate]:
        """Resolve; then look for versions with wheels for those that have none."""
        found = self._compile(self._lines)
        limits: list[str] = []
        for name in [item.name for item in found if item.sdist and item.indexed]:
            if self._is_pinned(name):
                continue
            try:
                other = self._compile(self._lines, [*limits, "--only-binary", name])
            except ResolutionError as error:
                if error.unreachable:
                    raise
                continue  # no version has a wheel that goes with the rest
            if not _only_changes(name, found, other):
                continue
            before = next(item for item in found if item.name == name)
            after = next((item for item in other if item.name == name), None)
            if after is not None and not after.sdist and _is_near(after, before):
                limits += ["--only-binary", name]
                found = other
                self._find(
                    "older-version",
                    name,
                    f"{name} {after.version} was chosen, because {before.version} has no wheel for the target; "
                    f"ask for {name}=={before.version} to have that built.",
                    Severity.WARNING,
                )
        return found

    def _is_pinned(self, name: str) -> bool:
        return any(_pinned_name(line) == name for line in (*self._lines, *self.requirements.constraints))

    def _exact(self) -> list[Candidate]:
        """Resolve an existing environment's versions; leave out what may be missing and has nothing for the target."""
        optional = self.requirements.optional
        lines = list(self._lines)
        try:
            found = self._compile(lines)
        except ResolutionError as error:
            if error.unreachable:
                raise
            may_miss = [line for line in lines if _line_name(line) in optional]
            there = self._available(may_miss)
            for line in may_miss:
                if line not in there:
                    lines.remove(line)
                    self._leave_out(str(_line_name(line)), "no index has it in that version")
            found = self._exact_versions(lines)
        for item in [item for item in found if item.sdist and item.name in optional]:
            found.remove(item)
            self._leave_out(item.name, f"version {item.version} has no wheel for the target")
        return found

    def _exact_versions(self, lines: Sequence[str]) -> list[Candidate]:
        try:
            return self._compile(lines)
        except ResolutionError as error:
            if error.unreachable:
                raise
            found = self._compile(lines, ["--no-deps"])
            self.complete = True
            self._find(
                "inconsistent-environment",
                self.requirements.origin,
                "the installed versions contradict each other's requirements; they were taken as they are",
            )
            return found

    def _available(self, lines: Sequence[str]) -> set[str]:
        """Return those lines that an index can serve, found by halving."""
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
        self.findings.append(_left_out(name, why))

    def _find(self, code: str, subject: str, message: str, severity: Severity = Severity.INFO) -> None:
        self.findings.append(Finding(code=code, severity=severity, subject=subject, message=message))


def _left_out(name: str, why: str) -> Finding:
    return Finding(
        code="left-out",
        severity=Severity.WARNING,
        subject=name,
        message=f"{name} is installed beside the host's Python, but was left out: {why}",
    )


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


def _line_name(line: str) -> str | None:
    """Return the normalised name of a requirement line; None for a bare URL."""
    try:
        return canonicalize_name(Requirement(line).name)
    except InvalidRequirement:
        return None


def _file_line(name: str, path: Path, extras: Sequence[str]) -> str:
    suffix = f"[{','.join(extras)}]" if extras else ""
    return f"{name}{suffix} @ {path.as_uri()}"


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"The lock file {path} cannot be read: {error}.", hint="Check the file.") from error


def _unmet_findings(unmet: Iterable[tuple[str, Requirement]]) -> list[Finding]:
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


def _distribution(
    name: str, path: Path, graph: RequirementGraph, *, embedded: bool, direct: bool
) -> ResolvedDistribution:
    metadata = read_metadata(path)
    python = metadata.requires_python
    _check_python(
        str(python) if python is not None else None,
        graph.target,
        f"{name} {metadata.version}",
    )
    return ResolvedDistribution(
        name=name,
        version=metadata.version,
        wheel=Wheel(filename=path.name, sha256=path.parent.name, size=path.stat().st_size, embedded=embedded),
        path=path,
        requires=tuple(sorted(graph.edges[name] & set(graph.wheels))),
        direct=direct,
    )
