"""Our own pass over a syntax tree: every import with its tier and line, and the other facts that decide what goes in.

modulegraph2 knows neither tiers nor lines, takes ``TYPE_CHECKING`` for an ordinary condition and does not follow
``importlib.import_module("x")``; see DESIGN.md.  The result is plain data, because it is kept in the scan cache.
"""

from __future__ import annotations

import ast
import itertools
import re
import sys
from typing import TYPE_CHECKING, Any

from castiron_trace.analyser.conditional import MENTIONS
from castiron_trace.analyser.conditions import Conditions
from castiron_trace.analyser.expressions import (
    MODULE_NAME,
    is_main_test,
    keyword_argument,
    literal_module,
    name_of,
    name_prefix,
    package_argument,
)
from castiron_trace.analyser.named_encodings import encodings
from castiron_trace.analyser.outside_code import outside_code
from castiron_trace.analyser.scan import MAIN_BLOCK, NAME_PLACEHOLDER, Scan, unreadable_scan
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from castiron_trace.hints.model import SourceHints

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.\w+)+(?::[\w.]*)?")
_ENTRY_POINT = re.compile(r"[\w.-]+\s*=\s*([^\W\d]\w*(?:\.\w+)*:[\w.]+)")
_COMMAND_LINE = re.compile(r"\s*-m\s+([^\W\d]\w*(?:\.\w+)*)(?![\w.=-])")
_STEM = re.compile(r"[^\W\d][\w-]+\.(?:[\w-]+\.)*")
_LONGEST_LITERAL = 200

_RESOURCE_OWNERS = frozenset({"resources", "importlib_resources", "pkgutil", "pkg_resources"})
_RESOURCE_CALLS = frozenset(
    {
        "files",
        "open_text",
        "open_binary",
        "read_text",
        "read_binary",
        "path",
        "contents",
        "is_resource",
        "get_data",
        "resource_filename",
        "resource_string",
        "resource_stream",
        "resource_exists",
        "resource_listdir",
    }
)
_BARE_RESOURCE_CALLS = frozenset({"files", "get_data", "resource_filename", "resource_string", "PackageLoader"})
_WALKS = frozenset({"iter_modules", "walk_packages", "spec_from_file_location", "find_modules"})
_IMPORT_HELPERS = frozenset(
    {
        "import_by_path",
        "import_class",
        "import_file",
        "import_from_string",
        "import_item",
        "import_object",
        "import_string",
        "load_module",
        "load_module_from_file",
        "load_module_from_modpath",
        "load_module_from_name",
        "load_object",
        "load_source",
        "resolve_name",
        "symbol_by_name",
    }
)
"""Functions of that name import what their argument names, whoever wrote them."""
_ENTRY_POINT_NAMES = frozenset(
    {
        "entry_points",
        "iter_entry_points",
        "load_entry_point",
        "get_entry_info",
        "get_entry_map",
        "EntryPoint",
        "EntryPoints",
    }
)
_LIBRARY_CALLS = frozenset({"CDLL", "PyDLL", "LoadLibrary", "dlopen", "find_library"})
_LIBRARY_FILE = re.compile(r"lib[\w+.-]+\.so(?:\.\d+)*")
_LIBRARY_NAME = re.compile(r"[\w+.-]+")


