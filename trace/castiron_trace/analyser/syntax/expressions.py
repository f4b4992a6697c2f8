"""Answers small questions about expressions of a syntax tree."""

from __future__ import annotations

import ast
import re

from castiron_trace.analyser.syntax.scan import NAME_PLACEHOLDER, PACKAGE_PLACEHOLDER

MODULE_NAME = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
IMPORTABLE_NAME = re.compile(r"[\w\-+]+(?:\.[\w\-+]+)*")
"""What functions that import take for a name: more than identifiers (``my-plugin``, ``0001_initial``)."""
_PACKAGE = re.compile(r"(?:[^\W\d]\w*|\{__(?:name|package)__\})(?:\.\w+)*")
_FAMILY = re.compile(r"[^\W\d_]\w{2,}_")
_MAY_SWALLOW = re.compile(r"suppress|raises|import|optional|ignor", re.IGNORECASE)
"""Names of context managers that go on after an ImportError: ``with optional_imports():``."""


def name_of(node: ast.AST | None) -> str:
    """Return the last name of a dotted expression, or an empty string."""
    if isinstance(node, ast.Name):
        return node.id
    return node.attr if isinstance(node, ast.Attribute) else ""


def may_swallow(node: ast.With | ast.AsyncWith) -> bool:
    """Return whether a context manager may go on after an ImportError, by its name."""
    calls = (item.context_expr for item in node.items)
    return any(isinstance(call, ast.Call) and _MAY_SWALLOW.search(name_of(call.func)) for call in calls)


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


def name_prefix(argument: ast.expr | None) -> str:
    """Return the package that a computed name begins with: ``pkg.sub`` of ``f"pkg.sub.{x}"`` or ``"pkg.sub." + x``.

    It may begin with `NAME_PLACEHOLDER` or `PACKAGE_PLACEHOLDER`.
    """
    if argument is None:
        return ""
    if isinstance(argument, ast.Attribute) and argument.attr == "__path__":
        return dotted_name(argument.value)  # ``iter_modules(pkg.sub.__path__)``
    prefix = _beginning(argument)[0].rpartition(".")[0]
    return prefix if _PACKAGE.fullmatch(prefix) else ""


def family_of_names(argument: ast.expr) -> str:
    """Return ``tree_sitter_*`` for ``f"tree_sitter_{x}"``: top-level modules that belong together; empty for others."""
    text = _beginning(argument)[0]
    return f"{text}*" if _FAMILY.fullmatch(text) else ""


def relative_prefix(argument: ast.expr, package: ast.expr | None) -> str:
    """Return the package that ``import_module(f".sub.{x}", package="pkg")`` looks in: ``pkg.sub``; empty if unknown."""
    text = _beginning(argument)[0]
    if not text.startswith(".") or text.startswith("..") or package is None:
        return ""
    base, complete = _beginning(package)
    prefix = ".".join(part for part in (base, text[1:].rpartition(".")[0]) if part)
    return prefix if complete and _PACKAGE.fullmatch(prefix) else ""


def _beginning(expression: ast.expr) -> tuple[str, bool]:
    """Return the text that a string begins with, and whether that is all of it."""
    if isinstance(expression, ast.Constant) and isinstance(expression.value, str):
        return expression.value, True
    if isinstance(expression, ast.Name | ast.Attribute):
        return _MODULES_OWN.get(dotted_name(expression), ("", False))
    if isinstance(expression, ast.JoinedStr):
        return _joined([part.value if isinstance(part, ast.FormattedValue) else part for part in expression.values])
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Add):
        return _joined([expression.left, expression.right])
    template: ast.expr | None = None
    if isinstance(expression, ast.BinOp) and isinstance(expression.op, ast.Mod):
        template = expression.left
    elif isinstance(expression, ast.Call) and isinstance(expression.func, ast.Attribute):
        template = expression.func.value if expression.func.attr == "format" else None
    if isinstance(template, ast.Constant) and isinstance(template.value, str):
        return re.split(r"[{%]", template.value)[0], False
    return "", False


_MODULES_OWN = {
    "__name__": (NAME_PLACEHOLDER, True),
    "__package__": (PACKAGE_PLACEHOLDER, True),
    "__spec__.parent": (PACKAGE_PLACEHOLDER, True),
}


def _joined(parts: list[ast.expr]) -> tuple[str, bool]:
    whole = ""
    for part in parts:
        text, complete = _beginning(part)
        whole += text
        if not complete:
            return whole, False
    return whole, True


def dotted_name(node: ast.expr) -> str:
    """Return the text of ``a.b.c``; empty if the expression is anything else."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return ".".join([node.id, *reversed(names)]) if isinstance(node, ast.Name) else ""


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
