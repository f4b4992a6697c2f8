"""What is asked for and what was found, as immutable values."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from castiron_manifest.model import Finding, Wheel


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalProject:
    """A project folder on this machine (``./folder``, ``-e folder``, an editable install): built into a wheel."""

    path: Path
    """Absolute."""
    name: str | None = None
    """Normalised, if it is known before the build."""
    extras: tuple[str, ...] = ()
    """Normalised, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HashPin:
    """The files that the user accepts for one distribution (``--hash`` of a requirements file)."""

    name: str
    """Normalised."""
    sha256: tuple[str, ...]
    """Hexadecimal, sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What the application asks for.  Made by the functions of `castiron_wheels.requirements` and `.installed`."""

    origin: str
    """Where it was written, for messages: ``requirements.txt``."""
    lines: tuple[str, ...] = ()
    """PEP 508 requirements, in the order written."""
    constraints: tuple[str, ...] = ()
    """PEP 508 lines that limit versions without asking for anything."""
    projects: tuple[LocalProject, ...] = ()
    archives: tuple[tuple[Path, tuple[str, ...]], ...] = ()
    """Wheel and sdist files on this machine, absolute, each with the extras asked for."""
    hashes: tuple[HashPin, ...] = ()
    """Sorted by name.  Empty: any file that the index vouches for."""
    index_options: tuple[str, ...] = ()
    """Options of a requirements file that choose the index, as uv's command line takes them."""
    lock: Path | None = None
    """A ``pylock.toml`` (PEP 751) that says everything; then there are no lines."""
    lock_extras: tuple[str, ...] = ()
    lock_groups: tuple[str, ...] | None = None
    """Dependency groups of the lock to install; None means its default groups."""
    dependencies: bool = True
    """False: the lines are complete, nothing else is to be added."""
    exact: bool = False
    """True: the lines are the versions of an existing environment, kept even if they contradict each other."""
    optional: frozenset[str] = frozenset()
    """Normalised names that may be left out, with a finding, if nothing fits the target."""
    bystanders: frozenset[str] = frozenset()
    """Normalised names of what is only there: neither the application nor what it imports requires it."""
    folder: Path | None = None
    """Where uv looks for configuration (``uv.toml``, ``[tool.uv]``); None is the current folder."""
    requires_python: str | None = None
    """Specifier that the target's Python must satisfy."""
    direct: frozenset[str] | None = None
    """Normalised names that count as asked for by the application itself; None means all of ``lines``."""
    older: frozenset[str] = frozenset()
    """Normalised names that may fall back to a version of any age if the target forces an older one."""

    def __bool__(self) -> bool:
        """Whether anything is asked for at all."""
        return bool(self.lines or self.projects or self.archives or self.lock)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedDistribution:
    """One distribution of the target environment, with its wheel in the cache."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    wheel: Wheel
    path: Path
    """The wheel file in the cache."""
    requires: tuple[str, ...] = ()
    """Normalised names of the distributions of this environment that it depends on, sorted."""
    direct: bool = False
    project: bool = False
    """Whether its wheel is made of a folder on this machine: of the user's own code."""
    extra: str = ""
    """``distribution[extra]`` that the application asks for, if nothing else brings it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """The distributions that the application runs with.  Sorted by name."""

    target: PythonTarget
    distributions: tuple[ResolvedDistribution, ...] = ()
    findings: tuple[Finding, ...] = ()
    """What a person should know about the choice (an older version taken for its wheel, one built from its sdist)."""

    @property
    def wheels(self) -> tuple[Path, ...]:
        """The wheel files, in the order of the distributions: for `castiron_wheels.install.installation_prefix`."""
        return tuple(distribution.path for distribution in self.distributions)

    def get(self, name: str) -> ResolvedDistribution | None:
        """Return the distribution of that normalised name."""
        return next((item for item in self.distributions if item.name == name), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One file that the resolver chose: where it is and what its bytes must hash to."""

    name: str
    """Normalised."""
    version: str | None
    """None for a file outside any index whose metadata has not been read yet."""
    filename: str
    url: str | None = None
    path: Path | None = None
    sha256: str | None = None
    """None only if the index gives no hash for it."""
    size: int | None = None
    sdist: bool = False
    """True for everything that is not a wheel: it must be built."""
    indexed: bool = True
    """False for a file that the user named by its address: no index serves it under its name."""
    uploaded: str | None = None
    """When it came to the index (ISO 8601, UTC), if that says so."""
