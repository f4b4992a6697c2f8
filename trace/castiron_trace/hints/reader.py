"""Reads hints: those that come with Castiron, and ``[tool.castiron.trace]`` of the application's ``pyproject.toml``."""

from __future__ import annotations

import dataclasses
import difflib
import re
import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, get_origin, get_type_hints

from castiron_common.errors import InputError
from castiron_trace.hints.model import (
    Alias,
    Compiler,
    Constant,
    Data,
    EntryPointLookup,
    EntryPoints,
    Exclude,
    HiddenImport,
    Hint,
    Hints,
    IgnoredEntryPoints,
    ImportFunction,
    Library,
    NamespaceFunction,
    PluginHost,
    ResourceFunction,
    SourceHints,
    VirtualPackage,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

_H = TypeVar("_H", bound=Hint)

KINDS: Mapping[str, type[Hint]] = {
    "hidden-import": HiddenImport,
    "alias": Alias,
    "virtual-package": VirtualPackage,
    "plugin-host": PluginHost,
    "entry-points": EntryPoints,
    "ignored-entry-points": IgnoredEntryPoints,
    "entry-point-lookup": EntryPointLookup,
    "import-function": ImportFunction,
    "resource-function": ResourceFunction,
    "namespace-function": NamespaceFunction,
    "constant": Constant,
    "compiler": Compiler,
    "data": Data,
    "exclude": Exclude,
    "library": Library,
}
"""Name of the array of tables -> what each of its tables is."""

_ONE_OF = {HiddenImport: ("imports", "distributions"), Compiler: ("marker", "shared-module")}
"""Keys of which a table must have at least one."""
_HELP = "docs/hints.md describes the tables of hints."


class _WrongError(Exception):
    """What is wrong with a table; the file is added by whoever catches it."""


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
        raise InputError(f"{file} cannot be read: {error}.", hint="Correct the file.") from error
    tables: Any = data
    for name in ("tool", "castiron", "trace"):
        tables = tables.get(name, {}) if isinstance(tables, dict) else {}
    return _sorted_out(_hints(tables, f"{file}, [tool.castiron.trace]", source=file.name))


def _hints(tables: Any, place: str, *, source: str | None) -> list[Hint]:
    """Return the hints of one file; ``source`` is that of hints which name none, and None if each must."""
    hints: list[Hint] = []
    try:
        for kind, entries in _table(tables).items():
            _known(kind, KINDS, "kind of hint")
            if not isinstance(entries, list):
                raise _WrongError(f"{kind} is not an array of tables: write [[{kind}]]")
            for index, entry in enumerate(entries):
                try:
                    hints.append(_hint(KINDS[kind], _table(entry), source))
                except _WrongError as error:
                    raise _WrongError(f"{kind}[{index}]: {error}") from None
    except _WrongError as error:
        raise InputError(f"{place}: {error}.", hint=_HELP) from None
    return hints


def _hint(type_: type[_H], table: Mapping[str, Any], source: str | None) -> _H:
    types = get_type_hints(type_)
    keys = {field.name.replace("_", "-"): field for field in dataclasses.fields(type_)}
    for key in table:
        _known(key, keys, "key")
    values = {} if source is None else {"reason": "the application's author says so", "source": source}
    for key, field in keys.items():
        if key in table:
            values[field.name] = _value(table[key], types[field.name], key)
        elif field.default is dataclasses.MISSING and field.name not in values:
            raise _WrongError(f"the key {key} is missing")
    hint = type_(**values)
    one_of = _ONE_OF.get(type_, ())
    if one_of and not any(table.get(key) for key in one_of):
        raise _WrongError(f"it has no effect without {' or '.join(one_of)}")
    if isinstance(hint, PluginHost):
        _check_pattern(hint.defines)
    return hint


def _known(name: str, names: Collection[str], what: str) -> None:
    if name not in names:
        near = difflib.get_close_matches(name, names, n=1)
        meant = f"perhaps {near[0]} is meant" if near else f"there are {', '.join(sorted(names))}"
        raise _WrongError(f"there is no {what} {name!r}; {meant}")


def _table(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _WrongError(f"{value!r} is not a table")
    return value


def _value(value: Any, type_: Any, key: str) -> Any:
    if type_ in {str, bool}:
        if type(value) is not type_:
            raise _WrongError(f"{key}: {value!r} is not {'a string' if type_ is str else 'true or false'}")
        return value
    if get_origin(type_) is tuple:
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise _WrongError(f"{key}: {value!r} is not an array of strings")
        return tuple(value)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise _WrongError(f"{key}: {value!r} is not a table of strings")
    return value


def _check_pattern(pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise _WrongError(f"defines: {pattern!r} is not a regular expression: {error}") from None


def _sorted_out(hints: Iterable[Hint]) -> Hints:
    everything = tuple(hints)

    def of(type_: type[_H]) -> tuple[_H, ...]:
        return tuple(hint for hint in everything if type(hint) is type_)

    return Hints(
        sources=SourceHints(
            entry_point_lookups=of(EntryPointLookup),
            import_functions=of(ImportFunction),
            resource_functions=of(ResourceFunction),
            namespace_functions=of(NamespaceFunction),
            constants=of(Constant),
            compilers=of(Compiler),
        ),
        hidden_imports=of(HiddenImport),
        aliases=of(Alias),
        virtual_packages=of(VirtualPackage),
        plugin_hosts=of(PluginHost),
        entry_points=of(EntryPoints),
        ignored_entry_points=of(IgnoredEntryPoints),
        data=of(Data),
        excludes=of(Exclude),
        libraries=of(Library),
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
