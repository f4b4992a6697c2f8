"""Finds modules that a source makes while it runs: entries that it puts into ``sys.modules``, and import hooks.

Whoever imports such a name means a module that no file has, or one that has a file under another name.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import MODULE_NAME, name_of
from castiron_trace.analyser.syntax.scan import NAME_PLACEHOLDER, MadeModule

if TYPE_CHECKING:
    from collections.abc import Iterator

_WORDS = (b"sys.modules", b"meta_path", b"path_hooks")
_HOOK_WORDS = (b"meta_path", b"path_hooks", b".__import__")
_ADDS = frozenset({"append", "insert", "extend"})
_HOOKS = frozenset({"meta_path", "path_hooks"})


def made_modules(source: bytes, tree: ast.Module) -> list[MadeModule]:
    """Return the names that a source puts into ``sys.modules``, sorted.  ``tree`` is the syntax tree of ``source``."""
    if not any(word in source for word in _WORDS):
        return []
    imported = _imported_names(tree)
    found: set[MadeModule] = set()
    for node in ast.walk(tree):
        for key, value in _entries(node):
            name = _key_name(key)
            if name:
                found.add(MadeModule(node.lineno, name, _target(value, imported)))  # type: ignore[attr-defined]
    return sorted(found)


def import_hook(source: bytes, tree: ast.Module) -> int:
    """Return the line on which a source adds an import hook; 0 for none.

    It adds to ``sys.meta_path`` or ``sys.path_hooks``, or puts a function of its own in the place of ``__import__``.
    """
    if not any(word in source for word in _HOOK_WORDS):
        return 0
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in _ADDS
            and name_of(node.func.value) in _HOOKS
        )
        or (isinstance(node, ast.Assign) and any(_is_hook_list(target) for target in node.targets))
    ]
    return min(lines, default=0)


def _is_hook_list(target: ast.expr) -> bool:
    """``sys.meta_path[:0] = ...``, ``sys.meta_path = ...``, ``builtins.__import__ = ...``."""
    if isinstance(target, ast.Attribute) and target.attr == "__import__":
        return True
    return name_of(target.value if isinstance(target, ast.Subscript) else target) in _HOOKS


def _entries(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr | None]]:
    """Yield (key, value) of what a statement or call puts into ``sys.modules``."""
    if isinstance(node, ast.Assign):
        for target in node.targets:
            if isinstance(target, ast.Subscript) and _is_modules(target.value):
                yield target.slice, node.value
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and _is_modules(node.func.value):
        if node.func.attr == "setdefault" and node.args:
            yield node.args[0], node.args[1] if len(node.args) > 1 else None
        elif node.func.attr == "update" and node.args and isinstance(node.args[0], ast.Dict):
            for key, value in zip(node.args[0].keys, node.args[0].values, strict=True):
                if key is not None:
                    yield key, value


def _is_modules(node: ast.expr) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "modules" and name_of(node.value) in {"sys", "_sys"}


def _key_name(node: ast.expr) -> str:
    """Return the name that a key stands for, with ``.*`` behind what is known of it; empty if that is nothing."""
    known = True
    text = ""
    for part in _parts(node):
        if part is None:
            known = False
            break
        text += part
    if known:
        return "" if text == NAME_PLACEHOLDER else _module_name(text)
    base, dot, _rest = text.rpartition(".")
    return f"{base}.*" if dot and _module_name(base) else ""


def _module_name(text: str) -> str:
    return (
        text
        if MODULE_NAME.fullmatch(text.removeprefix(NAME_PLACEHOLDER + ".").removeprefix(NAME_PLACEHOLDER) or "x")
        else ""
    )


def _parts(node: ast.expr) -> Iterator[str | None]:
    """Yield the known and (None) the unknown parts of a text."""
    if isinstance(node, ast.Constant):
        yield node.value if isinstance(node.value, str) else None
    elif isinstance(node, ast.Name):
        yield NAME_PLACEHOLDER if node.id == "__name__" else None
    elif isinstance(node, ast.JoinedStr):
        for value in node.values:
            yield from _parts(value)
    elif isinstance(node, ast.FormattedValue):
        yield from _parts(node.value)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        yield from _parts(node.left)
        yield from _parts(node.right)
    else:
        yield None


def _imported_names(tree: ast.Module) -> dict[str, str]:
    """Return the names that the import statements bind -> dotted names, with leading dots where they are relative."""
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                names[alias.asname or top] = alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                base = "." * node.level + (node.module or "")
                dot = "." if node.module else ""
                names[alias.asname or alias.name] = f"{base}{dot}{alias.name}"
    return names


def _target(value: ast.expr | None, imported: dict[str, str]) -> str:
    """Return the dotted name of the module that an entry is; empty if the value does not tell."""
    attributes: list[str] = []
    while isinstance(value, ast.Attribute):
        attributes.append(value.attr)
        value = value.value
    if isinstance(value, ast.Subscript) and _is_modules(value.value):
        name = _key_name(value.slice) if not _is_own_name(value.slice) else NAME_PLACEHOLDER
        return "" if name.endswith("*") else name
    if isinstance(value, ast.Call) and name_of(value.func) in {"import_module", "__import__"} and value.args:
        argument = value.args[0]
        return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""
    if not isinstance(value, ast.Name) or value.id not in imported:
        return ""
    return ".".join([imported[value.id], *reversed(attributes)])


def _is_own_name(node: ast.expr) -> bool:
    return isinstance(node, ast.Name) and node.id == "__name__"
