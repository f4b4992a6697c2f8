"""Defines what a manifest says, as immutable values that do not depend on msgpack.

Every path in a manifest is relative, uses ``/`` and is relative to the root its owner names:

* a *distribution's* files are relative to ``site-packages`` (``numpy/linalg/__init__.py``);
* the *standard library's* files are relative to ``lib/python3.13`` of the runtime pack;
* the *application's* own files are relative to the application folder and carried by the manifest as blobs.

Sequences are sorted by the key named in each docstring, so equal analyses give equal bytes.
"""

from __future__ import annotations

from dataclasses import field
from enum import StrEnum

from castiron_common.frozen import dataclass

SCHEMA_MAJOR = 1
"""Increased when an older reader would misunderstand the file; a reader refuses any other major version."""

SCHEMA_MINOR = 3
"""Increased when fields are added; an older reader keeps what it does not know.  A manifest says the lowest one that
has all its fields."""


class EntryKind(StrEnum):
    """How the application starts; each behaves as the ``python`` command line of that form."""

    SCRIPT = "script"
    """``python app.py``; also old-style scripts that a wheel installs under ``bin/``."""
    MODULE = "module"
    """``python -m package``."""
    FUNCTION = "function"
    """``sys.exit(function())``: what a console script does."""


class ModuleKind(StrEnum):
    """What a module is made from."""

    SOURCE = "source"
    """A ``.py`` file that is not a package."""
    PACKAGE = "package"
    """An ``__init__.py``."""
    NAMESPACE = "namespace"
    """A folder without ``__init__.py`` (PEP 420); it has no file."""
    EXTENSION = "extension"
    """A shared object of a distribution."""
    BUILTIN = "builtin"
    """An extension module of the standard library, linked statically from the runtime pack; it has no file."""


class Tier(StrEnum):
    """Why an import was followed, strongest first."""

    REQUIRED = "required"
    """Runs when the importing module is imported."""
    GUARDED = "guarded"
    """In try/except, or under a condition that the target does not decide."""
    LAZY = "lazy"
    """In a function."""
    DECLARED = "declared"
    """Named by the user, a hint or an entry point, or included because its distribution imports by computed names."""
    OBSERVED = "observed"
    """Seen in a run under ``trace --run``."""


class Origin(StrEnum):
    """Who owns a file or a module."""

    APP = "app"
    STDLIB = "stdlib"
    DISTRIBUTION = "distribution"


class MachineFacility(StrEnum):
    """What a program may need of the machine that no binary has by itself."""

    CERTIFICATES = "certificates"
    """Certificates of authorities, against which TLS checks others."""
    HOST_NAMES = "host-names"
    """A resolver: ``/etc/resolv.conf``, ``/etc/hosts``."""
    TIME_ZONES = "timezones"
    """Rules of time zones: ``/usr/share/zoneinfo``."""
    SHELL = "shell"
    """``/bin/sh``."""
    USERS = "users"
    """Names of users and groups: ``/etc/passwd``, ``/etc/group``."""
    FONTS = "fonts"
    """Fonts that are found by their names."""
    LOCALES = "locales"
    """Locales by name; the target's C library accepts every name and formats as in ``C``."""
    TEXT_LAYOUT = "text-layout"
    """A library of the machine that lays out text; no static executable can open it."""


class Severity(StrEnum):
    """How much a finding matters."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The platform and Python that the binary is for, by name."""

    platform: str
    """Name of the target, which is a Clang target triple without vendor: ``MACHINE-linux-LIBC``."""
    python: str
    """Feature version: ``3.13``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where the application starts."""

    kind: EntryKind
    module: str
    """The module to run; ``__main__`` for a script."""
    function: str | None = None
    """Dotted attribute path in the module, for `EntryKind.FUNCTION`."""
    path: str | None = None
    """For `EntryKind.SCRIPT`: the file, relative to its owner's root (``bin/aws`` for a distribution's script)."""
    origin: Origin = Origin.APP
    distribution: str | None = None
    """The owner when ``origin`` is a distribution."""
    name: str
    """The program's name: the default for the binary and for ``sys.argv[0]``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wheel:
    """One wheel, named by its content."""

    filename: str
    sha256: str
    size: int
    """Bytes."""
    embedded: bool = False
    """True if no index serves it (a local project, a wheel built from an sdist): then it is a blob."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseFile:
    """A license, notice or SBOM file of a distribution."""

    path: str
    """Relative to site-packages."""
    sha256: str
    """Key of the text among the manifest's ``texts``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenseEvidence:
    """What a distribution says about its license: evidence, not a verdict."""

    expression: str | None = None
    """``License-Expression`` (PEP 639)."""
    text: str | None = None
    """The free-text ``License`` field."""
    classifiers: tuple[str, ...] = ()
    """``License ::`` trove classifiers, sorted."""
    files: tuple[LicenseFile, ...] = ()
    """Sorted by path."""
    sboms: tuple[LicenseFile, ...] = ()
    """Files under ``.dist-info/sboms`` (PEP 770), sorted by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Distribution:
    """One distribution of the target environment.  Sorted by normalised name."""

    name: str
    """Normalised (PEP 503)."""
    version: str
    wheel: Wheel
    purl: str
    """Package URL: ``pkg:pypi/numpy@2.3.4``."""
    requires: tuple[str, ...] = ()
    """Normalised names of the distributions it depends on here, sorted."""
    direct: bool = False
    """True if the application asks for it itself."""
    license: LicenseEvidence = field(default_factory=LicenseEvidence)
    summary: str | None = None
    home_page: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Via:
    """The import that brings a module in: the best edge to it, so that chains can be walked to the entry."""

    importer: str
    """The importing module's name; the entry's module, a distribution, or ``(run)`` for what a run showed."""
    line: int
    """1-based; 0 if the import has no line."""
    tier: Tier


