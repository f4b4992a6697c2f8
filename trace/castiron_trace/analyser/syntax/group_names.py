"""Recognises names of entry-point groups that code hands to what looks them up.

A group's name is any string.  One that has no dots is told from other text by what it is given to: a parameter, an
attribute or a variable that is called after groups, namespaces or plug-ins, or a function called after them.  That is
much too weak to prove anything, and need not: only a group that an installed distribution declares is ever loaded.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from castiron_trace.analyser.syntax.facts import Facts

_HOLDER = re.compile(r"group|namespace|entry_?point|plug_?in|extension|registry", re.IGNORECASE)
"""Names of parameters, attributes, variables and functions that take the name of a group."""
_GROUP = re.compile(r"\w[\w.:-]{2,79}")


def called(facts: Facts, call: ast.Call, name: str, lookups: Collection[str]) -> None:
    """``Registry(group="x")``, ``load_plugins("x")``, ``create("a", "b", entry_points=True)``."""
    if name and _HOLDER.search(name):
        for argument in call.args:
            _value(facts, argument)
    for keyword in call.keywords:
        if keyword.arg is None or not _HOLDER.search(keyword.arg):
            continue
        _value(facts, keyword.value)
        if keyword.arg in lookups and _asks(keyword.value):
            facts.looks_up_entry_points = True


def assigned(facts: Facts, target: ast.expr, value: ast.expr) -> None:
    """``namespace = "x"`` in a class, ``ENTRY_POINT_GROUP = "x"``, ``self.group = "x"``."""
    name = target.id if isinstance(target, ast.Name) else target.attr if isinstance(target, ast.Attribute) else ""
    if name and _HOLDER.search(name):
        _value(facts, value)


def defaults(facts: Facts, arguments: ast.arguments) -> None:
    """``def load(group="x")``."""
    for name, value in _with_defaults(arguments):
        if _HOLDER.search(name):
            _value(facts, value)


def _with_defaults(arguments: ast.arguments) -> Iterator[tuple[str, ast.expr]]:
    positional = [*arguments.posonlyargs, *arguments.args]
    if arguments.defaults:
        for item, value in zip(positional[-len(arguments.defaults) :], arguments.defaults, strict=True):
            yield item.arg, value
    for item, keyword_value in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        if keyword_value is not None:
            yield item.arg, keyword_value


def _asks(value: ast.expr) -> bool:
    """Whether ``entry_points=...`` asks for them: in ``setup`` it declares them, in a mapping or a list."""
    return not isinstance(value, ast.Dict | ast.List) and not (isinstance(value, ast.Constant) and not value.value)


def _value(facts: Facts, value: ast.expr) -> None:
    for item in value.elts if isinstance(value, ast.Tuple | ast.List | ast.Set) else [value]:
        if isinstance(item, ast.Constant) and isinstance(item.value, str) and _GROUP.fullmatch(item.value):
            facts.groups.add(item.value)
