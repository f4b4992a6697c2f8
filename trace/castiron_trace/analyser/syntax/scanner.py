"""Walks the syntax tree of one source file and asks the rules of this package about each expression.

modulegraph2 knows neither tiers nor lines, takes ``TYPE_CHECKING`` for an ordinary condition and does not follow
``importlib.import_module("x")``.
"""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from castiron_trace.analyser.conditional import MENTIONS
from castiron_trace.analyser.syntax import group_names
from castiron_trace.analyser.syntax.alternatives import alternatives
from castiron_trace.analyser.syntax.code_in_strings import code_in_string, module_templates
from castiron_trace.analyser.syntax.conditions import Conditions
from castiron_trace.analyser.syntax.default_modules import default_modules
from castiron_trace.analyser.syntax.encodings import encodings
from castiron_trace.analyser.syntax.environment_defaults import environment_defaults
from castiron_trace.analyser.syntax.expressions import is_main_test, may_swallow, name_of
from castiron_trace.analyser.syntax.facts import Facts
from castiron_trace.analyser.syntax.given_modules import given_modules
from castiron_trace.analyser.syntax.import_calls import (
    IMPORT_FUNCTIONS,
    IMPORTS,
    WHOLE_PACKAGE_FUNCTIONS,
    QualifiedImport,
    computed_import,
    decide,
    dynamic_import,
    find_spec,
    import_function,
    lazy_loader,
    run_module,
)
from castiron_trace.analyser.syntax.lazy_exports import lazy_exports
from castiron_trace.analyser.syntax.library_calls import LIBRARY_FUNCTIONS, library_call, named_libraries
from castiron_trace.analyser.syntax.listed_names import listed_names
from castiron_trace.analyser.syntax.machine_calls import by_last_name, machine_uses
from castiron_trace.analyser.syntax.made_modules import import_hook, made_modules
from castiron_trace.analyser.syntax.nodes import Tree
from castiron_trace.analyser.syntax.outside_code import outside_code
from castiron_trace.analyser.syntax.own_commands import command_items, shell_command
from castiron_trace.analyser.syntax.own_paths import OwnPaths, openers, own_paths
from castiron_trace.analyser.syntax.own_starts import started_paths
from castiron_trace.analyser.syntax.package_paths import package_paths, spreads_over_path
from castiron_trace.analyser.syntax.passed_names import import_target, name_passers
from castiron_trace.analyser.syntax.resource_calls import ResourceCalls
from castiron_trace.analyser.syntax.scan import (
    MAIN_BLOCK,
    Alternatives,
    Scan,
    in_main_block,
    unreadable_scan,
    weaker,
)
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from castiron_trace.hints.model import MachineNeed, SourceHints

_CallRule = Callable[[Facts, ast.Call, str, int], None]
"""Takes what is known so far, a call, the called function's name, and the tier."""

_COOKIE = re.compile(rb"(?:[ \t\f]*(?:#.*)?\r?\n)?[ \t\f]*#.*?coding[:=][ \t]*([-\w.]+)")
"""The encoding that a source declares (PEP 263): whoever shows its lines needs it."""
_LONGEST_LITERAL = 200
_LONGEST_ENCODING = 40
_FINDS_SOURCES = (
    *(b"sys.path", b"addsitedir", b"get_importer", b"FileFinder", b"PathFinder", b"iter_modules", b"walk_packages"),
    *(b"run_path", b"SourceFileLoader", b"spec_from_file_location", b"load_source", b"import_module", b"__import__"),
    b"exec(",
)
"""Words of a source that finds or runs sources by their place."""
_EXECUTES = frozenset({"compile", "eval", "exec"})
_ENTRY_POINT_NAMES = frozenset({"entry_points", "EntryPoint", "EntryPoints"})
"""Those of `importlib.metadata` that look up entry points; hints add others."""


