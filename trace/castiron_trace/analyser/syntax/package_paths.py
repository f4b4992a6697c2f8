"""Finds folders that a package adds to its own ``__path__``: its modules are there, too."""

from __future__ import annotations

import ast
import posixpath
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import name_of
from castiron_trace.analyser.syntax.scan import PackagePath

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDS = {"insert": True, "append": False, "extend": False}
"""Methods that add to a list -> whether what is added comes first."""


def package_paths(source: bytes, tree: ast.Module) -> list[PackagePath]:
    """Return the folders, relative to the package's own, in the order in which they are added."""
    if b"__path__" not in source:
        return []
    found = []
    for node in ast.walk(tree):
        for first, expression in _added(node):
            words = [
                part.value
                for part in ast.walk(expression)
                if isinstance(part, ast.Constant) and isinstance(part.value, str)
            ]
            folder = posixpath.normpath("/".join(words)) if words else "."
            if folder != "." and not folder.startswith("/"):
                found.append((node.lineno, PackagePath(folder, first)))  # type: ignore[attr-defined]
    return [path for _line, path in sorted(found)]


def spreads_over_path(source: bytes, tree: ast.Module) -> bool:
    """Say whether a package asks a function for folders of its own name: ``__path__.extend(f(__name__))`` of Twisted.

    `pkgutil.extend_path` is another one: it looks beside the package's parent.
    """
    if b"__path__" not in source or b"__name__" not in source:
        return False
    calls = (part for node in ast.walk(tree) for _, added in _added(node) for part in ast.walk(added))
    return any(
        isinstance(call, ast.Call)
        and name_of(call.func) != "extend_path"
        and any(name_of(argument) == "__name__" for argument in call.args)
        for call in calls
    )


def _added(node: ast.AST) -> Iterator[tuple[bool, ast.expr]]:
    """Yield (whether it comes first, the expression) for what is added to ``__path__``."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and name_of(node.func.value) == "__path__":
        if node.func.attr in _ADDS and node.args:
            yield _ADDS[node.func.attr], node.args[-1]
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            if name_of(target.value if isinstance(target, ast.Subscript) else target) == "__path__":
                yield True, node.value
    elif isinstance(node, ast.AugAssign) and name_of(node.target) == "__path__":
        yield False, node.value
