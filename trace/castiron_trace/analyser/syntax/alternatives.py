"""Finds modules of which one must be there: ``try: import a`` whose handler imports another one, raises or exits.

Only what runs whenever the source runs counts.  In the block of a ``try`` that is what nothing but other imports comes
before; in a handler it is all that no ``return``, ``break`` or ``continue`` may leave out.
"""

from __future__ import annotations

import ast
import builtins
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import may_swallow, name_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castiron_trace.analyser.syntax.conditions import Conditions

_Way = tuple[str, ...]
"""Modules that make a block fail if none of them is there; with none, it fails always."""

_CATCH = frozenset({"BaseException", "Exception", "ImportError", "ModuleNotFoundError"})
"""Exceptions whose handlers run when a module does not exist."""
_EXIT = frozenset({"SystemExit", "_exit", "exit", "quit"})
_TELL = frozenset({"critical", "echo", "error", "exception", "info", "print", "print_exc", "secho", "warn", "warning"})
"""Functions that say something, and do nothing in the place of what is missing; and ``write``, of a stream."""
_SEARCH = frozenset({"meta_path", "modules", "path", "path_hooks"})
"""Attributes of `sys`: code that uses them may bring the module that it imports next."""
_MOST = 16
"""Ways of one ``try``, and modules of one way: beyond, nothing is said."""


def alternatives(node: ast.Try | ast.TryStar, conditions: Conditions) -> list[tuple[str, ...]]:
    """Return groups of modules: if one group is missing as a whole, the statement certainly fails.

    They have leading dots if they are relative, and are in the order in which they are tried.
    """
    if isinstance(node, ast.TryStar):
        return []
    return [way for way in _Ways(conditions).of_try(node, handled=False) if way]


class _Ways:
    def __init__(self, conditions: Conditions) -> None:
        self._conditions = conditions

    def of_try(self, node: ast.Try, *, handled: bool) -> list[_Way]:
        body = self._block(node.body, handled=handled or bool(node.handlers))
        return _both(body, self._handlers(node.handlers, handled=handled))

    def _handlers(self, handlers: Sequence[ast.ExceptHandler], *, handled: bool) -> list[_Way]:
        ways: list[_Way] = [()]  # nobody handles it
        for handler in reversed(handlers):
            caught = catches(handler.type)
            if caught is not False:
                own = self._block(handler.body, handled=handled)
                ways = own if caught else _both(own, ways)
        return ways

    def _block(self, statements: Iterable[ast.stmt], *, handled: bool) -> list[_Way]:
        """Return in which ways a block fails; with ``handled``, handlers see what its other statements raise."""
        ways: list[_Way] = []
        tells_only = True
        for node in statements:
            if isinstance(node, ast.Return | ast.Break | ast.Continue):
                break
            if _searches(node):
                break
            if isinstance(node, ast.Raise):
                sure = node.exc is None or (not handled and _fails(node.exc, tells_only=tells_only))
                return [*ways, ()] if sure else ways
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and name_of(node.value.func) in _EXIT:
                return [*ways, ()] if not handled and _fails(node.value, tells_only=tells_only) else ways
            known = self._statement(node, handled=handled)
            if known is not None:
                ways += known
            elif handled and not _is_constant(node):
                break
            tells_only = tells_only and _tells(node)
        return ways

    def _statement(self, node: ast.stmt, *, handled: bool) -> list[_Way] | None:
        """Return in which ways a statement fails, as far as that depends on imports; None if it does not."""
        if isinstance(node, ast.Import):
            return [(alias.name,) for alias in node.names]
        if isinstance(node, ast.ImportFrom):
            return [("." * node.level + node.module,)] if node.module else []
        if isinstance(node, ast.Try):
            return self.of_try(node, handled=handled)
        if isinstance(node, ast.With):
            return None if may_swallow(node) else self._block(node.body, handled=handled)
        if isinstance(node, ast.If):
            value = self._conditions.decided(node.test)
            if value is not None:
                return self._block(node.body if value else node.orelse, handled=handled)
            return _both(self._block(node.body, handled=handled), self._block(node.orelse, handled=handled))
        return None


def _both(first: list[_Way], second: list[_Way]) -> list[_Way]:
    """Return the ways in which two blocks both fail."""
    pairs = dict.fromkeys(tuple(dict.fromkeys((*one, *other))) for one in first for other in second)
    return list(pairs) if len(pairs) <= _MOST and all(len(way) <= _MOST for way in pairs) else []


def catches(kind: ast.expr | None) -> bool | None:
    """Say whether a handler of this type runs for a module that does not exist; None if that is not known."""
    if kind is None:
        return True
    names = [name_of(item) for item in (kind.elts if isinstance(kind, ast.Tuple) else [kind])]
    if not _CATCH.isdisjoint(names):
        return True
    return False if all(hasattr(builtins, name) for name in names) else None


def _fails(code: ast.expr | None, *, tells_only: bool) -> bool:
    """Say whether a program that ends so has failed: ``raise ...`` or a call of `sys.exit`.

    A status that a call returns is one of a program that ran all the same; status 0 is a failure where nothing was done
    before but to tell something.
    """
    if name_of(code.func if isinstance(code, ast.Call) else code) not in _EXIT:
        return True
    arguments = code.args if isinstance(code, ast.Call) else []
    if not arguments or (isinstance(arguments[0], ast.Constant) and arguments[0].value in (0, None)):
        return tells_only
    return not any(isinstance(item, ast.Call) and not _is_text_method(item) for item in ast.walk(arguments[0]))


def _is_text_method(call: ast.Call) -> bool:
    return isinstance(call.func, ast.Attribute) and isinstance(call.func.value, ast.Constant)


def _is_constant(node: ast.stmt) -> bool:
    """Say whether a statement cannot raise: a text, a constant assigned, ``pass``."""
    if isinstance(node, ast.Assign):
        return isinstance(node.value, ast.Constant) and all(isinstance(item, ast.Name) for item in node.targets)
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _tells(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        return name_of(node.value.func) in _TELL or _is_stream_write(node.value.func)
    return _is_constant(node) or isinstance(node, ast.Import | ast.ImportFrom)


def _is_stream_write(function: ast.expr) -> bool:
    return isinstance(function, ast.Attribute) and function.attr == "write" and name_of(function.value) == "stderr"


def _searches(node: ast.stmt) -> bool:
    return any(
        isinstance(item, ast.Attribute) and item.attr in _SEARCH and name_of(item.value) == "sys"
        for item in ast.walk(node)
    )
