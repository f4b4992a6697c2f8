"""Defines `Scan`: what one source file says, in a form that the scan cache can keep as JSON."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, NamedTuple

from castiron_common.frozen import dataclass

MAIN_BLOCK = 9
"""Is added to the tier of what stands under ``if __name__ == "__main__"``, which runs only in the entry's module."""


def in_main_block(tier: int) -> int:
    """Return the tier of what stands under the test of ``__name__``, from that of the test."""
    return tier if tier >= MAIN_BLOCK else MAIN_BLOCK + tier


def weaker(tier: int, other: int) -> int:
    """Return the weaker one of two tiers; what stands in a ``__main__`` block stays there."""
    block = MAIN_BLOCK if tier >= MAIN_BLOCK else 0
    return block + max(tier - block, other)


NAME_PLACEHOLDER, PACKAGE_PLACEHOLDER = "{__name__}", "{__package__}"
"""Stand for the module's own name, or for its package's, at the beginning of an absolute name."""


class ImportStatement(NamedTuple):
    """One import: of a statement, of a call, or of a string that is known to be imported."""

    module: str
    level: int
    """Number of leading dots."""
    names: tuple[str, ...] | None
    """What ``from module import ...`` names, sorted; a star is the name ``*``.  None for ``import module``."""
    tier: int
    """A `castiron_trace.protocol.Tier`, with `MAIN_BLOCK` added where that is said."""
    line: int


class Alternatives(NamedTuple):
    """Modules of which one must be there, or the module with these imports certainly fails."""

    tier: int
    """`Tier.REQUIRED`, or `MAIN_BLOCK` where the ``try`` stands in such a block."""
    names: tuple[str, ...]
    """With leading dots if they are relative, in the order in which they are tried."""


class ComputedImport(NamedTuple):
    """A call that imports a module whose name only a run knows."""

    line: int
    function: str
    prefix: str
    """The package that the name begins with; empty if that is computed, too.

    It may begin with `NAME_PLACEHOLDER` or `PACKAGE_PLACEHOLDER`.  With ``*`` at its end, it is the beginning of the
    names of top-level modules.
    """
    sure: bool = False
    """Whether the name certainly begins with ``prefix``."""


class NamePasser(NamedTuple):
    """A function that imports the module which one of its arguments names, or hands the name on to another function."""

    function: str
    """``f``; ``Class.f`` for a method; ``Class`` for its constructor."""
    parameter: str
    position: int
    """Without ``self``; -1 if the parameter can be given by its name alone."""
    many: str
    """``items`` if the argument is a list of names, ``rest`` if all further positional arguments are; else empty."""
    prefix: str
    """The name is ``prefix + argument + suffix``; a prefix may begin with a placeholder."""
    suffix: str
    exact: bool
    """Whether the name is surely that; else it may be a part of the argument."""
    target: str
    """The function that gets the name, dotted as in `NamedCall`; empty if the name is imported at once."""
    argument: int | str
    """Of the target: a position or a keyword."""
    given: tuple[int | str, ...]
    """All arguments that the target gets."""
    sure: bool
    """Whether a call surely imports, and fails if that fails ..."""
    deciding: tuple[tuple[str, int], ...]
    """... if these parameters (name, position) have their defaults."""
    default: str
    """The parameter's, if it is a string."""
    line: int


class NamedCall(NamedTuple):
    """A call, with the literals among its arguments that may name modules."""

    target: str
    """The function: dotted, with leading dots if it was imported so; ``:f`` of the same source."""
    arguments: tuple[tuple[int | str, bool, tuple[str, ...]], ...]
    """Position or keyword; whether it is a list of all these texts, and not one of them; the texts."""
    given: tuple[int | str, ...]
    """All positions and keywords; ``*`` if some are unpacked."""
    sure: bool
    """Whether the call is made whenever what it stands in runs."""
    tier: int
    """With `MAIN_BLOCK` added where that is said."""
    line: int


