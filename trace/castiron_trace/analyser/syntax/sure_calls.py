"""Says whether a function that is called surely makes a call, and passes on the ImportError that this ends with.

Only what is plain counts: statements one after another, ``with``, conditions that defaults decide, and a ``try`` whose
handlers raise again.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.alternatives import catches
from castiron_trace.analyser.syntax.conditions import Conditions
from castiron_trace.analyser.syntax.expressions import may_swallow

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_LEAVES = (ast.Return, ast.Yield, ast.YieldFrom, ast.Break, ast.Continue)
_INNER = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda, ast.ClassDef)
_PLAIN = (ast.Expr, ast.Assign, ast.AnnAssign, ast.Return)
_PARTS = (ast.Call, ast.Attribute, ast.Subscript, ast.keyword, ast.Tuple)
"""Expressions that evaluate all that they consist of."""


def surely_calls(node: ast.FunctionDef, call: ast.Call) -> tuple[bool, tuple[str, ...]]:
    """Return whether, and the parameters on whose defaults that depends."""
    reader = _Reader(node, call)
    sure = reader.runs(node.body) is True
    return sure, tuple(sorted(reader.deciding)) if sure else ()


def evaluated(statement: ast.stmt, call: ast.Call) -> bool:
    """Say whether a plain statement evaluates a call whenever it runs: not that of ``x and call()``, for example."""
    if not isinstance(statement, _PLAIN) or statement.value is None:
        return False
    todo: list[ast.AST] = [statement.value]
    while todo:
        node = todo.pop()
        if node is call:
            return True
        if isinstance(node, _PARTS):
            todo.extend(ast.iter_child_nodes(node))
    return False


class _Reader:
    def __init__(self, node: ast.FunctionDef, call: ast.Call) -> None:
        self._call = call
        self.deciding: set[str] = set()
        self._defaults = _defaults(node)
        self._conditions = Conditions(self._defaults)
        self._tries = 0

    def runs(self, statements: Iterable[ast.stmt]) -> bool | None:
        """Say whether statements come to the call; None if they go on without it."""
        for node in statements:
            if any(item is self._call for item in ast.walk(node)):
                return self._reaches(node)
            if self._may_leave([node]):
                return False
        return None

    def _reaches(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Try):
            self._tries += 1
            return (
                self._tries == 1  # what an inner handler raises, an outer one may catch
                and self.runs(node.body) is True
                and not self._may_leave(node.finalbody)
                and all(self._fails(item.body) for item in node.handlers if catches(item.type) is not False)
            )
        if isinstance(node, ast.With):
            return not may_swallow(node) and self.runs(node.body) is True
        if isinstance(node, ast.If):
            value = self._decided(node.test)
            return value is not None and self.runs(node.body if value else node.orelse) is True
        return evaluated(node, self._call)

    def _fails(self, statements: Sequence[ast.stmt]) -> bool:
        """Say whether a handler surely raises."""
        for node in statements:
            if isinstance(node, ast.Raise):
                return True
            if isinstance(node, ast.If):
                value = self._decided(node.test)
                parts = [node.body, node.orelse] if value is None else [node.body if value else node.orelse]
                if all(map(self._fails, parts)):
                    return True
                if any(map(self._may_leave, parts)):
                    return False
            elif self._may_leave([node]):
                return False
        return False

    def _may_leave(self, statements: Iterable[ast.stmt]) -> bool:
        todo: list[ast.AST] = list(statements)
        while todo:
            node = todo.pop()
            if isinstance(node, _LEAVES):
                return True
            if isinstance(node, ast.If) and (value := self._decided(node.test)) is not None:
                todo.extend(node.body if value else node.orelse)
            elif not isinstance(node, _INNER):
                todo.extend(ast.iter_child_nodes(node))
        return False

    def _decided(self, test: ast.expr) -> bool | None:
        value = self._conditions.decided(test)
        if value is not None:
            names = {item.id for item in ast.walk(test) if isinstance(item, ast.Name)}
            self.deciding.update(names & self._defaults.keys())
        return value


def _defaults(node: ast.FunctionDef) -> dict[str, object]:
    """Return the parameters with literal defaults that the function binds to nothing else."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    pairs = list(zip(reversed(positional), reversed(arguments.defaults), strict=False))
    pairs += [(a, d) for a, d in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True) if d is not None]
    bound = {item.id for item in ast.walk(node) if isinstance(item, ast.Name) and not isinstance(item.ctx, ast.Load)}
    return {
        argument.arg: default.value
        for argument, default in pairs
        if isinstance(default, ast.Constant) and argument.arg not in bound
    }
