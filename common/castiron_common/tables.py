"""TOML tables as frozen dataclasses: every key known, every value of the type that the dataclass says.

The dataclass is the schema: a field without a default must be given, an unknown key is an error that suggests a known
one; ``field(metadata={"key": ...})`` gives a field another key than its name.  Texts, whole numbers, truth values,
enumerations, tuples of one type, mappings from texts, nested dataclasses and ``X | None`` are understood.  (cattrs,
which reads manifests, would make a text of a number instead of refusing it.)
"""

from __future__ import annotations

import dataclasses
import difflib
import enum
import types
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

T = TypeVar("T")

_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


class TableError(Exception):
    """What is wrong with a table, with the path of keys that leads to it, without the file it stands in."""


def read_table(type_: type[T], values: object, *, place: str = "") -> T:
    """Return the dataclass that a TOML table describes.

    ``place`` is the path of keys that led to the table; it begins the message of every `TableError`.  A ``ValueError``
    of the dataclass, which may check more in its ``__post_init__``, becomes one, too.
    """
    if not isinstance(values, dict):
        raise TableError(f"{place or 'it'} is not a table")
    fields = _schema(cast("Any", type_))
    for key in values:
        if key not in fields:
            raise TableError(f"{_path(place, key)}: {unknown(key, fields, 'key')}")
    found: dict[str, Any] = {}
    for key, field in fields.items():
        if key in values:
            found[field.name] = _value(field.type, values[key], _path(place, key))
        elif field.required:
            raise TableError(f"{_path(place, key)} is missing")
    try:
        return type_(**found)
    except ValueError as error:
        raise TableError(f"{place}: {error}" if place else str(error)) from None


def unknown(name: str, names: Collection[str], what: str) -> str:
    """Return that there is no ``what`` of this name, with the one that is probably meant, else with all there are."""
    near = difflib.get_close_matches(name, names, n=1)
    meant = f"perhaps {near[0]} is meant" if near else f"there are {', '.join(sorted(names))}"
    return f"there is no {what} {name!r}; {meant}"


@dataclasses.dataclass(frozen=True, slots=True)
class _Field:
    name: str
    type: Any
    required: bool


@cache
def _schema(type_: Any) -> Mapping[str, _Field]:
    """Return the fields by key."""
    hints = get_type_hints(type_)
    return {
        field.metadata.get("key", field.name): _Field(
            field.name,
            hints[field.name],
            field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING,
        )
        for field in dataclasses.fields(type_)
    }


def _path(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _value(type_: Any, value: Any, place: str) -> Any:
    if type_ in _WORDS and type(value) is type_:
        return value  # most values by far
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType):
        (type_,) = (argument for argument in arguments if argument is not type(None))
        return _value(type_, value, place)
    if origin is tuple:
        if not isinstance(value, list):
            raise TableError(f"{place} is not an array")
        return tuple(_value(arguments[0], item, f"{place}[{index}]") for index, item in enumerate(value))
    if origin is not None:
        if not isinstance(value, dict):
            raise TableError(f"{place} is not a table")
        return {key: _value(arguments[1], item, _path(place, key)) for key, item in value.items()}
    if dataclasses.is_dataclass(type_):
        return read_table(cast("type[object]", type_), value, place=place)
    if issubclass(type_, enum.Enum):
        values = [member.value for member in type_]
        if value not in values:
            raise TableError(f"{place}: {unknown(str(value), values, 'value')}")
        return type_(value)
    if type(value) is not type_ and not (type_ is float and type(value) is int):
        raise TableError(f"{place} is not {_WORDS[type_]}")
    return type_(value)