@dataclass(frozen=True, slots=True, kw_only=True)
class Module:
    """One module that goes into the binary.  Sorted by (name, origin, path)."""

    name: str
    kind: ModuleKind
    origin: Origin
    distribution: str | None = None
    path: str | None = None
    """Relative to the owner's root; None for builtin and namespace modules."""
    via: Via | None = None
    """None for the entry and what the interpreter itself needs."""
    sha256: str | None = None
    """For `Origin.APP`, and if it is ``compiled``: key of the content among the blobs."""
    compiled: bool = False
    """The content is the module's bytecode and not its source: a marshalled code object of the pack's Python, as the
    manifests of relink kits have it (since 1.2)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One file that is not an imported module.  Sorted by (origin, distribution, path)."""

    path: str
    """Relative to the owner's root; for a wheel's ``data`` scheme that gives ``../../../share/x``."""
    origin: Origin
    distribution: str | None = None
    size: int
    """Bytes."""
    executable: bool = False
    sha256: str | None = None
    """For `Origin.APP`: key of the content among the blobs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SymbolicLink:
    """A symbolic link among the application's files (since 1.3).  Sorted by path."""

    path: str
    """Relative to the application's folder, without links on the way."""
    target: str
    """What ``readlink`` says: relative to the link's folder.  It never leaves the application's folder, and leads by at
    most 40 links to a file of ``resources`` or ``modules``, or to a folder that has some."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Native:
    """One shared object of the environment.  Sorted by (distribution, path)."""

    path: str
    """Relative to the owner's root."""
    distribution: str
    """Empty for the application's own."""
    soname: str | None
    sha256: str
    size: int
    """Bytes."""
    needed: tuple[str, ...] = ()
    """``DT_NEEDED`` in file order, which is the ABI's search order."""
    runpaths: tuple[str, ...] = ()
    """``DT_RUNPATH`` or ``DT_RPATH`` entries in file order."""
    undefined: tuple[str, ...] = ()
    """Undefined dynamic symbols that neither it nor its needed libraries in the environment define, sorted."""
    machine: str = ""
    """Name of ``e_machine``, without ``EM_``."""
    libc: str = ""
    """``musl``, ``glibc`` or empty if it needs none."""
    tls_size: int = 0
    """Bytes of ``PT_TLS``."""
    relocations: tuple[tuple[str, int], ...] = ()
    """How many of each kind, by its name in the processor's supplement of the ABI, sorted by that."""
    origin: Origin = Origin.DISTRIBUTION
    """For `Origin.APP`, ``sha256`` is the key of the content among the blobs."""
    module: str | None = None
    """The module it implements, if it exports ``PyInit_*`` for its file name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something that the user should know.  Sorted by (code, subject, message)."""

    code: str
    """Stable identifier: ``computed-import``."""
    severity: Severity
    subject: str
    """The module, file or distribution."""
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """A use of what the machine must bring.  Sorted by (what, importer)."""

    what: MachineFacility
    importer: str
    """The module whose code uses it."""
    line: int
    """Of the first use; 1-based."""
    own: bool
    """Whether the module is the application's; a distribution may have uses that the application never comes to."""
    carried: bool = False
    """Whether a distribution brings it, for machines that do not have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the application needs.  See the module's docstring for roots and order."""

    generator: str
    """``castiron 0.1.0``."""
    pack: str
    """The Python version of the runtime pack that the analysis used: ``cpython-3.13.5``."""
    target: Target
    entry: Entry
    distributions: tuple[Distribution, ...] = ()
    modules: tuple[Module, ...] = ()
    resources: tuple[Resource, ...] = ()
    natives: tuple[Native, ...] = ()
    findings: tuple[Finding, ...] = ()
    needs: tuple[Need, ...] = ()
    links: tuple[SymbolicLink, ...] = ()
    texts: tuple[tuple[str, str], ...] = ()
    """License texts once each: (sha256 of the UTF-8 text, text), sorted."""
    blobs: tuple[tuple[str, bytes], ...] = ()
    """The application's files and embedded wheels: (sha256 of the content, content), sorted.  The codec compresses."""
    extra: tuple[tuple[str, object], ...] = ()
    """Top-level fields of a newer minor version, kept as they were read."""
