"""Finds where a program runs code that is not part of it: plug-ins from a folder, scripts, what a person types.

Such code imports what it likes, so a program that runs any needs the whole standard library.
"""

from __future__ import annotations

import ast
import itertools
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import name_of
from castiron_trace.analyser.syntax.scan import OutsideCode

if TYPE_CHECKING:
    from collections.abc import Iterator

_CALLS = frozenset({"SourceFileLoader", "load_source", "run_path", "spec_from_file_location"})
"""Run a file of Python that their argument names."""
_PROMPTS = frozenset({"InteractiveConsole", "InteractiveInterpreter"})
_ADDS = frozenset({"append", "extend", "insert"})
OUTSIDE_PATH = "sys.path with folders from outside"
_READS = frozenset({"open", "open_code", "read", "read_bytes", "read_text"})
_OUTSIDE = frozenset({"cwd", "getcwd", "expanduser", "environ", "getenv"})
_PLAIN_OPTION = re.compile("-[bBdEiIOPqRsSuvx]*")
"""An option of ``python`` behind which a program on standard input may follow; ``-`` itself, too."""
_OWN = frozenset({"__file__", "__path__", "__spec__"})
_WORDS = tuple(
    word.encode()
    for word in sorted({*_CALLS, *_PROMPTS, "addsitedir", "code.interact", "exec(", "sys.executable", "sys.path"})
)


def outside_code(source: bytes, tree: ast.AST) -> list[OutsideCode]:
    """Return each such place, sorted.  ``tree`` is the syntax tree of ``source``."""
    if not any(word in source for word in _WORDS):
        return []
    own_folder = any(isinstance(node, ast.Name) and node.id in _OWN for node in ast.walk(tree))
    return sorted({place for node in ast.walk(tree) for place in _of_node(node, own_folder=own_folder)})


def _of_node(node: ast.AST, *, own_folder: bool) -> Iterator[OutsideCode]:
    if isinstance(node, ast.Call):
        yield from _of_call(node, own_folder=own_folder)
    elif isinstance(node, ast.Assign):
        targets = (target.value for target in node.targets if isinstance(target, ast.Subscript))
        if not own_folder and any(_is_attribute(target, "path") for target in targets):  # sys.path[:0] = ...
            yield OutsideCode(node.lineno, OUTSIDE_PATH)
    elif isinstance(node, ast.List | ast.Tuple):
        for program, script in itertools.pairwise(node.elts):  # [sys.executable, script, ...]
            if _is_attribute(program, "executable") and not (
                isinstance(script, ast.Constant | ast.Starred) or _is_own(script)
            ):
                yield OutsideCode(node.lineno, "a script run by sys.executable")
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        called = {name_of(inner.func): inner.lineno for inner in ast.walk(node) if isinstance(inner, ast.Call)}
        if "exec" in called and called.keys() & _READS:
            yield OutsideCode(called["exec"], "exec of a file")


def _of_call(node: ast.Call, *, own_folder: bool) -> Iterator[OutsideCode]:
    name = name_of(node.func)
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if name in _CALLS and not _is_own(node):
        yield OutsideCode(node.lineno, name)
    elif name in _PROMPTS or (name == "interact" and name_of(owner) == "code"):
        yield OutsideCode(node.lineno, "a prompt for Python")
    elif _reads_program(_command(node)) and _gives_input(node):
        yield OutsideCode(node.lineno, "a program given to sys.executable on standard input")
    elif name == "addsitedir" or (name in _ADDS and owner is not None and _is_attribute(owner, "path")):
        constant = all(isinstance(argument, ast.Constant) for argument in node.args)
        if _names(node) & _OUTSIDE or not (own_folder or constant):
            yield OutsideCode(node.lineno, OUTSIDE_PATH)


def _command(call: ast.Call) -> list[ast.expr]:
    """Return what a call may start: the items of its first argument, or its arguments."""
    first = call.args[0] if call.args else None
    return first.elts if isinstance(first, ast.List | ast.Tuple) else call.args


def _reads_program(command: list[ast.expr]) -> bool:
    """Say whether a command is ``[sys.executable, OPTION, ..., "-"]``, with neither a script nor ``-c`` nor ``-m``."""
    if not command or not _is_attribute(command[0], "executable"):
        return False
    options = [item.value if isinstance(item, ast.Constant) else None for item in command[1:]]
    return all(isinstance(text, str) and _PLAIN_OPTION.fullmatch(text) for text in options)


def _gives_input(call: ast.Call) -> bool:
    """Say whether a call gives a standard input whose text the code does not show."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    text, stream = given.get("input"), given.get("stdin")
    return (text is not None and not isinstance(text, ast.Constant)) or (
        stream is not None and not isinstance(stream, ast.Constant) and name_of(stream) != "DEVNULL"
    )


def _is_attribute(node: ast.AST, name: str) -> bool:
    """Say whether an expression is ``sys.NAME``."""
    return isinstance(node, ast.Attribute) and node.attr == name and name_of(node.value) == "sys"


def _is_own(node: ast.AST) -> bool:
    """Say whether an expression names a file beside the module that it is in."""
    return bool(_names(node) & _OWN)


def _names(node: ast.AST) -> set[str]:
    return {name_of(inner) for inner in ast.walk(node) if isinstance(inner, ast.Name | ast.Attribute)}