def scan_source(source: bytes, *, own: bool, hints: SourceHints) -> Scan:
    """Scan one file; ``own`` collects all short strings, for the application's own code."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        return unreadable_scan(getattr(error, "lineno", None) or 0, getattr(error, "msg", None) or str(error))
    except (RecursionError, MemoryError):
        return unreadable_scan(0, "nested too deeply to parse")
    scanner = _Scanner(own=own, hints=hints)
    scanner.run(tree)
    scanner.look_at_characters(source)
    return scanner.result(outside_code(source, tree))


def defined_names(source: bytes) -> tuple[set[str], bool]:
    """Return the names a module binds at its top level, and whether there may be more (``*``, ``__getattr__``)."""
    names: set[str] = set()
    todo: list[ast.AST] = list(ast.parse(source).body)
    while todo:
        node = todo.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Import | ast.ImportFrom):
            names.update(alias.asname or alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
        elif not isinstance(node, ast.Lambda):
            todo.extend(ast.iter_child_nodes(node))
    return names, "*" in names or "__getattr__" in names


class _Scanner:
    """Walks with an explicit stack: generated sources nest deeper than Python recurses."""

    def __init__(self, *, own: bool, hints: SourceHints) -> None:
        self._own = own
        self._hints = hints
        self._conditions = Conditions({constant.name: constant.value for constant in hints.constants})
        self._entry_point_names = _ENTRY_POINT_NAMES.union(*(hint.names for hint in hints.entry_point_lookups))
        self._imports: dict[tuple[str, int, tuple[str, ...] | None], tuple[int, int]] = {}
        self._computed: set[tuple[int, str, str]] = set()
        self._strings: dict[str, int] = {}
        self._libraries: set[tuple[int, str]] = set()
        self._codecs: set[str] = set()
        self._dynamic_codec = False
        self._extends_path = False
        self._uses_entry_points = False
        self._mentions: set[str] = set()

    def result(self, outside: list[list[Any]]) -> Scan:
        dotted = [(text, line) for text, line in self._strings.items() if _DOTTED.fullmatch(text)]
        # An entry point as EntryPoint.parse takes it: ``name = package.module:attribute``.
        points = ((_ENTRY_POINT.fullmatch(text), line) for text, line in self._strings.items() if ":" in text)
        dotted.extend((found[1], line) for found, line in points if found)
        # ``class: logging.handlers.SMTPHandler`` in a configuration mentions the handler as code would.
        self._mentions.update(MENTIONS.intersection(text.rpartition(".")[2] for text, _line in dotted))
        short = sorted(text for text in self._strings if len(text) <= 80 and " " not in text)
        return Scan(
            imports=sorted(
                (
                    [module, level, None if names is None else list(names), tier, line]
                    for (module, level, names), (tier, line) in self._imports.items()
                ),
                key=lambda item: (item[4], item[0], item[1], item[2] or []),
            ),
            computed=sorted(list(item) for item in self._computed),
            dotted=sorted([text, line] for text, line in dotted),
            strings=sorted([text, line] for text, line in self._strings.items()) if self._own else [],
            entry_points=short if self._uses_entry_points else None,
            stems=sorted(text for text in self._strings if _STEM.fullmatch(text)),
            scripts=sorted(text for text in self._strings if text.endswith(".py") and " " not in text),
            libraries=sorted(list(item) for item in self._libraries),
            codecs=sorted(self._codecs),
            dynamic_codec=self._dynamic_codec,
            outside_code=outside,
            extends_path=self._extends_path,
            mentions=sorted(self._mentions),
            error=None,
        )

    def look_at_characters(self, source: bytes) -> None:
        """Note what the syntax tree does not show; see `castiron_trace.analyser.conditional`."""
        if not source.isascii():
            self._mentions.add("@non_ascii")
        if b"\\N{" in source:
            self._mentions.add("@named_character")

    def run(self, tree: ast.AST) -> None:
        stack: list[tuple[ast.AST, int]] = [(tree, Tier.REQUIRED)]
        while stack:
            node, tier = stack.pop()
            kind = node.__class__
            if kind is ast.Constant:
                self._constant(node)  # type: ignore[arg-type]
            elif kind is ast.Name or kind is ast.Attribute:
                name = node.id if kind is ast.Name else node.attr  # type: ignore[attr-defined]
                if name in MENTIONS:
                    self._mentions.add(name)
                elif name in self._entry_point_names:
                    self._uses_entry_points = True
                if kind is ast.Attribute:
                    stack.append((node.value, tier))  # type: ignore[attr-defined]
            elif kind in _SPECIAL:
                _SPECIAL[kind](self, node, tier, stack)
            else:
                for name in node._fields:
                    value = getattr(node, name)
                    if isinstance(value, list):
                        stack.extend((item, tier) for item in value if isinstance(item, ast.AST))
                    elif isinstance(value, ast.AST):
                        stack.append((value, tier))

    # Statements -----------------------------------------------------------------------------------------------------

    def _import(self, node: ast.Import, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        del stack
        for alias in node.names:
            self._add(alias.name, 0, None, tier, node.lineno)

    def _import_from(self, node: ast.ImportFrom, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        del stack
        self._add(node.module or "", node.level, tuple(sorted(a.name for a in node.names)), tier, node.lineno)

    def _if(self, node: ast.If, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.append((node.test, tier))
        value = self._conditions.decided(node.test)
        body = else_ = max(tier, Tier.GUARDED)
        if is_main_test(node.test):
            body, else_ = MAIN_BLOCK, tier
        elif value is not None:
            body = else_ = tier
        if value is not False:
            stack.extend((item, body) for item in node.body)
        if value is not True:
            stack.extend((item, else_) for item in node.orelse)

    def _try(self, node: ast.Try, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        inner = max(tier, Tier.GUARDED) if node.handlers else tier
        for part in (node.body, node.handlers, node.orelse):
            stack.extend((item, inner) for item in part)
        stack.extend((item, tier) for item in node.finalbody)

    def _with(self, node: ast.With, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        inner = tier
        for item in node.items:
            stack.append((item, tier))
            call = item.context_expr
            if isinstance(call, ast.Call) and name_of(call.func) in {"suppress", "raises"}:
                inner = max(tier, Tier.GUARDED)
        stack.extend((item, inner) for item in node.body)

    def _match(self, node: ast.Match, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.append((node.subject, tier))
        stack.extend((case, max(tier, Tier.GUARDED)) for case in node.cases)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, tier: int, stack: list[tuple[ast.AST, int]]
    ) -> None:
        self._type_params(node)
        # Decorators and defaults run with the definition; annotations are for type checkers.
        outside = [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
        stack.extend((item, tier) for item in outside)
        stack.extend((item, max(tier, Tier.LAZY)) for item in node.body)

    def _class(self, node: ast.ClassDef, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        self._type_params(node)
        for part in (node.decorator_list, node.bases, node.keywords, node.body):
            stack.extend((item, tier) for item in part)

    def _type_params(self, node: ast.AST) -> None:
        if getattr(node, "type_params", None):  # PEP 695: the interpreter imports typing
            self._mentions.add("@type_params")

    def _type_alias(self, node: ast.AST, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        del node, tier, stack  # its value is evaluated when somebody asks for it, which is a type checker
        self._mentions.add("@type_params")

    def _lambda(self, node: ast.Lambda, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.append((node.body, max(tier, Tier.LAZY)))

    def _annotated(self, node: ast.AnnAssign, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        if node.value is not None:
            stack.append((node.value, tier))

    def _expression(self, node: ast.Expr, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring names modules without importing them
            stack.append((node.value, tier))

    def _sequence(self, node: ast.List | ast.Tuple, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        self._own_commands(node.elts, tier)
        stack.extend((item, tier) for item in node.elts)

    def _own_commands(self, items: list[ast.expr], tier: int) -> None:
        """``sys.executable, "-m", "package"``: a program that starts itself as Python."""
        for flag, module in itertools.pairwise(items):
            if isinstance(flag, ast.Constant) and flag.value == "-m" and (name := literal_module(module)):
                self._add(name, 0, ("__main__",), max(tier, Tier.LAZY), flag.lineno)
            elif isinstance(flag, ast.Constant) and flag.value == "-c" and isinstance(module, ast.Constant):
                self._code(module, tier)

    def _code(self, node: ast.Constant, tier: int) -> None:
        """``-c "import x"``: the code that such a program is given."""
        if not isinstance(node.value, str):
            return
        for name, level, names, _tier, _line in scan_source(node.value.encode(), own=False, hints=self._hints)[
            "imports"
        ]:
            if not level:
                self._add(name, 0, None if names is None else tuple(names), max(tier, Tier.LAZY), node.lineno)

    # Expressions ----------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.append((node.func, tier))
        stack.extend((item, tier) for item in node.args)
        stack.extend((keyword.value, tier) for keyword in node.keywords)
        self._own_commands(node.args, tier)
        name = name_of(node.func)
        if name in {"import_module", "__import__"}:
            self._dynamic_import(node, name, tier)
        elif name in _WALKS:
            self._computed.add((node.lineno, name, name_prefix(node)))
        elif name in _IMPORT_HELPERS:
            if not (node.args and isinstance(node.args[0], ast.Constant)):
                self._computed.add((node.lineno, name, name_prefix(node)))
        elif name in {"find_spec", "run_module"}:
            if node.args and (module := literal_module(node.args[0])):
                self._add(
                    module, 0, ("__main__",) if name == "run_module" else None, max(tier, Tier.GUARDED), node.lineno
                )
            elif name == "run_module":
                self._computed.add((node.lineno, name, name_prefix(node)))
        elif name in {"extend_path", "declare_namespace"}:
            self._extends_path = True
        elif _is_resource_call(node.func, name) and node.args and (module := literal_module(node.args[0])):
            self._add(module, 0, None, max(tier, Tier.GUARDED), node.lineno)
        elif name.lstrip("_") in _LIBRARY_CALLS:  # also wrappers that take other systems' names beside
            for argument in node.args:
                self._library(argument, name)
        self._codec(node, name)

    def _library(self, argument: ast.expr, name: str) -> None:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            found = _LIBRARY_FILE.fullmatch(argument.value)
            if found or (name.lstrip("_") == "find_library" and _LIBRARY_NAME.fullmatch(argument.value)):
                self._libraries.add((argument.lineno, argument.value))

    def _dynamic_import(self, node: ast.Call, name: str, tier: int) -> None:
        argument = node.args[0] if node.args else keyword_argument(node, "name")
        if not isinstance(argument, ast.Constant) or not isinstance(argument.value, str):
            if argument is not None:
                self._computed.add((node.lineno, name, name_prefix(node) or package_argument(node)))
            return
        text = argument.value
        relative = text.lstrip(".")
        level = len(text) - len(relative)
        if not MODULE_NAME.fullmatch(relative) and (relative or not level):
            return
        if name == "__import__":
            self._dunder_import(node, text, tier)
        elif not level:
            self._add(text, 0, None, tier, node.lineno)
        else:
            self._relative(node, relative, level, tier)

    def _dunder_import(self, node: ast.Call, text: str, tier: int) -> None:
        names = node.args[3] if len(node.args) > 3 else keyword_argument(node, "fromlist")
        level = node.args[4] if len(node.args) > 4 else keyword_argument(node, "level")
        found = [
            c.value for c in getattr(names, "elts", []) if isinstance(c, ast.Constant) and isinstance(c.value, str)
        ]
        number = level.value if isinstance(level, ast.Constant) and isinstance(level.value, int) else 0
        self._add(text, max(number, 0), tuple(sorted(filter(None, found))) or None, tier, node.lineno)

    def _relative(self, node: ast.Call, relative: str, level: int, tier: int) -> None:
        """``import_module(".x", package=...)``: as `importlib.util.resolve_name` reads it."""
        package = node.args[1] if len(node.args) > 1 else keyword_argument(node, "package")
        if isinstance(package, ast.Constant) and isinstance(package.value, str):
            bits = package.value.rsplit(".", level - 1)
            if len(bits) == level and bits[0]:
                self._add(f"{bits[0]}.{relative}".rstrip("."), 0, None, tier, node.lineno)
        elif isinstance(package, ast.Name) and package.id == "__name__" and level == 1:
            self._add(f"{NAME_PLACEHOLDER}.{relative}", 0, None, tier, node.lineno)
        elif package is None or (isinstance(package, ast.Name) and package.id == "__package__"):
            self._add(relative, level, None, tier, node.lineno)
        else:
            self._computed.add((node.lineno, "import_module", ""))

    def _codec(self, node: ast.Call, name: str) -> None:
        arguments, literal_only = encodings(node, name)
        for argument in arguments:
            if not isinstance(argument, ast.Constant):
                self._dynamic_codec = self._dynamic_codec or not literal_only
            elif isinstance(argument.value, str) and len(argument.value) < 40:
                self._codecs.add(argument.value)

    def _constant(self, node: ast.Constant) -> None:
        text = node.value
        if isinstance(text, str) and 0 < len(text) <= _LONGEST_LITERAL and "\n" not in text:
            line = self._strings.get(text)
            if line is None or node.lineno < line:
                self._strings[text] = node.lineno
            if command := _COMMAND_LINE.match(text):  # of f"{sys.executable} -m package ...", for a shell
                self._add(command[1], 0, ("__main__",), Tier.LAZY, node.lineno)

    def _add(self, module: str, level: int, names: tuple[str, ...] | None, tier: int, line: int) -> None:
        key = (module, level, names)
        found = self._imports.get(key)
        if found is None or (tier, line) < found:
            self._imports[key] = (tier, line)


_SPECIAL: dict[type[ast.AST], Any] = {
    ast.Import: _Scanner._import,  # noqa: SLF001 - a dispatch table of the class's own methods
    ast.ImportFrom: _Scanner._import_from,  # noqa: SLF001
    ast.If: _Scanner._if,  # noqa: SLF001
    ast.Try: _Scanner._try,  # noqa: SLF001
    ast.TryStar: _Scanner._try,  # noqa: SLF001
    ast.With: _Scanner._with,  # noqa: SLF001
    ast.AsyncWith: _Scanner._with,  # noqa: SLF001
    ast.Match: _Scanner._match,  # noqa: SLF001
    ast.FunctionDef: _Scanner._function,  # noqa: SLF001
    ast.AsyncFunctionDef: _Scanner._function,  # noqa: SLF001
    ast.ClassDef: _Scanner._class,  # noqa: SLF001
    ast.Lambda: _Scanner._lambda,  # noqa: SLF001
    ast.AnnAssign: _Scanner._annotated,  # noqa: SLF001
    ast.Expr: _Scanner._expression,  # noqa: SLF001
    ast.List: _Scanner._sequence,  # noqa: SLF001
    ast.Tuple: _Scanner._sequence,  # noqa: SLF001
    ast.Call: _Scanner._call,  # noqa: SLF001
}
if sys.version_info >= (3, 12):
    _SPECIAL[ast.TypeAlias] = _Scanner._type_alias  # noqa: SLF001


def _is_resource_call(function: ast.expr, name: str) -> bool:
    if isinstance(function, ast.Attribute):
        return (name in _RESOURCE_CALLS and name_of(function.value) in _RESOURCE_OWNERS) or name == "PackageLoader"
    return name in _BARE_RESOURCE_CALLS
