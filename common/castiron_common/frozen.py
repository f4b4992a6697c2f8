"""Frozen dataclasses that are defined in a third of the time of the standard library's.

A command defines a hundred to two hundred of them before it does anything, and for each the standard library writes and
compiles six functions: a fifth of a short command's time.  Here that is done for ``__init__`` alone; the others are
closures.  Type checkers see `dataclasses.dataclass` itself, and it is they who see to it that no field is
assigned to: at run time, nothing does.  Also used by the analyser, so it imports nothing but the standard library.
"""

from __future__ import annotations

import dataclasses
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from dataclasses import dataclass as dataclass  # noqa: PLC0414  # exported under its own name
else:

    def dataclass(
        *, frozen: Literal[True], slots: bool = False, kw_only: bool = False
    ) -> Callable[[type[Any]], type[Any]]:
        """Return the decorator of `dataclasses.dataclass` with these arguments; there are no others."""
        if frozen is not True:
            raise TypeError("for a dataclass that is not frozen there is dataclasses.dataclass")

        def define(cls: type[Any]) -> type[Any]:
            made = dataclasses.dataclass(repr=False, eq=False, slots=slots, kw_only=kw_only)(cls)
            fields = dataclasses.fields(made)
            given = {
                "__repr__": _repr([field.name for field in fields if field.repr]),
                "__eq__": _eq(_values([field.name for field in fields if field.compare])),
                "__hash__": _hash(
                    _values([field.name for field in fields if (field.compare if field.hash is None else field.hash)])
                ),
            }
            for name, function in given.items():
                # What the class has of its own stays.  Where it has __eq__ alone, Python sets its __hash__ to None.
                if cls.__dict__.get(name) is None:
                    setattr(made, name, function)
            return made

        return define


def _values(names: Sequence[str]) -> Callable[[Any], Any]:
    """Return what gets the values of these attributes of an object."""
    return attrgetter(*names) if names else lambda _value: ()


def _repr(names: Sequence[str]) -> Callable[[Any], str]:
    def __repr__(self: Any) -> str:  # noqa: N807
        shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in names)
        return f"{type(self).__qualname__}({shown})"

    return __repr__


def _eq(compared: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    def __eq__(self: Any, other: Any) -> Any:  # noqa: N807
        return compared(self) == compared(other) if type(self) is type(other) else NotImplemented

    return __eq__


def _hash(hashed: Callable[[Any], Any]) -> Callable[[Any], int]:
    def __hash__(self: Any) -> int:  # noqa: N807
        return hash(hashed(self))

    return __hash__
