"""Finds modules that import on attribute access: PEP 562's ``__getattr__``, or an object in the module's place.

The names that they import stand in tables, whatever the function is called that reads them: strings of such a module
are names of its package's modules.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.scan import LazyExports, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_NAME = re.compile(r"\.*[^\W\d]\w*(?:\.\w+)*(?::\w+)?")
_LONGEST = 100


def lazy_exports(source: bytes, tree: ast.Module, strings: Mapping[str, int]) -> LazyExports:
    """Return what is found in one source; ``strings`` are its literals with their lines."""
    if b"__getattr__" not in source and b"sys.modules" not in source:
        return LazyExports((), stub=False)
    kinds = set(_kinds(tree.body))
    if not kinds:
        return LazyExports((), stub=False)
    names = (Literal(t, n) for t, n in strings.items() if len(t) <= _LONGEST and _NAME.fullmatch(t))
    return LazyExports(tuple(sorted(names)), stub="assigned" in kinds)


def _kinds(statements: Iterable[ast.stmt]) -> Iterator[str]:
    for node in statements:
        if isinstance(node, ast.FunctionDef) and node.name == "__getattr__":
            yield "defined"
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                elements = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
                if any(isinstance(item, ast.Name) and item.id == "__getattr__" for item in elements):
                    yield "assigned" if isinstance(node.value, ast.Call) else "defined"
                if _is_own_entry(target):
                    yield "replaced"
        elif isinstance(node, ast.If | ast.Try | ast.With):
            yield from _kinds(node.body)
            yield from _kinds(getattr(node, "orelse", ()))


def _is_own_entry(target: ast.expr) -> bool:
    """``sys.modules[__name__] = ...``."""
    return (
        isinstance(target, ast.Subscript)
        and isinstance(target.value, ast.Attribute)
        and target.value.attr == "modules"
        and isinstance(target.slice, ast.Name)
        and target.slice.id == "__name__"
    )
