"""Defines what host and analyser exchange: one request and one answer, as JSON text.

The analyser runs in the target's Python, so this module, `castiron_trace.hints.model` and `castiron_trace.wire`, which
turns all these classes into text and back, import nothing but the standard library.  Both sides use the same classes;
whatever arrives is checked against them, field by field.

Small rows, of which there are thousands, are named tuples: both sides make these classes at each start, and a frozen,
ordered dataclass takes nine times as long to make, and its values longer, too.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - `castiron_trace.wire` reads the annotations
from dataclasses import field
from enum import Enum, IntEnum
from typing import NamedTuple

from castiron_common.frozen import dataclass
from castiron_trace.hints.model import Hints

APP = "(app)"
STDLIB = "(stdlib)"
VIRTUAL = "(virtual)"
"""Owners of modules that belong to no distribution: the application itself, the standard library, nobody (a package
that only a run creates).
"""


class Tier(IntEnum):
    """How strong an import is, strongest first; the names are those of `castiron_manifest.model.Tier`."""

    REQUIRED = 0
    """It runs whenever its module is imported."""
    GUARDED = 1
    """It may fail, or stands under a condition that the target does not decide."""
    LAZY = 2
    """It stands in a function."""
    DECLARED = 3
    """No import statement: a rule of the analysis or the user says so."""
    OBSERVED = 4
    """A watched run made it."""


class ModuleKind(Enum):
    """What a name of the import graph stands for."""

    SOURCE = "source"
    PACKAGE = "package"
    NAMESPACE = "namespace"
    EXTENSION = "extension"
    BUILTIN = "builtin"
    SCRIPT = "script"
    BYTECODE = "bytecode"
    INVALID = "invalid"
    """A source that the target's Python does not parse."""
    ALIAS = "alias"
    """Another module under a second name."""
    EXCLUDED = "excluded"
    MISSING = "missing"


class Node(NamedTuple):
    """One name of the import graph."""

    kind: ModuleKind
    owner: str | None = None
    """`APP`, `STDLIB`, `VIRTUAL`, a distribution's normalised name; None for what does not exist."""
    file: str | None = None
    """Absolute; in the graph of the standard library relative to its folder."""


class Edge(NamedTuple):
    """One import of the graph."""

    importer: str
    imported: str
    tier: Tier
    line: int
    """1-based; 0 if no line is known."""


class Import(NamedTuple):
    """One import, told beside its importer."""

    imported: str
    tier: Tier
    line: int


class Text(NamedTuple):
    """A string literal of a source."""

    text: str
    line: int


class MachineUse(NamedTuple):
    """A call that needs what the machine brings."""

    what: str
    """A value of `castiron_manifest.model.MachineFacility`."""
    module: str
    line: int


@dataclass(frozen=True, slots=True)
class FileNames:
    """What a source of the application says about files; see `castiron_trace.analyser.syntax.own_paths`."""

    strings: tuple[Text, ...] = ()
    """Short string literals."""
    paths: tuple[Text, ...] = ()
    """Computed from ``__file__``, relative to the source's folder; ``*`` for what a run computes."""
    patterns: tuple[Text, ...] = ()
    """Strings with ``*`` for what a run computes."""
    opened: tuple[Text, ...] = ()
    """Names that are used for nothing but to read a file of the current folder."""
    written: tuple[str, ...] = ()
    """Names that are opened to be written."""
    imports: tuple[str, ...] = ()
    """Modules that it imports by absolute names, sorted."""
    changes_folder: bool = False
    """Whether the current folder is changed."""


class SourceError(NamedTuple):
    """A source that the target's Python does not parse."""

    module: str
    line: int
    """0 if the parser names none."""
    message: str


class Notice(NamedTuple):
    """A finding of the analyser; the fields are those of `castiron_manifest.model.Finding`."""

    code: str
    severity: str
    subject: str
    message: str


class Alternatives(NamedTuple):
    """Modules of which a module needs one: without any of them, importing it certainly fails."""

    module: str
    names: tuple[str, ...]
    """Absolute, in the order in which they are tried."""


class LeftOut(NamedTuple):
    """A distribution of the environment that stays out, as others import it only if it is there."""

    distribution: str
    """Normalised."""
    module: str
    """What is imported of it."""
    importer: str
    line: int


class NeededLibrary(NamedTuple):
    """A library of the machine that a module cannot be imported without."""

    module: str
    line: int
    """0 if no line is known."""
    names: tuple[str, ...]
    """One of them is enough."""
    remedy: str
    """What to do; empty if that is not known."""


@dataclass(frozen=True, slots=True)
class Definitions:
    """What a module binds at its top level."""

    names: tuple[str, ...]
    open_ended: bool
    """Whether there may be more names: ``import *``, ``__getattr__``."""


# The standard library's own graph ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class StdlibRequest:
    """Asks for the graph of the target's standard library."""

    root: str
    """The standard library's folder."""
    builtins: tuple[str, ...]
    """Extension modules that can be linked, sorted."""


