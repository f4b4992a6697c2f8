"""Answers small questions about expressions of a syntax tree."""

from __future__ import annotations

import ast
import re

MODULE_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
IMPORTABLE_NAME = re.compile(r"[\w\-+]+(?:\.[\w\-+]+)*")
"""What functions that import take for a name: more than identifiers (``my-plugin``, ``0001_initial``)."""
_MODULE_PREFIX = re.compile(r"([^\W\d]\w*(?:\.\w+)*)\.(?![^{%]*\.)")


def name_of(node: ast.AST | None) -> str:
    """Return the last name of a dotted expression, or an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def keyword_argument(node: ast.Call, name: str) -> ast.expr | None:
    """Return the value of a keyword argument, None if it is not given."""
    return next((keyword.value for keyword in node.keywords if keyword.arg == name), None)


def literal_module(node: ast.AST) -> str | None:
    """Return the string literal, if it could be the name of a module."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and MODULE_NAME.fullmatch(node.value):
        return node.value
    return None


def imported_literal(node: ast.AST) -> str | None:
    """Return the string literal, if a function that imports could take it for a module's name."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str) and IMPORTABLE_NAME.fullmatch(node.value):
        return node.value
    return None


def name_prefix(node: ast.Call) -> str:
    """Return the package that a computed name begins with: ``pkg.sub`` of ``f"pkg.sub.{x}"`` or ``"pkg.sub." + x``."""
    argument = node.args[0] if node.args else None
    if isinstance(argument, ast.Attribute) and argument.attr == "__path__":
        return dotted_name(argument.value)  # ``iter_modules(pkg.sub.__path__)``
    while isinstance(argument, ast.BinOp):
        argument = argument.left
    if isinstance(argument, ast.JoinedStr) and argument.values:
        argument = argument.values[0]
    if isinstance(argument, ast.Call) and isinstance(argument.func, ast.Attribute) and argument.func.attr == "format":
        argument = argument.func.value
    if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
        return ""
    match = _MODULE_PREFIX.match(argument.value)
    return match[1] if match else ""


def dotted_name(node: ast.expr) -> str:
    """Return the text of ``a.b.c``; empty if the expression is anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


def package_argument(node: ast.Call) -> str:
    """Return the package that ``import_module(f".{x}", package="pkg")`` looks in."""
    package = node.args[1] if len(node.args) > 1 else keyword_argument(node, "package")
    return "" if package is None else literal_module(package) or ""


def is_main_test(test: ast.expr) -> bool:
    """Say whether an expression is ``__name__ == "__main__"``."""
    return (
        isinstance(test, ast.Compare)
        and isinstance(test.ops[0], ast.Eq)
        and len(test.comparators) == 1
        and {_side(test.left), _side(test.comparators[0])} == {"__name__", "'__main__'"}
    )


def _side(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return repr(node.value)
    return name_of(node)
