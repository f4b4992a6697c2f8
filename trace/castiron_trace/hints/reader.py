"""Reads hints: those that come with Castiron, and ``[tool.castiron.trace]`` of the application's ``pyproject.toml``."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from castiron_common.errors import InputError, reason
from castiron_common.tables import TableError, read_table, unknown
from castiron_manifest.model import MachineFacility
from castiron_trace.hints.model import (
    Alias,
    CallerPackageFunction,
    Carry,
    Compiler,
    Constant,
    Data,
    EntryPointLookup,
    EntryPoints,
    Exclude,
    FileFunction,
    HiddenImport,
    Hint,
    Hints,
    IgnoredEntryPoints,
    ImportFunction,
    Library,
    MachineNeed,
    NamedPackage,
    NamespaceFunction,
    NeededLibraryHint,
    OwnFiles,
    OwnPlace,
    PluginHost,
    ResourceFunction,
    SourceHints,
    VirtualPackage,
    WriteFunction,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_H = TypeVar("_H", bound=Hint)

KINDS: Mapping[str, type[Hint]] = {
    "hidden-import": HiddenImport,
    "alias": Alias,
    "virtual-package": VirtualPackage,
    "plugin-host": PluginHost,
    "named-package": NamedPackage,
    "entry-points": EntryPoints,
    "ignored-entry-points": IgnoredEntryPoints,
    "entry-point-lookup": EntryPointLookup,
    "import-function": ImportFunction,
    "resource-function": ResourceFunction,
    "file-function": FileFunction,
    "namespace-function": NamespaceFunction,
    "caller-package-function": CallerPackageFunction,
    "constant": Constant,
    "compiler": Compiler,
    "data": Data,
    "own-files": OwnFiles,
    "own-place": OwnPlace,
    "write-function": WriteFunction,
    "exclude": Exclude,
    "library": Library,
    "machine-need": MachineNeed,
    "carry": Carry,
    "needed-library": NeededLibraryHint,
}
"""Name of the array of tables -> what each of its tables is."""

FACILITIES = tuple(MachineFacility)
_ONE_OF = {HiddenImport: ("imports", "distributions"), Compiler: ("marker", "shared-module")}
"""Keys of which a table must have at least one."""
_HELP = "docs/hints.md describes the tables of hints."


@cache
def shipped_hints() -> Hints:
    """Return the hints that come with Castiron."""
    return hints_in(Path(__file__).parent)


def hints_in(folder: Path) -> Hints:
    """Return the hints of every TOML file in ``folder``; `InputError` for one that is wrong, or without a source."""
    hints: list[Hint] = []
    for file in sorted(folder.glob("*.toml")):
        hints.extend(_hints(tomllib.loads(file.read_text(encoding="utf-8")), str(file), source=None))
    return _sorted_out(hints)


def project_hints(folder: Path) -> Hints:
    """Return the hints of ``pyproject.toml`` in ``folder``; none if there is no such file or table.

    Raises `InputError` for a file that is not TOML, a table or key that does not exist, and a value of the wrong type.
    """
    file = folder / "pyproject.toml"
    try:
        data = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Hints()
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {reason(error)}.", hint="Correct the file.") from error
    tables: Any = data
    for name in ("tool", "castiron", "trace"):
        tables = tables.get(name, {}) if isinstance(tables, dict) else {}
    return _sorted_out(_hints(tables, f"{file}, [tool.castiron.trace]", source=file.name))


def _hints(tables: Any, place: str, *, source: str | None) -> list[Hint]:
    """Return the hints of one file; ``source`` is that of hints which name none, and None if each must."""
    hints: list[Hint] = []
    try:
        if not isinstance(tables, dict):
            raise TableError("it is not a table")
        for kind, entries in tables.items():
            if kind not in KINDS:
                raise TableError(unknown(kind, KINDS, "kind of hint"))
            if not isinstance(entries, list):
                raise TableError(f"{kind} is not an array of tables: write [[{kind}]]")
            for index, entry in enumerate(entries):
                hints.append(_hint(KINDS[kind], entry, f"{kind}[{index}]", source))
    except TableError as error:
        raise InputError(f"{place}: {error}.", hint=_HELP) from None
    return hints


def _hint(type_: type[_H], table: Any, place: str, source: str | None) -> _H:
    given = {} if source is None else {"reason": "the application's author says so", "source": source}
    hint = read_table(type_, given | table if isinstance(table, dict) else table, place=place)
    one_of = _ONE_OF.get(type_, ())
    if one_of and not any(table.get(key) for key in one_of):
        raise TableError(f"{place} has no effect without {' or '.join(one_of)}")
    if isinstance(hint, PluginHost):
        _check_pattern(hint.defines, f"{place}.defines")
    elif isinstance(hint, MachineNeed):
        _check_pattern(hint.matches, f"{place}.matches")
    if isinstance(hint, MachineNeed | Carry) and hint.what not in FACILITIES:
        raise TableError(unknown(hint.what, FACILITIES, "facility of a machine"))
    return hint


def _check_pattern(pattern: str, place: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise TableError(f"{place}: {pattern!r} is not a regular expression: {error}") from None


def _sorted_out(hints: Iterable[Hint]) -> Hints:
    everything = tuple(hints)

    def of(type_: type[_H]) -> tuple[_H, ...]:
        return tuple(hint for hint in everything if type(hint) is type_)

    return Hints(
        sources=SourceHints(
            entry_point_lookups=of(EntryPointLookup),
            import_functions=of(ImportFunction),
            resource_functions=of(ResourceFunction),
            file_functions=of(FileFunction),
            write_functions=of(WriteFunction),
            own_places=of(OwnPlace),
            namespace_functions=of(NamespaceFunction),
            caller_package_functions=of(CallerPackageFunction),
            constants=of(Constant),
            compilers=of(Compiler),
            machine_needs=of(MachineNeed),
        ),
        hidden_imports=of(HiddenImport),
        aliases=of(Alias),
        virtual_packages=of(VirtualPackage),
        plugin_hosts=of(PluginHost),
        named_packages=of(NamedPackage),
        entry_points=of(EntryPoints),
        ignored_entry_points=of(IgnoredEntryPoints),
        data=of(Data),
        own_files=of(OwnFiles),
        excludes=of(Exclude),
        libraries=of(Library),
        carries=of(Carry),
        needed_libraries=of(NeededLibraryHint),
    )


def united(first: Hints, second: Hints) -> Hints:
    """Return the hints of both."""
    return _sorted_out(hint for hints in (first, second) for hint in _flat(hints))


def _flat(hints: Hints | SourceHints) -> Iterable[Hint]:
    for field in dataclasses.fields(hints):
        value = getattr(hints, field.name)
        if isinstance(value, SourceHints):
            yield from _flat(value)
        else:
            yield from value