def scan_source(source: bytes, *, own: bool, hints: SourceHints) -> Scan:
    """Scan one file; ``own`` collects all short strings, for the application's own code."""
    try:
        root = ast.parse(source)
    except (SyntaxError, ValueError) as error:
        return unreadable_scan(getattr(error, "lineno", None) or 0, getattr(error, "msg", None) or str(error))
    except (RecursionError, MemoryError):
        return unreadable_scan(0, "nested too deeply to parse")
    scanner = _Scanner(hints, own=own)
    tree = Tree(root)
    scanner.run(root)
    scanner.look_at_characters(source)
    facts = scanner.facts
    for call, tier in scanner.calls if facts.import_aliases else ():
        if isinstance(call.func, ast.Name) and (name := facts.import_aliases.get(call.func.id)) is not None:
            dynamic_import(facts, call, name, tier)
    if facts.undecided or facts.computed:
        facts.passers = name_passers(tree, import_target(facts.import_aliases))
    decide(facts, tree)
    facts.exports = listed_names(source, root, facts)
    facts.finds_sources = any(word in source for word in _FINDS_SOURCES)
    facts.files = scanner.own_paths(root) if own else None
    facts.outside_code = outside_code(source, root)
    facts.environment_defaults = environment_defaults(source, root) if own else ()
    facts.default_modules = default_modules(root) if not own and (facts.computed or facts.passers) else ()
    facts.given = given_modules(root, hints.caller_package_functions) if own else ()
    facts.started = started_paths(source, root) if own else ()
    facts.package_paths = package_paths(source, root)
    facts.spreads_over_path = spreads_over_path(source, root)
    facts.lazy = lazy_exports(source, root, facts.strings)
    facts.made = made_modules(source, root)
    facts.import_hook = import_hook(source, root)
    facts.libraries = named_libraries(tree, facts)
    facts.machine = machine_uses(tree, facts, scanner.machine_functions)
    return facts.scan(own=own)


