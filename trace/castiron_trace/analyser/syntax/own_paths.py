"""Reads which files the application's own code finds by its own place, by patterns, and in the current folder.

A path that is computed from ``__file__`` is followed through names, joins and parents as far as literals go; whatever a
run computes is ``*`` in it.  So is one from ``importlib.resources.files(package)``, which begins with ``{package}``.
"""

from __future__ import annotations

import ast
import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import dotted_name, keyword_argument, name_of
from castiron_trace.analyser.syntax.own_writes import own_writes
from castiron_trace.analyser.syntax.scan import Literal

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from castiron_trace.hints.model import FileFunction, WriteFunction

_SAME_PATH = frozenset(
    {"Path", "PurePath", "PosixPath", "PurePosixPath", "abspath", "realpath", "normpath", "str", "fspath", "resolve",
     "absolute", "as_file", "as_posix", "expanduser", "expandvars", "normcase"}
)  # fmt: skip
"""Functions that return the path that they are given, and methods that return their object's."""
_JOINS = frozenset({"join", "joinpath", "Path", "PurePath"})
_OPENERS: dict[str, frozenset[str]] = {
    "open": frozenset({"", "io", "codecs", "os", "gzip", "bz2", "lzma"}),
    "listdir": frozenset({"os"}),
    "scandir": frozenset({"os"}),
    "connect": frozenset({"sqlite3"}),
    "fileConfig": frozenset({"", "config"}),
}
"""Functions of the standard library whose first argument, if it is a relative path, means a file of the current folder,
and what stands before the dot (nothing: empty).  Hints add others."""
_PATH_READS = frozenset({"open", "read_text", "read_bytes", "iterdir", "glob", "rglob"})
"""Methods of `pathlib.Path` that look at the file."""
_RESOURCES = ("importlib.resources", "importlib_resources")
"""Modules with ``files``, whose argument is a package or its name."""
_WRITES = re.compile(r"[wax]")
_FORMAT = re.compile(r"%\(?[\w]*\)?[-#0 +]*\d*(?:\.\d+)?[sdifrx]|\{[^{}]*\}")
_LONGEST = 200
_ROUNDS = 3
"""How often names are looked at again that are made of other names."""


@dataclass(frozen=True, slots=True)
class OwnPaths:
    """What one source of the application says about files."""

    paths: tuple[Literal, ...]
    """Computed from ``__file__``: relative to the source's folder, normalised, with ``*`` for what a run computes."""
    patterns: tuple[Literal, ...]
    """Strings that are made of literals and of what a run computes (``*``)."""
    opened: tuple[Literal, ...]
    """Relative names that are used for nothing but to open a file of the current folder, to read it."""
    written: tuple[str, ...]
    """Relative names that are opened to be written."""
    changed: tuple[Literal, ...]
    """Like ``paths``: what is changed, made or removed there."""
    databases: tuple[Literal, ...]
    """Like ``paths``: databases that are opened there, perhaps only to be read."""
    placed: tuple[Literal, ...]
    """Attributes that name a folder at the code's own place, as hints say, and below which something is changed."""
    changes_folder: bool
    """Whether the current folder is changed (``os.chdir``)."""


