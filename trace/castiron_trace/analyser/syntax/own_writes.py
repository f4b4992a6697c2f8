"""Finds calls by which the application's own code changes files at its own place, which an executable cannot have.

The tables name functions of the standard library, hints those of distributions; what they are given is followed by
`own_paths`.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import keyword_argument, name_of
from castiron_trace.analyser.syntax.scan import Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator

    from castiron_trace.hints.model import WriteFunction

_MODES = re.compile(r"[wax+]")
_SQLITE = re.compile(r"sqlite(\+\w+)?://")
_ENGINE = re.compile(r"\.sqlite3?$")
"""The end of the dotted name of a module that speaks to SQLite."""
_OPENERS = frozenset({"", "io", "codecs", "os", "gzip", "bz2", "lzma", "tarfile"})
"""What stands before the dot of an ``open`` whose second argument is the mode (nothing: empty)."""
_FIRST: dict[str, frozenset[str]] = {
    name: frozenset({"os"})
    for name in ("mkdir", "makedirs", "remove", "removedirs", "rename", "rmdir", "truncate", "unlink")
} | {
    "replace": frozenset({"os"}),
    "rmtree": frozenset({"", "shutil"}),
    "move": frozenset({"shutil"}),
    **{
        name: frozenset({"", "logging", "handlers"})
        for name in ("FileHandler", "RotatingFileHandler", "TimedRotatingFileHandler", "WatchedFileHandler")
    },
}
"""Functions whose first argument is changed, and what stands before the dot."""
_SECOND: dict[str, frozenset[str]] = {
    **{name: frozenset({"", "shutil"}) for name in ("copyfile", "copy2", "copytree")},
    **{name: frozenset({"shutil"}) for name in ("copy", "move")},
    **{name: frozenset({"os"}) for name in ("link", "rename", "replace", "symlink")},
}
"""Functions whose second argument is made."""
_METHODS = frozenset(
    {"hardlink_to", "mkdir", "rename", "rmdir", "symlink_to", "touch", "unlink", "write_bytes", "write_text"}
)
"""Methods of `pathlib.Path` that change what it names."""
_DATABASES: dict[str, frozenset[str]] = {"connect": frozenset({"sqlite3"}), "open": frozenset({"shelve"})}
"""Functions that make a file if there is none, and often only read one that is there."""


def own_writes(
    nodes: Iterable[ast.AST],
    path_of: Callable[[ast.AST | None], str | None],
    dotted: Callable[[ast.expr], str] = name_of,
    functions: Collection[WriteFunction] = (),
) -> tuple[set[Literal], set[Literal]]:
    """Return what is changed at the code's own place, and the databases that are opened there.

    ``path_of`` returns the path that an expression stands for, relative to the source's folder, or None; ``functions``
    are further ones that write, and ``dotted`` returns the name that imports give an expression.
    """
    changed: set[Literal] = set()
    databases: set[Literal] = set()
    for node in nodes:
        for address in _sqlite(node):
            if path := path_of(address):
                databases.add(Literal(path, address.lineno))
        if isinstance(node, ast.Call):
            for hint, target in _given(node, dotted, functions):
                if path := path_of(target):
                    (databases if hint.reads else changed).add(Literal(path, node.lineno))
            changed.update(Literal(path, node.lineno) for target in _changed(node) if (path := path_of(target)))
            databases.update(Literal(path, node.lineno) for target in _database(node) if (path := path_of(target)))
    return changed, databases


def _changed(call: ast.Call) -> Iterator[ast.expr]:
    name = name_of(call.func)
    subject = call.func.value if isinstance(call.func, ast.Attribute) else None
    before = name_of(subject)
    arguments = call.args
    if name == "open":
        is_function = before in _OPENERS and isinstance(subject, ast.Name | ast.Attribute | None)
        mode = keyword_argument(call, "mode") or next(iter(arguments[1:2] if is_function else arguments[:1]), None)
        if isinstance(mode, ast.Constant) and isinstance(mode.value, str) and _MODES.search(mode.value):
            yield from arguments[:1] if is_function else filter(None, [subject])
        return
    if name in _METHODS and subject is not None:
        yield subject
    if before in _FIRST.get(name, ()):
        yield from arguments[:1]
    if before in _SECOND.get(name, ()):
        yield from arguments[1:2]
    if name == "basicConfig" and (log := keyword_argument(call, "filename")) is not None:
        yield log


def _database(call: ast.Call) -> Iterator[ast.expr]:
    subject = call.func.value if isinstance(call.func, ast.Attribute) else None
    if name_of(subject) in _DATABASES.get(name_of(call.func), ()):
        yield from call.args[:1]


def _given(
    call: ast.Call, dotted: Callable[[ast.expr], str], functions: Collection[WriteFunction]
) -> Iterator[tuple[WriteFunction, ast.expr]]:
    name = dotted(call.func)
    for hint in functions:
        if name in hint.calls:
            target = keyword_argument(call, hint.keyword) if hint.keyword else next(iter(call.args), None)
            if target is not None:
                yield hint, target


def _sqlite(node: ast.AST) -> Iterator[ast.expr]:
    """Yield the paths of databases of SQLite that settings name.

    Addresses: ``f"sqlite:///{HERE}/x.db"``, and such with ``+``, ``%``, ``format``.  Tables:
    ``{"ENGINE": "django.db.backends.sqlite3", "NAME": HERE / "x.db"}``, also with the path one table further down.
    """
    if isinstance(node, ast.JoinedStr) and node.values and _is_sqlite(node.values[0]):
        yield ast.copy_location(ast.JoinedStr(values=node.values[1:]), node)
    elif isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Mod) and _is_sqlite(node.left):
        yield node.right
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        yield from node.args[:1] if _is_sqlite(node.func.value) else ()
    elif isinstance(node, ast.Dict) and any(_is_engine(value) for value in node.values):
        for value in node.values:
            yield from value.values if isinstance(value, ast.Dict) else [value]


def _is_engine(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _ENGINE.search(node.value) is not None


def _is_sqlite(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str) and _SQLITE.match(node.value) is not None
