"""Turns dataclasses into JSON text and back: the only place that writes and checks what host and analyser exchange.

A dataclass or named tuple is an array of its fields in their order, so that a graph of many thousand edges stays
small.  The reader trusts nothing: a wrong length, type or value is a `WireError`, which says where it is.

This module imports only the standard library, as it runs in the target's Python, too.
"""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Callable, Hashable, Mapping
from enum import Enum
from functools import cache
from typing import Any, NoReturn, TypeVar, Union, cast, get_args, get_origin, get_type_hints

_T = TypeVar("_T")
_Converter = Callable[[Any], Any]
"""Returns the value for decoded JSON; `WireError` if it does not fit."""


class WireError(ValueError):
    """Text that does not fit the dataclass; ``path`` leads to the place, outermost part last."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message
        self.path: list[str] = []

    def at(self, part: str) -> WireError:
        """Add the next outer part of the path."""
        self.path.append(part)
        return self

    def __str__(self) -> str:
        return f"{''.join(reversed(self.path)).lstrip('.') or 'the whole'}: {self.message}"


def to_text(value: object) -> str:
    """Return a dataclass as JSON text; equal values give equal text."""
    return json.dumps(_plain(value), separators=(",", ":"))


def from_text(type_: type[_T], text: str | bytes) -> _T:
    """Read a dataclass; raises `WireError` for any other text."""
    try:
        data = json.loads(text)
    except ValueError as error:
        raise WireError(f"is not JSON: {error}") from error
    return cast("_T", _converter(cast("Hashable", type_))(data))


def _plain(value: object) -> object:
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if dataclasses.is_dataclass(value):
        return [_plain(getattr(value, name)) for name in _field_names(cast("Hashable", type(value)))]
    if isinstance(value, Mapping):
        return {key: _plain(value[key]) for key in sorted(value)}
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    raise TypeError(f"{type(value).__name__} cannot be sent")


@cache
def _field_names(type_: Any) -> tuple[str, ...]:
    return tuple(field.name for field in dataclasses.fields(type_))


@cache
def _converter(type_: Any) -> _Converter:
    """Return the converter of a dataclass, tuple, enumeration, mapping or plain type; any of these may be optional."""
    origin = get_origin(type_)
    if dataclasses.is_dataclass(type_):
        keyword = any(field.kw_only for field in dataclasses.fields(type_))
        return _fields(cast("type[Any]", type_), _field_names(cast("Hashable", type_)), keyword=keyword)
    if isinstance(type_, type) and issubclass(type_, tuple) and hasattr(type_, "_fields"):
        return _fields(type_, type_._fields, keyword=False)
    if origin in {Union, types.UnionType}:
        return _optional(*get_args(type_))
    if origin is tuple:
        return _array(_converter(get_args(type_)[0]))
    if origin is not None and issubclass(origin, Mapping):
        return _object(_converter(get_args(type_)[1]))
    if isinstance(type_, type) and issubclass(type_, Enum):
        return _enumeration(type_)
    if type_ in {str, int, bool}:
        return _exactly(type_)
    raise TypeError(f"{type_!r} cannot be received")


def _fields(type_: type[Any], names: tuple[str, ...], *, keyword: bool) -> _Converter:
    hints = get_type_hints(type_)
    convert = [_converter(hints[name]) for name in names]

    def read(data: Any) -> Any:
        if type(data) is not list or len(data) != len(names):
            raise WireError(f"is not a value of {type_.__name__}, an array of {len(names)}")
        try:
            values = [read_field(value) for read_field, value in zip(convert, data, strict=True)]
        except WireError:
            return _blame(names, convert, data)
        return type_(**dict(zip(names, values, strict=True))) if keyword else type_(*values)

    return read


def _blame(names: tuple[str, ...], convert: list[_Converter], data: list[Any]) -> NoReturn:
    """Raise again for the first field that does not fit, with its name: nothing is counted where all is well."""
    for name, read_field, value in zip(names, convert, data, strict=True):
        try:
            read_field(value)
        except WireError as error:
            raise error.at(f".{name}") from None
    raise AssertionError("a field that did not fit now fits")


def _optional(*members: Any) -> _Converter:
    inner = [_converter(member) for member in members if member is not type(None)]
    if len(inner) != 1 or len(members) != 2:
        raise TypeError(f"a union of {members!r} cannot be received")
    return lambda data: None if data is None else inner[0](data)


def _array(item: _Converter) -> _Converter:
    def read(data: Any) -> tuple[Any, ...]:
        if type(data) is not list:
            raise WireError("is not an array")
        values: list[Any] = []
        try:
            values.extend(map(item, data))
        except WireError as error:
            raise error.at(f"[{len(values)}]") from None
        return tuple(values)

    return read


def _object(item: _Converter) -> _Converter:
    def read(data: Any) -> dict[str, Any]:
        if type(data) is not dict:
            raise WireError("is not an object")
        values: dict[str, Any] = {}
        for key, value in data.items():
            try:
                values[key] = item(value)
            except WireError as error:
                raise error.at(f"[{key!r}]") from None
        return values

    return read


def _enumeration(type_: type[Enum]) -> _Converter:
    members = {member.value: member for member in type_}

    def read(data: Any) -> Enum:
        member = members.get(data) if type(data) in {str, int} else None
        if member is None:
            raise WireError(f"{data!r} is not of type {type_.__name__}")
        return member

    return read


def _exactly(type_: type[Any]) -> _Converter:
    def read(data: Any) -> Any:
        if type(data) is not type_:
            raise WireError(f"{data!r} is not of type {type_.__name__}")
        return data

    return read
