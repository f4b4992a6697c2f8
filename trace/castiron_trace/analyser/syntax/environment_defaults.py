"""Finds names that stand in the code for what the environment may say otherwise.

``os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.production")``, ``os.getenv("PARTS", "shop.full")``,
``env("PARTS", default="shop.full")``, ``os.environ.get("PARTS") or "shop.full"``.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import keyword_argument
from castiron_trace.analyser.syntax.scan import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_VARIABLE = re.compile(r"[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+|[A-Z]{3,}")
"""The name of a variable, as nearly all are written."""
_NAME = re.compile(r"[^\W\d]\w*(?:\.[^\W\d]\w*)+(?::[\w.]+)?")


def environment_defaults(source: bytes, tree: ast.AST) -> list[Literal]:
    """Return the dotted names, sorted."""
    if b"env" not in source and b"default" not in source:
        return []
    return sorted({default for node in ast.walk(tree) for default in _of_node(node)})


def _of_node(node: ast.AST) -> Iterator[Literal]:
    if isinstance(node, ast.Call) and _is_variable(node):
        yield from _dotted(node.args[1] if len(node.args) > 1 else keyword_argument(node, "default"))
    elif isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        first = node.values[0]
        if isinstance(first, ast.Call) and _is_variable(first):
            for value in node.values[1:]:
                yield from _dotted(value)


def _is_variable(call: ast.Call) -> bool:
    first = call.args[0] if call.args else None
    return isinstance(first, ast.Constant) and isinstance(first.value, str) and bool(_VARIABLE.fullmatch(first.value))


def _dotted(node: ast.AST | None) -> Iterator[Literal]:
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and _NAME.fullmatch(node.value):
        yield Literal(node.value, node.lineno)
