"""Finds modules that a source gives to a function as they are: ``scan(shop)``, ``with_modules(steps, views)``.

A function of a library that gets a package may import all that is in it, which no import statement tells.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import dotted_name, keyword_argument, name_of
from castiron_trace.analyser.syntax.scan import Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator

    from castiron_trace.hints.model import CallerPackageFunction

_LOOK_AT_IT = frozenset(
    {
        "contents", "deepcopy", "delattr", "dir", "files", "getattr", "getfile", "getsource", "hasattr", "help", "id",
        "is_resource", "isinstance", "open_binary", "open_text", "path", "print", "read_binary", "read_text", "reload",
        "repr", "setattr", "str", "type", "vars",
    }
)  # fmt: skip
"""Functions that look at what they get, at its attributes, or at files beside it."""


def given_modules(tree: ast.AST, hints: Iterable[CallerPackageFunction] = ()) -> list[Literal]:
    """Return what may be such a module, dotted, with leading dots if it was imported so; sorted.

    A single dot is the package that the source is in, which functions of the hints import: ``config.scan()``.
    """
    callers = {(module, name) for hint in hints for module in hint.modules for name in hint.names}
    nodes = list(ast.walk(tree))
    bound: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Import):
            bound.update(
                (alias.asname or (top := alias.name.partition(".")[0]), alias.name if alias.asname else top)
                for alias in node.names
            )
        elif isinstance(node, ast.ImportFrom):
            start = "." * node.level + (f"{node.module}." if node.module else "")
            bound.update((alias.asname or alias.name, f"{start}{alias.name}") for alias in node.names)
    calls = (node for node in nodes if isinstance(node, ast.Call) and name_of(node.func) not in _LOOK_AT_IT)
    return sorted(
        {Literal(name, call.lineno) for call in calls for name in (*_given(call, bound), *_own(call, callers))}
    )


def _own(call: ast.Call, callers: Collection[tuple[str, str]]) -> Iterator[str]:
    if not isinstance(call.func, ast.Attribute) or (name_of(call.func.value), call.func.attr) not in callers:
        return
    first = call.args[0] if call.args else keyword_argument(call, "package")
    if first is None or (isinstance(first, ast.Constant) and first.value in {None, "."}):
        yield "."


def _given(call: ast.Call, bound: dict[str, str]) -> Iterator[str]:
    todo = [*call.args, *(keyword.value for keyword in call.keywords)]
    while todo:
        value = todo.pop()
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            todo.extend(value.elts)
        elif isinstance(value, ast.Starred):
            todo.append(value.value)
        elif isinstance(value, ast.Name | ast.Attribute):
            first, dot, rest = (dotted_name(value) or "").partition(".")
            if first in bound:
                yield bound[first] + dot + rest
