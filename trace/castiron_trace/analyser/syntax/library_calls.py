"""Recognises calls that open shared libraries: those of ctypes and cffi."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import name_of
from castiron_trace.analyser.syntax.name_flow import FUNCTIONS
from castiron_trace.analyser.syntax.nodes import nodes_of
from castiron_trace.analyser.syntax.scan import MAIN_BLOCK, NamedLibrary
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_trace.analyser.syntax.facts import Facts
    from castiron_trace.analyser.syntax.nodes import Tree

LIBRARY_FUNCTIONS = frozenset({"CDLL", "PyDLL", "LoadLibrary", "dlopen", "find_library"})
_FILE = re.compile(r"lib[\w+.-]+\.so(?:\.\d+)*")
_NAME = re.compile(r"[\w+.-]+")
_CATCHING = frozenset({"BaseException", "EnvironmentError", "Exception", "OSError"})
_OTHER_SYSTEMS = (".dll", ".dylib")
_LOADERS_OF_WINDOWS = frozenset({"windll", "oledll"})
"""Of ctypes: elsewhere they do not exist, so a module that uses them is never imported."""


def library_call(facts: Facts, call: ast.Call, name: str, tier: int) -> None:
    """``CDLL("libx.so.1")``; wrappers that take the names for other systems, too, have several arguments."""
    if isinstance(call.func, ast.Attribute) and name_of(call.func.value) in _LOADERS_OF_WINDOWS:
        return
    texts = [
        (argument.lineno, argument.value)
        for argument in _each(call.args)
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
    ]
    needed = call.lineno if tier == Tier.REQUIRED and _fails(call, name) else 0
    for line, text in texts:
        named = _NAME.fullmatch(text) is not None and not text.endswith(_OTHER_SYSTEMS)
        if _FILE.fullmatch(text) or (named and (name == "find_library" or needed)):
            optional = name == "find_library" or tier in {Tier.GUARDED, MAIN_BLOCK + Tier.GUARDED}
            facts.library_calls[NamedLibrary(line, text, needed, optional)] = call


def named_libraries(tree: Tree, facts: Facts) -> tuple[NamedLibrary, ...]:
    """Return what was noted; one that a function tries to open and can do without is optional."""
    return tuple(
        sorted(
            row if row.optional or row.needed_at else row._replace(optional=_goes_on_without(tree, call))
            for row, call in facts.library_calls.items()
        )
    )


def _goes_on_without(tree: Tree, call: ast.Call) -> bool:
    node: ast.AST = call
    parent = tree.parents.get(node)
    while parent is not None and not isinstance(parent, FUNCTIONS):
        if isinstance(parent, ast.Try) and node in parent.body and any(map(_handles, parent.handlers)):
            return True
        node, parent = parent, tree.parents.get(parent)
    return False


def _handles(handler: ast.ExceptHandler) -> bool:
    """Say whether a handler catches what a failed opening raises, and raises nothing itself."""
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    catches = any(kind is None or name_of(kind) in _CATCHING for kind in kinds)
    return catches and not any(isinstance(node, ast.Raise) for item in handler.body for node in nodes_of(item))


def _fails(call: ast.Call, name: str) -> bool:
    """Say whether the call raises if there is none of the libraries: as far as its arguments tell."""
    if name == "find_library" or any(isinstance(item, ast.Starred | ast.Call | ast.JoinedStr) for item in call.args):
        return False
    # A wrapper's keyword may say that it need not be there.
    return name_of(call.func) == name or not call.keywords


def _each(arguments: Iterable[ast.expr]) -> Iterator[ast.expr]:
    """Yield the arguments, and the items of those that are literal sequences."""
    for argument in arguments:
        if isinstance(argument, ast.Tuple | ast.List):
            yield from argument.elts
        else:
            yield argument