class Literal(NamedTuple):
    """A string literal."""

    text: str
    line: int


class NamedLibrary(NamedTuple):
    """A shared library that ctypes or cffi is asked for."""

    line: int
    name: str
    """``libx.so.1`` or ``x``."""
    needed_at: int = 0
    """Line of a call that runs whenever the module is imported and fails without this library, or without another one
    that the same call names; 0 if the code may go on.
    """
    optional: bool = False
    """Whether the code asks for it where it may be missing: with `find_library`, in a ``try`` of the module, or in one
    of a function that does without it.
    """


class MachineUse(NamedTuple):
    """A call that needs what the machine brings."""

    what: str
    """A value of `castiron_manifest.model.MachineFacility`."""
    line: int


class OutsideCode(NamedTuple):
    """A place where code is run that is not part of the program."""

    line: int
    how: str


class MadeModule(NamedTuple):
    """A name that a source puts into ``sys.modules``."""

    line: int
    name: str
    """With ``.*`` at the end: some names below it.  `NAME_PLACEHOLDER` stands for the module's own name."""
    target: str
    """The module under that name, with leading dots if that is relative; empty if the source does not tell."""


class PackagePath(NamedTuple):
    """A folder that a package adds to its own ``__path__``."""

    folder: str
    """Relative to the package's own folder."""
    first: bool
    """Whether it is searched before what is there."""


class LazyExports(NamedTuple):
    """What a module says about the modules that it imports on attribute access."""

    names: tuple[Literal, ...]
    """Strings that may name them, as they stand there: relative with dots or without."""
    stub: bool
    """Whether a function was given the task, which may read the names from the stub (``.pyi``) beside the module."""


class SyntaxProblem(NamedTuple):
    """Why a source could not be parsed, or (line 0) not even be read."""

    line: int
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scan:
    """What one source file says.  All sequences are sorted; lines are 1-based, 0 if no line is known."""

    imports: tuple[ImportStatement, ...] = ()
    alternatives: tuple[Alternatives, ...] = ()
    computed: tuple[ComputedImport, ...] = ()
    passers: tuple[NamePasser, ...] = ()
    """Functions that give an argument to the import system."""
    dotted: tuple[Literal, ...] = ()
    """Strings that look like dotted names."""
    strings: tuple[Literal, ...] = ()
    """Every short string; collected only for the application's own files."""
    entry_points: tuple[str, ...] | None = None
    """Short strings of a module that looks up entry points; None if it does not."""
    groups: tuple[str, ...] = ()
    """Strings that may name groups of entry points, by what they are given to."""
    stems: tuple[str, ...] = ()
    """Strings that look like the beginning of dotted names, with the dot: of modules or of entry point groups."""
    paths: tuple[Literal, ...] = ()
    """This and the next six: see `castiron_trace.analyser.syntax.own_paths`; for the application's own files."""
    patterns: tuple[Literal, ...] = ()
    opened: tuple[Literal, ...] = ()
    written: tuple[str, ...] = ()
    changed: tuple[Literal, ...] = ()
    databases: tuple[Literal, ...] = ()
    placed: tuple[Literal, ...] = ()
    changes_folder: bool = False
    packed: tuple[str, ...] = ()
    """Of a compiled module: text with dots in which names of modules stand side by side with others."""
    beginning: tuple[str, ...] = ()
    """Of a compiled module: text that may begin with a module below a package of the standard library."""
    scripts: tuple[str, ...] = ()
    """Strings that end with ``.py``: files that are run or read by path."""
    libraries: tuple[NamedLibrary, ...] = ()
    machine: tuple[MachineUse, ...] = ()
    codecs: tuple[str, ...] = ()
    """Encodings named by literals."""
    dynamic_codec: bool = False
    """True if an encoding is named by anything else."""
    outside_code: tuple[OutsideCode, ...] = ()
    """See `castiron_trace.analyser.syntax.outside_code`."""
    environment_defaults: tuple[Literal, ...] = ()
    """See `castiron_trace.analyser.syntax.environment_defaults`; for the application's own files."""
    default_modules: tuple[Literal, ...] = ()
    """See `castiron_trace.analyser.syntax.default_modules`; for files of distributions."""
    given: tuple[Literal, ...] = ()
    """See `castiron_trace.analyser.syntax.given_modules`; for the application's own files."""
    started: tuple[Literal, ...] = ()
    """See `castiron_trace.analyser.syntax.own_starts.started_paths`; for the application's own files."""
    extends_path: bool = False
    """True for a namespace package of the older kinds, such as those of `pkgutil.extend_path`."""
    spreads_over_path: bool = False
    """True for a package whose modules may lie below any folder of ``sys.path``, in folders of the package's name."""
    exports: tuple[str, ...] = ()
    """What ``__all__`` names, as far as literals go."""
    finds_sources: bool = False
    """Whether an own source finds, lists or runs other sources by their place."""
    package_paths: tuple[PackagePath, ...] = ()
    """In the order in which they are added."""
    lazy: tuple[Literal, ...] = ()
    """Strings of a module that imports on attribute access: names of modules of its package."""
    stub: bool = False
    """True if such names may stand in a stub (``.pyi``) beside the module."""
    made: tuple[MadeModule, ...] = ()
    import_hook: int = 0
    """The line on which an import hook is added, which may make modules of any name; 0 for none."""
    mentions: tuple[str, ...] = ()
    """The names of `castiron_trace.analyser.conditional.MENTIONS` that the source uses."""
    error: SyntaxProblem | None = None
    """If there is one, everything else is empty."""


