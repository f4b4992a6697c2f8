"""Finds the constants of a source that imports what it is told: a module of the application may be called so.

``DEFAULT_MODULE_NAME = "piccolo_conf"``: what is imported where neither an argument nor the environment says otherwise.
"""

from __future__ import annotations

import ast
import re

from castiron_trace.analyser.syntax.scan import Literal

_NAME = re.compile(r"[^\W\d]\w{3,}")


def default_modules(tree: ast.AST) -> list[Literal]:
    """Return the identifiers that constants of the module and of its classes are bound to, sorted."""
    found = set()
    todo = list(getattr(tree, "body", ()))
    while todo:
        node = todo.pop()
        if isinstance(node, ast.ClassDef):
            todo.extend(node.body)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            value = node.value
            if (
                any(isinstance(target, ast.Name) and target.id.isupper() for target in targets)
                and isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and _NAME.fullmatch(value.value)
            ):
                found.add(Literal(value.value, node.lineno))
    return sorted(found)
