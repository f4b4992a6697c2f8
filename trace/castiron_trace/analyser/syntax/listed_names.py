"""Reads ``__all__``, which names modules that a star imports, and may be made of the files in a folder."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.scan import ComputedImport

if TYPE_CHECKING:
    from castiron_trace.analyser.syntax.facts import Facts

_LISTS = (b"glob", b"listdir", b"iterdir", b"scandir", b"iter_modules")
"""Functions that list a folder."""


def listed_names(source: bytes, tree: ast.Module, facts: Facts) -> list[str]:
    """Return the names in ``__all__``, sorted; add a computed import if the files of a folder are among them."""
    if b"__all__" not in source:
        return []
    names: set[str] = set()
    for node in tree.body:
        if not isinstance(node, ast.Assign | ast.AugAssign | ast.AnnAssign) or node.value is None:
            continue
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        if not any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets):
            continue
        parts = list(ast.walk(node.value))
        names.update(part.value for part in parts if isinstance(part, ast.Constant) and isinstance(part.value, str))
        if any(isinstance(part, ast.Call | ast.ListComp) for part in parts) and any(word in source for word in _LISTS):
            facts.computed.add(ComputedImport(node.lineno, "__all__", ""))
    return sorted(name for name in names if name.isidentifier())