def unreadable_scan(line: int, message: str) -> Scan:
    """Return the scan of a source that cannot be parsed, or (line 0) not even be read."""
    return Scan(error=SyntaxProblem(line, message))


def passer_of(row: list[Any]) -> NamePasser:
    """Return the row of a `NamePasser` as JSON has it."""
    passer = NamePasser(*row)
    return passer._replace(given=tuple(passer.given), deciding=tuple((name, index) for name, index in passer.deciding))


_ROWS: dict[str, Any] = {
    "computed": ComputedImport,
    "dotted": Literal,
    "strings": Literal,
    "paths": Literal,
    "patterns": Literal,
    "opened": Literal,
    "changed": Literal,
    "databases": Literal,
    "placed": Literal,
    "environment_defaults": Literal,
    "default_modules": Literal,
    "given": Literal,
    "started": Literal,
    "libraries": NamedLibrary,
    "outside_code": OutsideCode,
    "lazy": Literal,
    "made": MadeModule,
    "package_paths": PackagePath,
    "machine": MachineUse,
}
_FIELDS = tuple(field.name for field in fields(Scan))


def to_plain(scan: Scan) -> dict[str, Any]:
    """Return a scan as `json.dumps` takes it: named tuples become arrays, fields that say nothing are left out."""
    return {name: value for name in _FIELDS if (value := getattr(scan, name)) not in ((), None, False, 0)} | (
        {} if scan.entry_points is None else {"entry_points": scan.entry_points}
    )


def from_plain(plain: dict[str, Any]) -> Scan:
    """Return the scan that `to_plain` wrote; the cache has checked that it is what was written."""
    values: dict[str, Any] = {}
    for name, value in plain.items():
        if name in _ROWS:
            values[name] = tuple(map(_ROWS[name]._make, value))
        elif name == "imports":
            values[name] = tuple(
                ImportStatement(module, level, None if names is None else tuple(names), tier, line)
                for module, level, names, tier, line in value
            )
        elif name == "alternatives":
            values[name] = tuple(Alternatives(tier, tuple(names)) for tier, names in value)
        elif name == "passers":
            values[name] = tuple(map(passer_of, value))
        elif name == "error":
            values[name] = SyntaxProblem._make(value)
        else:
            values[name] = tuple(value) if isinstance(value, list) else value
    return Scan(**values)
