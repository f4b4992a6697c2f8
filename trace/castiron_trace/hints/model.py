"""Defines the kinds of hints.  A field is a key of a table in TOML; docs/hints.md explains each.

Used on both sides of `castiron_trace.protocol`, so it imports nothing but the standard library.
"""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003 - the reader and `castiron_trace.wire` evaluate the annotations
from dataclasses import field

from castiron_common.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Hint:
    """What every hint says."""

    reason: str
    """What the code does that reading does not show."""
    source: str
    """Where that is documented: a file, a chapter of a manual."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HiddenImport(Hint):
    """Modules that go in if another module does."""

    module: str
    """Of any owner, the standard library too."""
    imports: tuple[str, ...] = ()
    """``package.*`` means the package and all modules in it."""
    distributions: tuple[str, ...] = ()
    """All modules of these distributions, if they are installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Alias(Hint):
    """A name that at run time stands for another module, and the names below it likewise."""

    module: str
    stands_for: str = field(metadata={"key": "stands-for"})
    """Empty: names below ``module`` are top-level modules."""
    distribution: str = ""
    """That makes the name; empty if it need not be installed under this name."""
    made_by: str = field(default="", metadata={"key": "made-by"})
    """The ``.pth`` file that makes the name when the interpreter starts, and nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class VirtualPackage(Hint):
    """A package that is created at run time, also where a copy of its distribution is vendored."""

    module: str
    modules: Mapping[str, str]
    """Name below it -> the module that it is made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PluginHost(Hint):
    """A program that imports the modules whose names its user writes down."""

    module: str
    """That imports them; if it is reached, plug-ins are."""
    defines: str
    """Regular expression for the start of the line that defines what the host calls in a plug-in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPackage(Hint):
    """A framework that looks for modules, by their names, in the packages of distributions that settings name."""

    module: str
    """Of the framework: if it is reached, the packages count."""
    has: tuple[str, ...]
    """A package in which the framework looks has one of these modules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPoints(Hint):
    """Entry points that a module loads."""

    module: str
    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoredEntryPoints(Hint):
    """Groups of entry points that no program loads at run time."""

    groups: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPointLookup(Hint):
    """Functions and classes that look up the entry points of the group that their caller names."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportFunction(Hint):
    """Functions that import what their first argument names."""

    names: tuple[str, ...]
    modules: tuple[str, ...] = ()
    """They count only with one of these before the dot; if there is none, with anything."""
    whole_package: bool = field(default=False, metadata={"key": "whole-package"})
    """They import all modules below the package that is named, so that a literal does not tell which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceFunction(Hint):
    """Functions that read data files of the package which their first argument names."""

    names: tuple[str, ...]
    modules: tuple[str, ...] = ()
    """They count only with one of these before the dot; if there is none, with anything."""
    imported_by_name: bool = field(default=False, metadata={"key": "imported-by-name"})
    """They count with nothing before them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileFunction(Hint):
    """Functions whose first argument, if it is a relative path, means a file of the current folder, which they read."""

    names: tuple[str, ...]
    modules: tuple[str, ...]
    """They count only with one of these before the dot: the module's name, and what it is usually imported as."""
    imported_by_name: bool = field(default=False, metadata={"key": "imported-by-name"})
    """They count with nothing before them, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteFunction(Hint):
    """Functions and classes that write to the file or folder that an argument names."""

    calls: tuple[str, ...]
    """Their dotted names, as imports lead to them."""
    keyword: str = ""
    """The argument; if there is none, the first one."""
    reads: bool = False
    """Whether they may only read what is there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnPlace(Hint):
    """An attribute of a framework's objects that names a folder beside the application's code."""

    module: str
    attribute: str
    remedy: str
    """How to name another folder: a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NamespaceFunction(Hint):
    """Functions that make the calling package a namespace package, as `pkgutil.extend_path` does."""

    names: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CallerPackageFunction(Hint):
    """Functions that, without an argument, import all modules of the package in which they are called."""

    names: tuple[str, ...]
    modules: tuple[str, ...]
    """They count only with one of these before the dot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Constant(Hint):
    """The value that a dotted name has in every run on the target: conditions are decided by it."""

    name: str
    value: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class MachineNeed(Hint):
    """Functions that use what the machine brings."""

    what: str
    """A value of `castiron_manifest.model.MachineFacility`."""
    calls: tuple[str, ...]
    """Dotted names, as ``module.function``; with ``*`` for the module, any method of that name."""
    keyword: str = ""
    """Only calls that give this keyword argument as ``True``."""
    unless: tuple[str, ...] = ()
    """Only calls that give none of these keyword arguments."""
    argument: int = 0
    """The number of a positional argument, from 1, that must be a literal which ``matches``."""
    matches: str = ""
    """Regular expression for all of that literal."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Carry(Hint):
    """A distribution that brings what a machine may lack."""

    what: str
    """A value of `castiron_manifest.model.MachineFacility`."""
    distribution: str
    requirement: str
    """With the version that ``--carry`` takes if nothing else asks for the distribution."""
    files: tuple[str, ...]
    """Relative to site-packages; ``*`` stands for any characters, ``/`` too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler(Hint):
    """What compiled modules import that were made by one compiler of Python."""

    marker: str = ""
    """A text that all its modules contain."""
    string: str = ""
    """A string that all its modules have among their own: where it is read, names of modules are, too."""
    imports: tuple[str, ...] = ()
    """What such a module may import beyond the modules that all compiled code may, if its strings cannot be read."""
    own_strings: tuple[str, ...] = field(default=(), metadata={"key": "own-strings"})
    """Strings that name modules which the compiler's own code imports only if the program has them anyway."""
    own_modules: tuple[str, ...] = field(default=(), metadata={"key": "own-modules"})
    """Top-level modules that sources import for the compiler, and that the compiled module does not."""
    shared_module: str = field(default="", metadata={"key": "shared-module"})
    """How the module's name ends that holds the code of several others, which only their machine code imports."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Data(Hint):
    """Files of a distribution that go in although no rule finds them."""

    distribution: str
    files: tuple[str, ...]
    """Relative to site-packages; ``*`` stands for any characters, ``/`` too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnFiles(Hint):
    """Files of the application that a framework finds by its own convention, without a message in the code."""

    module: str
    """Of the framework: if it goes in, so do the files."""
    files: tuple[str, ...]
    """Relative to the folder of any module of the application; a folder stands for all that is in it."""
    directly: bool = False
    """Only if the application's own code imports ``module``, as others do for reasons of their own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclude(Hint):
    """Modules that do not go in, whoever imports them; as ``--exclude``."""

    modules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Library(Hint):
    """System libraries that code can do without: no warning if no distribution brings them."""

    names: tuple[str, ...]
    """As the code names them: ``libx.so.1``, or ``x``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NeededLibraryHint(Hint):
    """A library of the machine that a module cannot be imported without."""

    module: str
    names: tuple[str, ...]
    """One of them is enough; as the code names them: ``libx.so.1``, or ``x``."""
    remedy: str
    """What to do about it: a sentence."""
    unless: tuple[str, ...] = ()
    """Modules that it uses instead where they are installed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceHints:
    """The hints that decide how one file is read: part of the key under which its scan is kept."""

    entry_point_lookups: tuple[EntryPointLookup, ...] = ()
    import_functions: tuple[ImportFunction, ...] = ()
    resource_functions: tuple[ResourceFunction, ...] = ()
    file_functions: tuple[FileFunction, ...] = ()
    write_functions: tuple[WriteFunction, ...] = ()
    own_places: tuple[OwnPlace, ...] = ()
    namespace_functions: tuple[NamespaceFunction, ...] = ()
    caller_package_functions: tuple[CallerPackageFunction, ...] = ()
    constants: tuple[Constant, ...] = ()
    compilers: tuple[Compiler, ...] = ()
    machine_needs: tuple[MachineNeed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Hints:
    """All hints of one trace."""

    sources: SourceHints = field(default_factory=SourceHints)
    hidden_imports: tuple[HiddenImport, ...] = ()
    aliases: tuple[Alias, ...] = ()
    virtual_packages: tuple[VirtualPackage, ...] = ()
    plugin_hosts: tuple[PluginHost, ...] = ()
    named_packages: tuple[NamedPackage, ...] = ()
    entry_points: tuple[EntryPoints, ...] = ()
    ignored_entry_points: tuple[IgnoredEntryPoints, ...] = ()
    data: tuple[Data, ...] = ()
    own_files: tuple[OwnFiles, ...] = ()
    excludes: tuple[Exclude, ...] = ()
    libraries: tuple[Library, ...] = ()
    carries: tuple[Carry, ...] = ()
    needed_libraries: tuple[NeededLibraryHint, ...] = ()
