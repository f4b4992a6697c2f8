"""Finds what a source computes from other places than its own: folders for ``sys.path``, and ``sys.argv[0]``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import dotted_name, name_of
from castiron_trace.analyser.syntax.own_paths import STARTED, path_reader
from castiron_trace.analyser.syntax.scan import Literal

if TYPE_CHECKING:
    from collections.abc import Iterator

_ADDS = frozenset({"append", "extend", "insert"})


def folders_for_modules(source: bytes) -> list[str]:
    """Return the folders, computed from ``__file__``, that a source puts on ``sys.path``: relative to its own, sorted.

    Those with a part that only a run knows are left out.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []  # whoever reads the source for what it imports reports that
    nodes = list(ast.walk(tree))
    reader = path_reader(nodes)
    paths = (reader.path(value) for node in nodes for value in _added(node))
    return sorted({path for path in paths if path is not None and "*" not in path})


def _added(node: ast.AST) -> Iterator[ast.expr]:
    """Yield what a statement or call puts on ``sys.path``."""
    if isinstance(node, ast.Call):
        owner = node.func.value if isinstance(node.func, ast.Attribute) else None
        name = name_of(node.func)
        added = name in _ADDS and owner is not None and dotted_name(owner) == "sys.path"
        if name == "addsitedir" or added:
            for argument in node.args:
                yield from _items(argument)
    elif isinstance(node, ast.Assign):
        targets = (target.value if isinstance(target, ast.Subscript) else target for target in node.targets)
        if any(dotted_name(target) == "sys.path" for target in targets):
            yield from _items(node.value)


def _items(value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(value, ast.List | ast.Tuple):
        yield from value.elts
    elif isinstance(value, ast.BinOp) and isinstance(value.op, ast.Add):  # [HERE] + sys.path
        yield from _items(value.left)
        yield from _items(value.right)
    else:
        yield value


def started_paths(source: bytes, tree: ast.AST) -> list[Literal]:
    """Return the paths that a source computes from ``sys.argv[0]``: relative to the folder of that, sorted.

    A single dot is that folder itself, if it becomes the current one.
    """
    if b"argv" not in source:
        return []
    nodes = list(ast.walk(tree))
    reader = path_reader(nodes, STARTED)
    found: set[Literal] = set()
    for node in nodes:
        if isinstance(node, ast.BinOp | ast.Call | ast.JoinedStr):
            path = reader.path(node)
            if path is not None and path.strip("./*") and path != "__file__":
                found.add(Literal(path, node.lineno))
        if isinstance(node, ast.Call) and name_of(node.func) == "chdir" and node.args:
            folder = reader.path(node.args[0])
            if folder is not None and folder != "__file__":
                found.add(Literal(folder, node.lineno))
    return sorted(found)