@dataclass(slots=True)
class PathReader:
    """Reads paths that begin at one place."""

    names: dict[str, str] = field(default_factory=dict)
    """Name of a variable or an attribute -> the path that it stands for."""
    begins: str = "__file__"
    """What a path begins with: the source's own name, or ``sys.argv[0]``, by which the program was started."""
    modules: Mapping[str, str] = field(default_factory=dict)
    """Name -> what an import statement binds it to: a dotted name, with leading dots if it is relative."""

    def path(self, node: ast.AST | None, depth: int = 0) -> str | None:
        """Return a path relative to the source's folder; ``None`` for whatever is none that begins at ``__file__``."""
        if node is None or depth > _LONGEST:
            return None
        below = depth + 1
        if isinstance(node, ast.Name):
            return _SOURCE if node.id == self.begins else self.names.get(node.id)
        if isinstance(node, ast.Attribute):
            if node.attr == "parent":
                return _up(self.path(node.value, below), 1)
            return self.names.get(node.attr)
        if isinstance(node, ast.Subscript):
            started = self.begins == STARTED and self.dotted(node.value) == "sys.argv" and _is_first(node.slice)
            return _SOURCE if started else self._parents(node, below)
        if isinstance(node, ast.BinOp):
            left = self.path(node.left, below)
            if isinstance(node.op, ast.Div):
                return _joined(left, [node.right])
            return _appended(left, [node.right]) if isinstance(node.op, ast.Add) else None
        if isinstance(node, ast.JoinedStr):
            first = node.values[0] if node.values else None
            start = self.path(first.value, below) if isinstance(first, ast.FormattedValue) else None
            return _appended(start, node.values[1:])
        return self._call(node, below) if isinstance(node, ast.Call) else None

    def _parents(self, node: ast.Subscript, depth: int) -> str | None:
        """``Path(__file__).parents[n]``."""
        if not (isinstance(node.value, ast.Attribute) and node.value.attr == "parents"):
            return None
        index = node.slice
        if not (isinstance(index, ast.Constant) and isinstance(index.value, int) and index.value >= 0):
            return None
        return _up(self.path(node.value.value, depth), index.value + 1)

    def _call(self, node: ast.Call, depth: int) -> str | None:
        name = name_of(node.func)
        subject = node.func.value if isinstance(node.func, ast.Attribute) else None
        if name == "dirname" and node.args:
            return _up(self.path(node.args[0], depth), 1)
        start = self.path(subject, depth)
        if start is not None:
            if name == "with_name":
                return _joined(_up(start, 1), node.args)
            if name in {"glob", "rglob", "joinpath"}:
                return _joined(start, node.args)
            return start if name in _SAME_PATH else None
        if name == "files" and self.dotted(node.func) in {f"{module}.files" for module in _RESOURCES}:
            return self._package(node.args[0] if node.args else keyword_argument(node, "anchor"))
        if not node.args:
            return None
        start = self.path(node.args[0], depth)
        if name in _JOINS:
            return _joined(start, node.args[1:])
        return start if name in _SAME_PATH else None

    def dotted(self, node: ast.expr) -> str:
        """Return what a name means, by the import statements of the source."""
        root, dot, rest = dotted_name(node).partition(".")
        return self.modules.get(root, root) + dot + rest

    def _package(self, anchor: ast.expr | None) -> str | None:
        """Return the folder of the package that ``files`` is given: of the source's own one by default."""
        if anchor is None or dotted_name(anchor) in {"__name__", "__package__", "__spec__.parent"}:
            return "."
        if isinstance(anchor, ast.Constant):
            package = anchor.value if isinstance(anchor.value, str) else ""
        else:
            package = self.dotted(anchor) if dotted_name(anchor).partition(".")[0] in self.modules else ""
        relative = package.lstrip(".")
        if relative != package:
            return posixpath.normpath(
                "/".join([".", *[".."] * (len(package) - len(relative) - 1), *relative.split(".")])
            )
        return f"{{{package}}}" if package else None


def _is_first(index: ast.expr) -> bool:
    return isinstance(index, ast.Constant) and index.value == 0


STARTED = "sys.argv[0]"
_SOURCE = "__file__"
"""The source itself; its parent is the source's folder."""


def _up(path: str | None, levels: int) -> str | None:
    return None if path is None else _normal(path, *[".."] * levels)


def _normal(start: str, *parts: str) -> str | None:
    """Return the normalised path; None if it leaves the package that it begins with."""
    path = posixpath.normpath(posixpath.join(start, *parts))
    return None if start.startswith("{") and not path.startswith("{") else path


