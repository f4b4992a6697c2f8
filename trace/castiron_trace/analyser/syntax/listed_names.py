"""Recognises a package whose ``__all__`` is made of the files in its folder: all its modules go in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.scan import ComputedImport

if TYPE_CHECKING:
    from castiron_trace.analyser.syntax.facts import Facts

_LISTS = (b"glob", b"listdir", b"iterdir", b"scandir", b"iter_modules")
"""Functions that list a folder."""


def listed_names(source: bytes, tree: ast.Module, facts: Facts) -> None:
    """Add a computed import if ``__all__`` is computed in a source that lists a folder."""
    if b"__all__" not in source or not any(word in source for word in _LISTS):
        return
    for node in tree.body:
        if isinstance(node, ast.Assign | ast.AugAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            named = any(isinstance(target, ast.Name) and target.id == "__all__" for target in targets)
            if named and any(isinstance(part, ast.Call | ast.ListComp) for part in ast.walk(node.value)):
                facts.computed.add(ComputedImport(node.lineno, "__all__", ""))
