"""Decides conditions on the target's version and platform, and on ``TYPE_CHECKING``."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

_TARGET_FACTS: dict[str, object] = {
    "TYPE_CHECKING": False,
    "typing.TYPE_CHECKING": False,
    "t.TYPE_CHECKING": False,
    "sys.version_info": tuple(sys.version_info),
    "sys.version_info.major": sys.version_info[0],
    "sys.version_info.minor": sys.version_info[1],
    "version_info": tuple(sys.version_info),
    "sys.hexversion": sys.hexversion,
    "sys.platform": "linux",
    "os.name": "posix",
    "sys.implementation.name": "cpython",
    "PY2": False,
    "PY3": True,
}
_TARGET_CALLS: dict[str, object] = {
    "platform.system": "Linux",
    "platform.python_implementation": "CPython",
}
_UNKNOWN = object()


class Conditions:
    """Decides conditions by what is true of every run on the target."""

    def __init__(self, constants: Mapping[str, object]) -> None:
        """``constants`` are names, also with dots, and their values, beside those that every program has."""
        self._facts = {**_TARGET_FACTS, **constants}

    def decided(self, test: ast.expr) -> bool | None:
        """Return what the target's version and platform make of a condition; None if they do not decide it."""
        value = self._value(test)
        return None if value is _UNKNOWN else bool(value)

    def _value(self, node: ast.expr) -> object:
        if isinstance(node, ast.Constant):
            return node.value
        if isinstance(node, ast.Name | ast.Attribute):
            dotted = _dotted(node)
            if dotted.endswith(".TYPE_CHECKING"):
                return False
            return self._facts.get(dotted, _UNKNOWN)
        if isinstance(node, ast.Tuple | ast.List | ast.Set):
            values = tuple(self._value(item) for item in node.elts)
            return _UNKNOWN if _UNKNOWN in values else values
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            value = self._value(node.operand)
            return value if value is _UNKNOWN else not value
        if isinstance(node, ast.BoolOp):
            return self._bool_op(node)
        if isinstance(node, ast.Subscript):
            return self._subscript(node)
        if isinstance(node, ast.Call):
            return self._call_value(node)
        if isinstance(node, ast.Compare) and len(node.ops) == 1:
            return _compare(self._value(node.left), node.ops[0], self._value(node.comparators[0]))
        return _UNKNOWN

    def _bool_op(self, node: ast.BoolOp) -> object:
        """Three-valued: one false operand decides an ``and``, one true operand decides an ``or``."""
        values = [self._value(item) for item in node.values]
        deciding = isinstance(node.op, ast.Or)
        if any(value is not _UNKNOWN and bool(value) is deciding for value in values):
            return deciding
        return _UNKNOWN if any(value is _UNKNOWN for value in values) else not deciding

    def _subscript(self, node: ast.Subscript) -> object:
        base = self._value(node.value)
        if not isinstance(base, tuple):
            return _UNKNOWN
        if isinstance(node.slice, ast.Slice):
            bounds = [_UNKNOWN if part is None else self._value(part) for part in (node.slice.lower, node.slice.upper)]
            numbers = [bound if isinstance(bound, int) else None for bound in bounds]
            return base[numbers[0] : numbers[1]]
        index = self._value(node.slice)
        return base[index] if isinstance(index, int) and index < len(base) else _UNKNOWN

    def _call_value(self, node: ast.Call) -> object:
        if isinstance(node.func, ast.Attribute) and node.func.attr in {"startswith", "lower"}:
            base = self._value(node.func.value)
            if isinstance(base, str) and node.func.attr == "lower":
                return base.lower()
            prefix = self._value(node.args[0]) if node.args else _UNKNOWN
            return base.startswith(prefix) if isinstance(base, str) and isinstance(prefix, str | tuple) else _UNKNOWN
        return _TARGET_CALLS.get(_dotted(node.func), _UNKNOWN)


def _compare(left: object, operator: ast.cmpop, right: object) -> object:
    if left is _UNKNOWN or right is _UNKNOWN:
        return _UNKNOWN
    operation = _OPERATIONS.get(type(operator))
    try:
        return _UNKNOWN if operation is None else operation(left, right)
    except TypeError:
        return _UNKNOWN


_OPERATIONS: dict[type[ast.cmpop], Any] = {
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
    ast.Is: lambda a, b: a is b,
    ast.IsNot: lambda a, b: a is not b,
}


def _dotted(node: ast.AST) -> str:
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return ""
    return ".".join([node.id, *reversed(names)])