@dataclass(frozen=True, slots=True)
class StdlibAnswer:
    """Every module of the standard library, and every import between two of them."""

    modules: Mapping[str, Node]
    imports: Mapping[str, tuple[Import, ...]]
    """Importer -> what it imports, sorted."""
    mentions: Mapping[str, tuple[str, ...]]
    """Module -> the names of `castiron_trace.analyser.conditional.MENTIONS` that its source uses, sorted."""


@dataclass(frozen=True, slots=True)
class StdlibFile:
    """What is kept of a target's standard library in the cache; read by the host and by the analyser."""

    graph: StdlibAnswer
    startup: tuple[str, ...]
    """Modules that the interpreter itself imports, sorted."""


# An application's graph ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """Where the program starts."""

    module: str
    owner: str = APP
    """`APP`, or the distribution that the script is of."""
    script: str | None = None
    """The file, if a file is run."""
    as_main: bool = False
    """Whether the module is run as ``python -m`` runs it."""
    function: str | None = None


@dataclass(frozen=True, slots=True)
class Installed:
    """A distribution of the environment, with what its own metadata do not say."""

    name: str
    """Normalised."""
    wheel: str
    """SHA-256 of the wheel it was installed from: what it brings is scanned once."""
    requires: tuple[str, ...] = ()
    """Distributions of the environment that it needs itself."""
    direct: bool = False
    """Whether the user asks for it, and not only another distribution."""
    project: bool = False
    """Whether it is made of a folder on this machine: then it is the user's own code."""
    bystander: bool = False
    """Whether it is only there: it goes in if more than optional imports of other distributions lead to it."""
    dist_info: str = ""
    """The folder of its metadata, relative to site-packages."""
    files: tuple[str, ...] = ()
    """What its RECORD names, relative to site-packages, sorted."""


class ObservedImport(NamedTuple):
    """An import that a watched run made."""

    imported: str
    importer: str = ""
    """The module whose code made it; empty for the entry."""


@dataclass(frozen=True, slots=True)
class TraceRequest:
    """Asks what an application reaches of itself and its distributions."""

    entry: Entry
    roots: tuple[str, ...]
    """Folders of the application's own modules, in the order of ``sys.path``."""
    site: str
    """``site-packages``; empty if no distribution is installed."""
    distributions: tuple[Installed, ...]
    stdlib: str
    """The file with the standard library's graph."""
    cache: str | None
    """Folder of the scans that another run has made; None to make them all."""
    suffixes: tuple[str, ...]
    """File name endings of extension modules, best first."""
    libc: tuple[str, ...]
    """Libraries that are the target's C library, as `ctypes.util.find_library` takes their names."""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    observed: tuple[ObservedImport, ...] = ()
    """What a watched run imported."""
    rules: bool = True
    """Whether to look beyond import statements; a pruned run does not."""
    hints: Hints = field(default_factory=Hints)
    given_files: tuple[str, ...] = ()
    """Files of the application that the user includes, sorted."""
    outside_code: bool | None = None
    """Whether the program runs code that is not part of it; None to find out from its code."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceAnswer:
    """What an application reaches.  Modules of the standard library are leaves here: they have a graph of their own."""

    entry: str
    """The node that the program starts with."""
    nodes: Mapping[str, Node]
    edges: tuple[Edge, ...]
    notices: tuple[Notice, ...]
    files: tuple[str, ...]
    """Source files that are read or run by path."""
    invalid: tuple[SourceError, ...]
    file_names: Mapping[str, FileNames]
    """The application's own modules -> what they say about files."""
    codecs: tuple[str, ...]
    """Encodings that are named literally."""
    dynamic_codec: bool
    """Whether an encoding is named in any other way."""
    mentions: tuple[str, ...]
    """Names of `castiron_trace.analyser.conditional.MENTIONS` in use."""
    shadowed: tuple[str, ...]
    """Modules of the standard library that the application has its own of."""
    runs_outside_code: bool
    machine: tuple[MachineUse, ...] = ()
    """Calls that need what the machine brings, sorted."""
    unknown_includes: tuple[str, ...] = field(default=())
    """Names that the user includes and that do not exist."""
    definitions: Definitions | None = None
    """Of the entry's module, if a function of it is the entry."""
    made: tuple[str, ...] = ()
    """Names that are imported, have no file and are made at run time."""
    import_hook: str = ""
    """Where the application adds an import hook or a folder from outside to sys.path, which may bring any module."""
    given_names: Mapping[str, str] = field(default_factory=dict)
    """Names of modules that no file has and that the application may give to a distribution's import hook: where."""
    alternatives: tuple[Alternatives, ...] = ()
    """Sorted."""
    needed_libraries: tuple[NeededLibrary, ...] = field(default=())
    """That no distribution brings, sorted."""
    left_out: tuple[LeftOut, ...] = ()
    """Each distribution once, sorted."""