def _text(node: ast.AST) -> str:
    """Return the text of a literal, with ``*`` for what only a run knows."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(map(_text, node.values))
    return "*"


def _joined(start: str | None, parts: Iterable[ast.AST]) -> str | None:
    texts = [".." if name_of(part) == "pardir" else _text(part) for part in parts]
    if start is None or any(text.startswith("/") for text in texts):
        return None
    return _normal(start, *texts)


def _appended(start: str | None, parts: Iterable[ast.AST]) -> str | None:
    """``BASE + "/x"``, ``f"{BASE}/x"``."""
    text = "".join(map(_text, parts))
    if start is None or not text.startswith("/"):
        return None
    return _normal(start, text.lstrip("/"))


def openers(hints: Iterable[FileFunction]) -> Mapping[str, Collection[str]]:
    """Return the functions that open a file of the current folder, and what each may follow; the hints' as well."""
    found: dict[str, set[str]] = {name: set(before) for name, before in _OPENERS.items()}
    for hint in hints:
        for name in hint.names:
            found.setdefault(name, set()).update(hint.modules, [""] if hint.imported_by_name else [])
    return found


def path_reader(
    nodes: Collection[ast.AST], begins: str = "__file__", names: Mapping[str, str] | None = None
) -> PathReader:
    """Return what reads the paths of a source, with the names that stand for some; ``nodes`` are all of the source.

    ``names`` are further ones, whatever the source assigns to them.
    """
    reader = PathReader(names=dict(names or {}), begins=begins, modules=dict(_imported(nodes)))
    for _round in range(_ROUNDS):
        before = len(reader.names)
        for name, value in _assignments(nodes):
            if name not in reader.names and (path := reader.path(value)) is not None:
                reader.names[name] = path
        if len(reader.names) == before:
            break
    return reader


def own_paths(
    tree: ast.AST,
    functions: Mapping[str, Collection[str]],
    writers: Collection[WriteFunction] = (),
    places: Collection[str] = (),
) -> OwnPaths:
    """Return what the source of an own module says about files.

    ``functions`` are those of `openers`, ``writers`` further ones that write, ``places`` attributes that name a folder
    at the code's own place.
    """
    nodes = list(ast.walk(tree))
    reader = path_reader(nodes)
    paths: set[Literal] = set()
    for node in nodes:
        if isinstance(node, ast.BinOp | ast.Call | ast.JoinedStr):
            path = reader.path(node)
            # Not the folder itself and its parents, which everything is below.
            if path is not None and path.strip("./*") and path != _SOURCE and not path.endswith("}"):
                paths.add(Literal(path, node.lineno))
    opened, written, changes_folder = _opened(nodes, functions)
    changed, databases = own_writes(nodes, reader.path, reader.dotted, writers)
    for function, inner in _handed(nodes, reader):
        more, others = own_writes(function, inner.path, inner.dotted, writers)
        changed |= more
        databases |= others
    return OwnPaths(
        paths=tuple(sorted(paths)),
        patterns=tuple(sorted(_patterns(nodes))),
        opened=tuple(sorted(opened)),
        written=tuple(sorted(written)),
        changed=tuple(sorted(changed)),
        databases=tuple(sorted(databases)),
        placed=tuple(sorted(_placed(nodes, writers, places))),
        changes_folder=changes_folder,
    )