def calls_with_tiers(tree: ast.AST, hints: SourceHints) -> list[tuple[ast.Call, int]]:
    """Return all calls of a source, each with the tier of where it stands."""
    scanner = _Scanner(hints, own=False)
    scanner.run(tree)
    return scanner.calls


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

    def __init__(self, hints: SourceHints, *, own: bool) -> None:
        self.facts = Facts()
        self.calls: list[tuple[ast.Call, int]] = []
        """All calls, with their tiers."""
        self._hints = hints
        self._own = own
        self._rules = _rules(hints)

    @property
    def machine_functions(self) -> Mapping[str, Sequence[tuple[str, MachineNeed]]]:
        """The last name of each function that needs something of the machine -> its dotted name, the hint."""
        return self._rules.machine

    def own_paths(self, tree: ast.AST) -> OwnPaths:
        """Return what an own source says about files."""
        places = [hint.attribute for hint in self._hints.own_places]
        return own_paths(tree, self._rules.file_functions, self._hints.write_functions, places)

    def look_at_characters(self, source: bytes) -> None:
        """Note what the syntax tree does not show; see `castiron_trace.analyser.conditional`."""
        if cookie := _COOKIE.match(source):
            self.facts.codecs.add(cookie[1].decode())
        if not source.isascii():
            self.facts.mentions.add("@non_ascii")
        if b"\\N{" in source:
            self.facts.mentions.add("@named_character")

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
                    self.facts.mentions.add(name)
                elif name in self._rules.entry_point_names:
                    self.facts.looks_up_entry_points = True
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
            if alias.name == "importlib" and alias.asname is not None:
                self.facts.importlib.add(alias.asname)
            self.facts.add_import(alias.name, 0, None, tier, node.lineno)

    def _import_from(self, node: ast.ImportFrom, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        del stack
        for alias in node.names:
            if alias.name in IMPORTS:
                if node.module not in {"importlib", "builtins"}:
                    self.facts.other_imports.add(alias.name)
                elif alias.asname is not None:
                    self.facts.import_aliases[alias.asname] = alias.name
            if alias.asname is not None:  # by its other name it is not recognised
                if alias.name in self._rules.machine:
                    self.facts.machine_aliases[alias.asname] = alias.name
                if alias.name in MENTIONS:
                    self.facts.mentions.add(alias.name)
        self.facts.add_import(
            node.module or "", node.level, tuple(sorted(a.name for a in node.names)), tier, node.lineno
        )

    def _if(self, node: ast.If, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.append((node.test, tier))
        value = self._rules.conditions.decided(node.test)
        body = else_ = weaker(tier, Tier.GUARDED)
        if is_main_test(node.test):
            body, else_ = in_main_block(tier), tier
        elif value is not None:
            body = else_ = tier
        if value is not False:
            stack.extend((item, body) for item in node.body)
        if value is not True:
            stack.extend((item, else_) for item in node.orelse)

    def _try(self, node: ast.Try, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        inner = weaker(tier, Tier.GUARDED) if node.handlers else tier
        if tier in {Tier.REQUIRED, MAIN_BLOCK}:
            for names in alternatives(node, self._rules.conditions):
                self.facts.alternatives.add(Alternatives(tier, names))
        for part in (node.body, node.handlers, node.orelse):
            stack.extend((item, inner) for item in part)
        stack.extend((item, tier) for item in node.finalbody)

    def _with(self, node: ast.With, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.extend((item, tier) for item in node.items)
        inner = weaker(tier, Tier.GUARDED) if may_swallow(node) else tier
        stack.extend((item, inner) for item in node.body)

    def _match(self, node: ast.Match, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.append((node.subject, tier))
        stack.extend((case, weaker(tier, Tier.GUARDED)) for case in node.cases)

    def _function(
        self, node: ast.FunctionDef | ast.AsyncFunctionDef, tier: int, stack: list[tuple[ast.AST, int]]
    ) -> None:
        self._type_params(node)
        if node.name in IMPORTS:
            self.facts.other_imports.add(node.name)
        # Decorators and defaults run with the definition; annotations are for type checkers.
        group_names.defaults(self.facts, node.args)
        stack.extend((item, tier) for item in (*node.decorator_list, *_defaults(node.args)))
        stack.extend((item, weaker(tier, Tier.LAZY)) for item in node.body)

    def _class(self, node: ast.ClassDef, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        self._type_params(node)
        for part in (node.decorator_list, node.bases, node.keywords, node.body):
            stack.extend((item, tier) for item in part)

    def _type_params(self, node: ast.AST) -> None:
        if getattr(node, "type_params", None):  # PEP 695: the interpreter imports typing
            self.facts.mentions.add("@type_params")

    def _type_alias(self, node: ast.AST, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        del node, tier, stack  # its value is evaluated when somebody asks for it, which is a type checker
        self.facts.mentions.add("@type_params")

    def _lambda(self, node: ast.Lambda, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.extend((item, tier) for item in _defaults(node.args))
        stack.append((node.body, weaker(tier, Tier.LAZY)))

    def _annotated(self, node: ast.AnnAssign, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        if node.value is not None:
            group_names.assigned(self.facts, node.target, node.value)
            stack.append((node.value, tier))

    def _assigned(self, node: ast.Assign, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        for target in node.targets:
            group_names.assigned(self.facts, target, node.value)
        stack.extend((item, tier) for item in (*node.targets, node.value))

    def _expression(self, node: ast.Expr, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring names modules without importing them
            stack.append((node.value, tier))

    def _sequence(self, node: ast.List | ast.Tuple, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        command_items(self.facts, node.elts, tier, self._scan_code)
        stack.extend((item, tier) for item in node.elts)

    def _scan_code(self, code: str) -> Scan:
        # A literal may have lone surrogates, which no source can have.
        return scan_source(code.encode(errors="surrogatepass"), own=False, hints=self._hints)

    # Expressions ----------------------------------------------------------------------------------------------------

    def _call(self, node: ast.Call, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        self.calls.append((node, tier))
        stack.append((node.func, tier))
        stack.extend((item, tier) for item in node.args)
        stack.extend((keyword.value, tier) for keyword in node.keywords)
        command_items(self.facts, node.args, tier, self._scan_code)
        name = name_of(node.func)
        group_names.called(self.facts, node, name, self._rules.entry_point_names)
        if name in _EXECUTES and node.args:
            self._executed(node.args[0], tier)
        if (rule := self._rules.calls.get(name)) is not None:
            rule(self.facts, node, name, tier)
        elif (public := name.lstrip("_")) in LIBRARY_FUNCTIONS:  # a wrapper
            library_call(self.facts, node, public, tier)
        if name in self._rules.machine:
            self.facts.machine_calls.append((name, node))
        self._codec(node, name)

    def _executed(self, code: ast.expr, tier: int) -> None:
        """``exec("import x")``: what the code imports, unless it is no Python at all."""
        if isinstance(code, ast.Constant) and isinstance(code.value, str):
            for module, level, names, inner, _line in self._scan_code(code.value.strip()).imports:
                at = in_main_block(tier) if inner >= MAIN_BLOCK else tier
                least = max(inner % MAIN_BLOCK, Tier.GUARDED)
                self.facts.add_import(module, level, names, weaker(at, least), code.lineno)

    def _codec(self, node: ast.Call, name: str) -> None:
        arguments, literal_only = encodings(node, name)
        for argument in arguments:
            if not isinstance(argument, ast.Constant):
                self.facts.dynamic_codec = self.facts.dynamic_codec or not literal_only
            elif isinstance(argument.value, str) and len(argument.value) < _LONGEST_ENCODING:
                self.facts.codecs.add(argument.value)

    def _joined(self, node: ast.JoinedStr, tier: int, stack: list[tuple[ast.AST, int]]) -> None:
        stack.extend((part, tier) for part in node.values)
        if self._own:
            parts = (part.value if isinstance(part, ast.Constant) else "{" for part in node.values)
            module_templates(self.facts, "".join(map(str, parts)), node.lineno)

    def _constant(self, node: ast.Constant) -> None:
        text = node.value
        if self._own and isinstance(text, str) and "import " in text:
            code_in_string(self.facts, text, node.lineno, self._scan_code)
        if isinstance(text, str) and 0 < len(text) <= _LONGEST_LITERAL and "\n" not in text:
            self.facts.add_string(text, node.lineno)
            shell_command(self.facts, text, node.lineno)


@dataclass(frozen=True, slots=True)
class _Rules:
    """What depends on the hints alone, and so is made once."""

    conditions: Conditions
    entry_point_names: frozenset[str]
    machine: Mapping[str, Sequence[tuple[str, MachineNeed]]]
    file_functions: Mapping[str, Collection[str]]
    calls: Mapping[str, _CallRule]
    """Function -> the rule for its calls."""


@cache
def _rules(hints: SourceHints) -> _Rules:
    resources = ResourceCalls(hints.resource_functions)
    functions = [hint for hint in hints.import_functions if not hint.modules]
    qualified = {name: QualifiedImport(h.modules).look for h in hints.import_functions if h.modules for name in h.names}
    whole = {name for hint in functions if hint.whole_package for name in hint.names}
    others = {name for hint in functions if not hint.whole_package for name in hint.names}
    namespaces = {name for hint in hints.namespace_functions for name in hint.names}
    return _Rules(
        conditions=Conditions({constant.name: constant.value for constant in hints.constants}),
        machine=by_last_name(hints.machine_needs),
        file_functions=openers(hints.file_functions),
        entry_point_names=_ENTRY_POINT_NAMES.union(*(hint.names for hint in hints.entry_point_lookups)),
        calls={
            **qualified,
            **dict.fromkeys(LIBRARY_FUNCTIONS, library_call),
            **dict.fromkeys(resources.names, resources.look),
            **dict.fromkeys({"extend_path", *namespaces}, _extend_path),
            "find_spec": find_spec,
            "LazyLoader": lazy_loader,
            "run_module": run_module,
            **dict.fromkeys(IMPORT_FUNCTIONS | others, import_function),
            **dict.fromkeys(WHOLE_PACKAGE_FUNCTIONS | whole, computed_import),
            **dict.fromkeys(IMPORTS, dynamic_import),
        },
    )


def _defaults(arguments: ast.arguments) -> list[ast.expr]:
    return [*arguments.defaults, *(default for default in arguments.kw_defaults if default is not None)]


def _extend_path(facts: Facts, _call: ast.Call, _name: str, _tier: int) -> None:
    """`pkgutil.extend_path`: other folders of ``sys.path`` may hold further modules of the package."""
    facts.extends_path = True


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
    ast.Assign: _Scanner._assigned,  # noqa: SLF001
    ast.Expr: _Scanner._expression,  # noqa: SLF001
    ast.JoinedStr: _Scanner._joined,  # noqa: SLF001
    ast.List: _Scanner._sequence,  # noqa: SLF001
    ast.Tuple: _Scanner._sequence,  # noqa: SLF001
    ast.Call: _Scanner._call,  # noqa: SLF001
}
if sys.version_info >= (3, 12):
    _SPECIAL[ast.TypeAlias] = _Scanner._type_alias  # noqa: SLF001
