"""Defines the values that the passes of a trace pass on."""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass
from castiron_wheels.record import installed_records

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from castiron_manifest.model import Entry, Finding
    from castiron_trace.protocol import Definitions, FileNames, LeftOut, MachineUse, Tier
    from castiron_wheels.model import ResolvedDistribution
    from castiron_wheels.record import InstalledRecord


class Carry(StrEnum):
    """What ``--carry`` takes along for machines that lack it; values of `castiron_manifest.model.MachineFacility`."""

    CERTIFICATES = "certificates"
    TIME_ZONES = "timezones"


class Stdlib(StrEnum):
    """How much of the standard library goes in."""

    AUTO = "auto"
    """All of it if the program runs code that is not part of it and may import anything; else what is used."""
    USED = "used"
    ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """The options of `trace`."""

    application: str
    """A file, a folder, ``package.module:function``, a console script's name, or with ``as_module`` a module."""
    as_module: bool = False
    entry: str | None = None
    """Which of a project's scripts, if it has several."""
    requirements: tuple[Path, ...] = ()
    with_: tuple[str, ...] = ()
    environment: Path | None = None
    """A virtual environment or interpreter whose installed versions are taken."""
    host_python: Path | None = None
    """The Python whose installed versions are taken if nothing says what is needed; None to look for one."""
    extras: tuple[str, ...] = ()
    allow_older: tuple[str, ...] = ()
    """Distributions that may fall back to a version of any age."""
    renew: bool = False
    """Whether the index is asked again although its answer is still known."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    allow_missing: tuple[str, ...] = ()
    """Modules and libraries that the application surely needs and that may be missing all the same."""
    explains: bool = False
    """Whether only the chains of imports are asked for: also of what the application surely fails without."""
    stdlib: Stdlib = Stdlib.AUTO
    include_data: tuple[Path, ...] = ()
    carry: tuple[Carry, ...] = ()
    guess_data: bool = True
    paths: tuple[Path, ...] = ()
    """Further folders that the application puts on ``sys.path``."""
    level: int = 0
    """The oldest processors that must run it: index in the target's levels."""
    name: str | None = None
    run: tuple[str, ...] | None = None
    """Arguments of a run to watch; None for none."""
    run_by: str | None = None
    """The module that runs the application in the watched run, as pytest runs its tests; None: it runs itself."""
    record: Path | None = None
    """File for what was watched."""
    recorded: tuple[Path, ...] = ()
    """Files with what earlier runs used."""
    prune: bool = False
    folder: Path
    """The current folder: what relative names refer to."""
    target: PythonTarget


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetPython:
    """The target's interpreter and standard library, as the analysis needs them."""

    id: str
    """Key of the caches; the pack's id."""
    version: str
    """``3.13.5``."""
    interpreter: Path
    """Runs the analysis."""
    stdlib: Path
    builtins: frozenset[str]
    """Extension modules of the standard library that can be linked."""
    suffixes: tuple[str, ...]
    """File name endings of extension modules in distributions, best first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResolvedEntry:
    """The entry, and where the application's own modules are."""

    entry: Entry
    script: Path | None
    """The file to read, for a script."""
    roots: tuple[Path, ...]
    """Folders that hold the application's own modules; empty if a distribution is the application."""


@dataclass(frozen=True, kw_only=True)
class Site:
    """The installed target environment; without distributions, it has no folder either."""

    path: tuple[Path, ...] = ()
    """What it adds to ``sys.path``: ``site-packages``, or nothing."""
    distributions: tuple[ResolvedDistribution, ...] = ()
    bystanders: frozenset[str] = frozenset()
    """Those that are only there, in an environment that was not made for the application as far as anybody said."""

    @property
    def folder(self) -> Path:
        """``site-packages``; only what belongs to a distribution may ask for it."""
        return self.path[0]

    @cached_property
    def records(self) -> dict[str, InstalledRecord]:
        """Return what each distribution's RECORD says, by normalised name."""
        return {name: record for folder in self.path for name, record in installed_records(folder).items()}

    @property
    def prefix(self) -> Path:
        """What ``sys.prefix`` would be."""
        return self.folder.parent.parent.parent


NO_SITE = Site()
"""The environment of an application that needs no distribution."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReachedModule:
    """One module of the closure."""

    name: str
    kind: str
    """`castiron_manifest.model.ModuleKind` as a string."""
    owner: str
    """`castiron_trace.protocol.APP`, `STDLIB` or a distribution's normalised name."""
    file: Path | None
    importer: str | None
    """None for the entry and for what the interpreter needs."""
    line: int
    tier: Tier
    """Of the edge from ``importer``."""
    weakest: Tier
    """The weakest tier on the way from the entry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidModule:
    """A reached source that the target's Python does not parse."""

    name: str
    owner: str
    file: Path
    line: int
    """0 if the parser names none."""
    message: str
    weakest: Tier
    """As for `ReachedModule`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingLibrary:
    """A library of the machine that a reached module cannot be imported without."""

    importer: str
    line: int
    """0 if no line is known."""
    names: tuple[str, ...]
    """One of them is enough."""
    remedy: str
    weakest: Tier
    """As for `ReachedModule`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """The closure of an application's imports, and what was noticed on the way."""

    modules: Mapping[str, ReachedModule]
    entry: str
    """Name of the entry's module."""
    findings: tuple[Finding, ...] = ()
    files: frozenset[Path] = frozenset()
    """Source files that are read or run by path."""
    file_names: Mapping[str, FileNames] = field(default_factory=dict)
    """What the application's own modules say about files, by module."""
    machine: tuple[MachineUse, ...] = ()
    """Calls that need what the machine brings."""
    missing: Mapping[str, tuple[str, int, Tier]] = field(default_factory=dict)
    """Modules that do not exist -> (importer, line, weakest tier on the way)."""
    alternatives: Mapping[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)
    """(importer, imported), where a ``try`` is around the import that runs all the same -> all that is tried there."""
    import_hook: str = ""
    """Where the application adds an import hook or a folder from outside to sys.path; empty if it does not."""
    given_names: Mapping[str, str] = field(default_factory=dict)
    """Names of modules that no file has and that the application may give to a distribution's import hook: where."""
    unknown_includes: tuple[str, ...] = ()
    definitions: Definitions | None = None
    """Of the entry's module, if a function of it is the entry."""
    invalid: tuple[InvalidModule, ...] = ()
    """Sources that do not parse, sorted by name."""
    missing_libraries: tuple[MissingLibrary, ...] = ()
    starters: frozenset[str] = frozenset()
    """Owners of modules that can start other programs."""
    left_out: tuple[LeftOut, ...] = ()
    """Bystanders that reached modules import only if they are there, sorted."""
    kept_out: frozenset[str] = frozenset()
    """Names that reached modules import and that the user or a hint excludes."""
