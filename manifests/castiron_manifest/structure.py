"""Turns values of msgpack into dataclasses of the model, strictly, with the path of whatever does not fit.

That is done by cattrs, with hooks that convert nothing (cattrs would turn 5 into "5", a string into letters), that say
what was expected, and that stop after a few errors: a million wrong items would be a million exceptions.
"""

from __future__ import annotations

import operator
from dataclasses import is_dataclass
from functools import cache, partial
from typing import TYPE_CHECKING, Any, get_args, get_origin

from cattrs import BaseValidationError, Converter, IterableValidationError, IterableValidationNote, transform_error
from cattrs.gen import make_dict_structure_fn
from cattrs.strategies import configure_union_passthrough
from cattrs.v import format_exception

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

MOST_PROBLEMS = 10
"""Wrong items of one sequence after which the rest is not read."""

_KINDS = {dict: "map", list: "list", type(None): "nil"}


def problems_of(error: BaseValidationError) -> list[str]:
    """Return what an error of the converter says, each ending in ``@ $.path``."""
    return transform_error(error, format_exception=_say)


@cache
def converter(*, strict: bool) -> Converter:
    """Return the converter; a strict one refuses unknown fields, the other drops those of nested values.

    Its errors are `cattrs.BaseValidationError`.
    """
    made = Converter(forbid_extra_keys=strict, omit_if_default=True)
    for kind in (str, int, bool, bytes):
        made.register_structure_hook(kind, _strictly(kind))
    made.register_structure_hook(float, _number)
    made.register_structure_hook_func(partial(operator.is_, object), lambda value, _: value)
    configure_union_passthrough(str | None, made)
    made.register_structure_hook_factory(is_dataclass, partial(_fields, made, strict=strict))
    made.register_structure_hook_factory(_is_tuple, partial(_sequence, made))
    return made


def _name(kind: type) -> str:
    return _KINDS.get(kind, kind.__name__)


def _require(value: object, kind: type) -> None:
    if type(value) is not kind:
        raise TypeError(f"expected {_name(kind)}, not {_name(type(value))}")


def _strictly(kind: type) -> Callable[[object, Any], object]:
    """Return a hook that converts nothing but enumerations."""

    def check(value: object, target: Any) -> object:
        _require(value, kind)
        return value if target is kind else target(value)

    return check


def _number(value: object, _: Any) -> float:
    """Return a number with or without a fraction, as JSON does not tell them apart."""
    if type(value) not in (int, float):
        raise TypeError(f"expected a number, not {_name(type(value))}")
    return float(value)  # type: ignore[arg-type]


def _fields(made: Converter, cls: Any, *, strict: bool) -> Callable[[object, Any], object]:
    """Return a hook for a dataclass."""
    structure = make_dict_structure_fn(cls, made, _cattrs_forbid_extra_keys=strict)

    def check(value: Any, target: Any) -> object:
        _require(value, dict)
        return structure(value, target)

    return check


def _is_tuple(target: Any) -> bool:
    return get_origin(target) is tuple


def _sequence(made: Converter, target: Any) -> Callable[[object, Any], object]:
    """Return a hook for ``tuple[X, ...]`` or ``tuple[X, Y]``."""
    kinds = get_args(target)
    endless = kinds[-1] is ...
    hooks = [made.get_structure_hook(kind) for kind in kinds if kind is not ...]

    def check(value: Any, _: Any) -> object:
        _require(value, list)
        if not endless and len(value) != len(hooks):
            raise TypeError(f"expected a list of {len(hooks)}, not of {len(value)}")
        return _items(value, hooks * len(value) if endless else hooks, kinds, target)

    return check


def _items(value: Sequence[Any], hooks: Sequence[Any], kinds: Sequence[Any], target: Any) -> tuple[object, ...]:
    out: list[object] = []
    errors: list[Exception] = []
    for index, (item, hook) in enumerate(zip(value, hooks, strict=True)):
        kind = kinds[0] if kinds[-1] is ... else kinds[index]
        try:
            out.append(hook(item, kind))
        except Exception as error:  # whatever cattrs raises is told with its place
            error.add_note(IterableValidationNote(f"at index {index}", index, kind))
            errors.append(error)
            if len(errors) == MOST_PROBLEMS:
                break
    if errors:
        raise IterableValidationError("not all items fit", errors, target)
    return tuple(out)


def _say(error: BaseException, kind: type | None) -> str:
    """Return our own wording for type errors, else that of cattrs."""
    return str(error) if isinstance(error, TypeError) else format_exception(error, kind)
