"""What is asked of uv for one set of requirements: with its constraints, hashes and index, and builds of metadata."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from castiron_common.errors import DependencyError
from castiron_common.progress import pulsing
from castiron_common.working import working_folder
from castiron_manifest.model import Finding, Severity
from castiron_wheels.errors import ResolutionError
from castiron_wheels.pylock import read_lock
from castiron_wheels.tags import is_emulated
from castiron_wheels.uv_client import uv_compile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_common.progress import Task
    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.model import Candidate, Requirements


_LACKING = re.compile(r"([\w.-]+)==\S+ has no |no version of ([\w.-]+)==")
"""How uv names a pinned distribution of which there is nothing."""


@dataclass(slots=True, kw_only=True)
class Questions:
    """One choice that is under way."""

    requirements: Requirements
    context: BuildContext
    lines: tuple[str, ...]
    """What uv is asked for."""
    complete: bool
    """True: nothing may be added to what the requirements list."""
    task: Task
    findings: list[Finding] = field(default_factory=list)
    _refresh: bool = False

    def __post_init__(self) -> None:
        self._refresh = self.context.renew

    def find(self, code: str, subject: str, message: str, severity: Severity = Severity.INFO) -> None:
        """Keep what a person should know."""
        self.findings.append(Finding(code=code, severity=severity, subject=subject, message=message))

    def is_pinned(self, name: str) -> bool:
        """Say whether the requirements themselves leave no choice of that distribution's version."""
        return any(pinned_name(line) == name for line in (*self.lines, *self.requirements.constraints))

    def candidates(
        self, lines: Sequence[str], options: Sequence[str] = (), *, limits: Sequence[str] = (), what: str = "resolving"
    ) -> list[Candidate]:
        """Return one file for each distribution.  ``limits`` are further constraints, ``what`` tells what is done.

        Raises `ResolutionError` with uv's reasons if nothing fits.
        """
        text = self.ask(lines, options, limits=limits, what=what)
        return self._read(text)

    def emulated(self, text: str) -> dict[str, Candidate]:
        """Return the wheels for the emulated C library, by name, of uv's answer for a system that has it."""
        if not self.context.target.target.wheels.emulated_tags:
            return {}
        target = self.context.target
        return {item.name: item for item in self._read(text) if not item.sdist and is_emulated(item.filename, target)}

    def from_cache(self) -> list[Candidate] | None:
        """Return the answer if the requirements are pinned, every one, and uv knows all of them without asking."""
        pinned = {name for line in self.lines if (name := pinned_name(line)) is not None}
        if len(pinned) < len(self.lines) or self._refresh:
            return None
        try:
            known = self._read(self.ask(self.lines, ["--offline"]))
        except DependencyError:
            return None
        return known if all(item.name in pinned for item in known) else None

    def _read(self, text: str) -> list[Candidate]:
        wanted = self.requirements
        accepted = {pin.name: pin.sha256 for pin in wanted.hashes}
        return read_lock(text, self.context.target, folder=wanted.folder or Path.cwd(), accepted=accepted)

    def ask(
        self,
        lines: Sequence[str],
        options: Sequence[str] = (),
        *,
        limits: Sequence[str] = (),
        what: str = "resolving",
        sibling: bool = False,
        reasons: bool = False,
    ) -> str:
        """Return uv's own answer; ``sibling`` and ``reasons`` as for `uv_compile`."""
        wanted = self.requirements
        every_option = [*wanted.index_options, *options, *([] if wanted.dependencies else ["--no-deps"])]
        if self._refresh:
            self._refresh = False  # what follows goes by the same state of the index
            every_option.append("--refresh")
        with working_folder("resolve") as folder, pulsing(self.task, lambda: what):
            constraints = None
            if wanted.constraints or limits:
                constraints = folder / "constraints.txt"
                constraints.write_text("".join(f"{line}\n" for line in (*wanted.constraints, *limits)), "utf-8")

            def compiled(python: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
                return uv_compile(
                    lines,
                    self.context.target,
                    options=every_option,
                    constraints=constraints,
                    python=python,
                    environ=environ,
                    folder=wanted.folder,
                    sibling=sibling,
                    reasons=reasons,
                )

            try:
                return compiled()
            except ResolutionError as error:
                if not error.build_failed or "--offline" in options:
                    raise
            # Some sdists tell their metadata only to the Python and the compiler that they are for.
            from castiron_wheels.build import metadata_build

            return compiled(*metadata_build(self.context.target, folder, reporter=self.context.reporter))

    def available(self, lines: Sequence[str], *, what: str) -> set[str]:
        """Return those pinned lines that an index can serve for the target."""
        if not lines:
            return set()
        try:
            self.ask(lines, ["--no-deps"], what=what)
            return set(lines)
        except ResolutionError as error:
            if error.unreachable:
                raise
            named = {canonicalize_name(name) for match in _LACKING.findall(error.what) for name in match if name}
        if len(lines) == 1:
            return set()
        rest = [line for line in lines if pinned_name(line) not in named]
        if len(rest) < len(lines):
            return self.available(rest, what=what)
        middle = len(lines) // 2  # uv's reason names none of them: halving finds it
        return self.available(lines[:middle], what=what) | self.available(lines[middle:], what=what)


def pinned_name(line: str) -> str | None:
    """Return the normalised name if the line leaves no choice of version."""
    try:
        parsed = Requirement(line)
    except InvalidRequirement:
        return None
    exact = any(part.operator in {"==", "==="} and not part.version.endswith(".*") for part in parsed.specifier)
    return canonicalize_name(parsed.name) if exact or parsed.url else None