def _handed(nodes: Iterable[ast.AST], reader: PathReader) -> Iterator[tuple[list[ast.AST], PathReader]]:
    """Yield what lies in functions that the source calls with paths of its own, and what reads paths there."""
    functions = {node.name: node for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    given: dict[str, dict[str, str]] = {}
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in functions:
            names = [item.arg for item in functions[node.func.id].args.args]
            values = [*zip(names, node.args, strict=False), *((item.arg, item.value) for item in node.keywords)]
            for name, value in values:
                if name in names and (path := reader.path(value)) is not None:
                    given.setdefault(node.func.id, {})[name] = path
    for name, paths in given.items():
        inside = list(ast.walk(functions[name]))
        inner = path_reader(inside, names={**reader.names, **paths})
        inner.modules = {**reader.modules, **inner.modules}
        yield inside, inner


def _placed(
    nodes: Collection[ast.AST], writers: Collection[WriteFunction], places: Collection[str]
) -> Iterator[Literal]:
    """Yield the attributes below which something is changed, unless the source itself says what folder they name."""
    used = {node.attr for node in nodes if isinstance(node, ast.Attribute) and node.attr in places}
    for attribute in sorted(used.difference(node.arg or "" for node in nodes if isinstance(node, ast.keyword))):
        reader = path_reader(nodes, begins="", names={attribute: attribute})
        for changes in own_writes(nodes, reader.path, reader.dotted, writers):
            yield from (Literal(attribute, line) for _path, line in changes)


def _imported(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, str]]:
    for node in nodes:
        if isinstance(node, ast.Import):
            for alias in node.names:
                top = alias.name.partition(".")[0]
                yield alias.asname or top, alias.name if alias.asname else top
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield alias.asname or alias.name, "." * node.level + ".".join(filter(None, (node.module, alias.name)))


def _assignments(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.expr]]:
    for node in nodes:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                if name := name_of(target):
                    yield name, node.value
        elif (
            isinstance(node, ast.AnnAssign | ast.NamedExpr)
            and node.value is not None
            and (name := name_of(node.target))
        ):
            yield name, node.value
        elif isinstance(node, ast.withitem) and (name := name_of(node.optional_vars)):
            yield name, node.context_expr


def _patterns(nodes: Iterable[ast.AST]) -> Iterator[Literal]:
    for node in nodes:
        text = ""
        if isinstance(node, ast.JoinedStr):
            text = _text(node)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _FORMAT.search(node.value):
            text = _FORMAT.sub("*", node.value)
        if "*" in text and len(text) <= _LONGEST and "\n" not in text and text.strip("*./"):
            yield Literal(text, node.lineno)  # type: ignore[attr-defined]


def _opened(nodes: Iterable[ast.AST], functions: Mapping[str, Collection[str]]) -> tuple[set[Literal], set[str], bool]:
    """Return what is only read from the current folder, what is written there, and whether that folder is changed."""
    read: dict[str, int] = {}
    written: set[str] = set()
    uses: dict[str, int] = {}
    opens: dict[str, int] = {}
    changes_folder = False
    for node in nodes:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            uses[node.value] = uses.get(node.value, 0) + 1
        elif isinstance(node, ast.Call):
            changes_folder = changes_folder or name_of(node.func) in {"chdir", "fchdir"}
            text, mode = _opened_name(node, functions)
            if text is None:
                continue
            opens[text] = opens.get(text, 0) + 1
            if isinstance(mode, ast.Constant) and isinstance(mode.value, str) and _WRITES.search(mode.value):
                written.add(text)
            else:
                read.setdefault(text, node.lineno)
    only = {Literal(text, line) for text, line in read.items() if uses[text] == opens[text] and _is_relative(text)}
    return only, {text for text in written if _is_relative(text)}, changes_folder


def _opened_name(call: ast.Call, functions: Mapping[str, Collection[str]]) -> tuple[str | None, ast.expr | None]:
    """Return the literal name that a call opens in the current folder, and the mode that is given."""
    mode = keyword_argument(call, "mode")
    subject = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = name_of(call.func)
    if isinstance(subject, ast.Call) and name_of(subject.func) == "Path" and name in _PATH_READS:
        if len(subject.args) == 1:
            return _literal(subject.args[0]), mode or (call.args[0] if call.args and name == "open" else None)
    elif (
        call.args
        and (subject is None or isinstance(subject, ast.Name | ast.Attribute))
        and name_of(subject) in functions.get(name, ())
    ):
        return _literal(call.args[0]), mode or (call.args[1] if len(call.args) > 1 and name == "open" else None)
    return None, None


def _literal(node: ast.AST) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def _is_relative(text: str) -> bool:
    return bool(text.strip("./")) and not text.startswith(("/", "~")) and "://" not in text and "\n" not in text
