"""Reads a source again that uses functions which import what an argument names: its calls, and what it hands on.

Few sources use such functions, and which do shows only when the import graph is there; so the first reading does not
look for their calls.
"""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

from castiron_trace.analyser.syntax.expressions import IMPORTABLE_NAME, dotted_name, name_of, name_prefix
from castiron_trace.analyser.syntax.nodes import Tree
from castiron_trace.analyser.syntax.passed_names import HARMLESS_DECORATORS, given_arguments, name_passers
from castiron_trace.analyser.syntax.possible_names import PossibleNames
from castiron_trace.analyser.syntax.scan import NamedCall, NamePasser, passer_of
from castiron_trace.analyser.syntax.scanner import calls_with_tiers
from castiron_trace.analyser.syntax.sure_calls import evaluated

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from castiron_trace.hints.model import SourceHints

_MOST = 100
"""Names in one list."""
_PARTS = (ast.Call, ast.Attribute, ast.Subscript, ast.keyword, ast.Tuple)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_USES = frozenset({*_NAMED, ast.Attribute, ast.Call, ast.Name, ast.Subscript})
_RUN = (ast.Module, ast.ClassDef, ast.If, ast.Try, ast.With)
"""Statements whose parts run as the tier says."""
_ONLY_ASKS = frozenset({"isinstance", "issubclass"})
"""Functions that call nothing of what they are given."""
_PLAIN_DECORATORS = HARMLESS_DECORATORS | {"dataclass", "final", "total_ordering"}
_SCOPES = frozenset({"globals", "locals", "vars"})
_RUN_TEXT = frozenset({"eval", "exec"})
ANY = "*"
"""Stands for all functions of a source in a `NamedUse`."""
ALL_BELOW = ".*"
"""Ends the name of a package, where all that is known of an argument is that it begins so: ``f"package.{x}"``."""


class NamedUse(NamedTuple):
    """A place from which a function may be called in ways that reading does not follow: where it is passed on."""

    target: str
    """As `NamedCall.target`; ``:*`` for all functions of the source; ``.f`` for any method ``f``."""
    line: int


class SecondReading(NamedTuple):
    """What the second reading of a source finds."""

    calls: tuple[NamedCall, ...] = ()
    """All of these functions, also those without literals."""
    passers: tuple[NamePasser, ...] = ()
    """Functions that hand a parameter on to another function that the source defines or imports."""
    bases: tuple[tuple[str, str], ...] = ()
    """Class, a class that it inherits from; that is named as `NamedCall.target` is."""
    uses: tuple[NamedUse, ...] = ()


def read_again(source: bytes, words: Collection[str], hints: SourceHints) -> SecondReading:
    """Return what a source says about functions whose last names are ``words``; nothing if it cannot be parsed."""
    try:
        tree = Tree(ast.parse(source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return SecondReading()  # the first reading has told it
    reader = _Reader(tree, words)
    passers: list[NamePasser] = []
    while True:
        found = [passer for passer in name_passers(tree, reader.target) if passer not in passers]
        passers += found
        if reader.words.issuperset(names := {passer.function.rpartition(".")[2] for passer in found}):
            break
        reader.words |= names  # functions that call those that hand a name on
    return SecondReading(
        tuple(sorted(reader.calls(hints), key=lambda call: (call.line, repr(call)))),
        tuple(passers),
        tuple(sorted(reader.bases())),
        tuple(sorted(reader.uses())),
    )


def reading_to_plain(reading: SecondReading) -> dict[str, Any]:
    """Return a reading as `json.dumps` takes it."""
    return reading._asdict()


def reading_from_plain(plain: dict[str, Any]) -> SecondReading:
    """Return the reading that `reading_to_plain` wrote; the cache has checked that it is what was written."""
    calls = (
        NamedCall(target, tuple((k, many, tuple(t)) for k, many, t in arguments), tuple(given), sure, tier, line)
        for target, arguments, given, sure, tier, line in plain["calls"]
    )
    passers = tuple(map(passer_of, plain["passers"]))
    bases = tuple((name, base) for name, base in plain["bases"])
    return SecondReading(tuple(calls), passers, bases, tuple(NamedUse(target, line) for target, line in plain["uses"]))


class _Reader:
    def __init__(self, tree: Tree, words: Collection[str]) -> None:
        self._tree = tree
        self.words = set(words)
        """What is called matters if it ends so."""
        self._parents = tree.parents
        self._imported: dict[str, str] = {}
        """Name -> what an import statement binds it to, dotted."""
        self._defined: dict[str, int] = {}
        """Name -> how often a function or a class is defined under it, or anything else bound to it."""
        self._classes: list[ast.ClassDef] = []
        for node in self._parents:
            self._look(node)
        self._names: PossibleNames | None = None

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                self._bind(name, alias.name if alias.asname else name)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = "." * node.level + (f"{node.module}." if node.module else "")
                self._bind(alias.asname or alias.name, module + alias.name)
        elif isinstance(node, _NAMED):
            if isinstance(node, ast.ClassDef):
                self._classes.append(node)
            if not isinstance(self._parents.get(node), ast.ClassDef):
                self._defined[node.name] = self._defined.get(node.name, 0) + 1

    def _bind(self, name: str, target: str) -> None:
        known = self._imported.setdefault(name, target)
        if known != target:  # ``try: from a import f``, ``except ImportError: from b import f``
            self._defined[name] = self._defined.get(name, 0) + 1

    # What a call leads to -------------------------------------------------------------------------------------------

    def target(self, call: ast.Call) -> str | None:
        """Return the name of what is called; None if it does not matter."""
        target = self._named(call.func)
        return target if target is not None and target.rpartition(".")[2].lstrip(":") in self.words else None

    def _named(self, expression: ast.expr) -> str | None:
        dotted = dotted_name(expression)
        root, dot, rest = dotted.partition(".")
        if root in {"self", "cls"} and rest and "." not in rest:
            holder = self._class_around(expression)
            return None if holder is None else f":{holder}.{rest}"
        if root in self._imported:
            target = self._imported[root]
            top = target.partition(".")[0]
            return None if top in sys.stdlib_module_names else target + dot + rest
        return f":{dotted}" if root in self._defined else None

    def _class_around(self, node: ast.AST) -> str | None:
        parent = self._parents.get(node)
        while parent is not None and not isinstance(parent, ast.ClassDef):
            parent = self._parents.get(parent)
        return None if parent is None else parent.name

    def bases(self) -> set[tuple[str, str]]:
        """Return the classes with what they inherit from, if that is a class that matters."""
        return {
            (node.name, base)
            for node in self._classes
            for item in node.bases
            if (base := self._named(item)) is not None and base.rpartition(".")[2].lstrip(":") in self.words
        }

    # Uses -----------------------------------------------------------------------------------------------------------

    def uses(self) -> set[NamedUse]:
        """Return the places from which functions that matter may be called unseen."""
        names = {name for name, target in self._imported.items() if target.rpartition(".")[2] in self.words}
        names |= self._defined.keys() & self.words
        return {
            NamedUse(target, getattr(node, "lineno", 0))
            for node in self._parents
            if node.__class__ in _USES
            and (node.__class__ is not ast.Name or node.id in names)
            and (node.__class__ is not ast.Attribute or node.attr in self.words)
            for target in self._used(node)
        }

    def _used(self, node: ast.AST) -> Iterator[str]:
        if isinstance(node, _NAMED):
            if node.name in self.words and not all(map(_is_plain, node.decorator_list)):
                holder = self._class_around(node)
                yield f":{holder}.{node.name}" if holder else f":{node.name}"
        elif isinstance(node, ast.Call):
            if _is_own_class(node.func) and (holder := self._class_around(node)) in self.words:
                yield f":{holder}"
            elif _calls_by_name(node):
                yield f":{ANY}"
        elif isinstance(node, ast.Subscript):
            scope = isinstance(node.value, ast.Call) and name_of(node.value.func) in _SCOPES
            reads = isinstance(node.ctx, ast.Load) and not isinstance(node.slice, ast.Constant)
            if reads and (scope or dotted_name(node.value) == "sys.modules"):
                yield f":{ANY}"
        elif isinstance(node, ast.Attribute | ast.Name) and isinstance(node.ctx, ast.Load):
            yield from self._passed_on(node)

    def _passed_on(self, node: ast.Attribute | ast.Name) -> Iterator[str]:
        parent = self._parents[node]
        if isinstance(parent, ast.Attribute):
            return  # the longer name is looked at
        target = self._named(node)
        if target is None:
            if isinstance(node, ast.Attribute) and dotted_name(node).partition(".")[0] not in self._imported:
                yield from (f".{word}" for word in self.words if word == node.attr)
        elif target.rpartition(".")[2].lstrip(":") in self.words:
            is_call = isinstance(parent, ast.Call) and (parent.func is node or name_of(parent.func) in _ONLY_ASKS)
            if not is_call and not self._annotates(node):
                yield target

    def _annotates(self, node: ast.AST) -> bool:
        parent = self._parents.get(node)
        while isinstance(parent, ast.expr):
            node, parent = parent, self._parents.get(parent)
        if isinstance(parent, ast.arg):
            return True
        return getattr(parent, "annotation", None) is node or getattr(parent, "returns", None) is node

    # Calls ----------------------------------------------------------------------------------------------------------

    def calls(self, hints: SourceHints) -> set[NamedCall]:
        """Return the calls of functions that matter, with the literals that may name modules."""
        targets = {call: target for call in self._tree.calls if (target := self.target(call)) is not None}
        calls: set[NamedCall] = set()
        for call, tier in calls_with_tiers(self._tree.root, hints) if targets else ():
            target = targets.get(call)
            if target is None:
                continue
            values: list[tuple[int | str, ast.expr]] = [*enumerate(call.args)]
            values.extend((item.arg, item.value) for item in call.keywords if item.arg is not None)
            arguments = [(key, *texts) for key, value in values if (texts := self._texts(value)) is not None]
            sure = bool(arguments) and self._runs(call) and self._is_one(call)
            calls.add(NamedCall(target, tuple(arguments), given_arguments(call), sure, tier, call.lineno))
        return calls

    def _texts(self, value: ast.expr) -> tuple[bool, tuple[str, ...]] | None:
        """Return what an argument names: whether it is a list of names, and the names; one may end with `ALL_BELOW`."""
        if isinstance(value, ast.Constant):
            return (False, (value.value,)) if isinstance(value.value, str) and _is_name(value.value) else None
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            items = [item.value for item in value.elts if isinstance(item, ast.Constant)]
            texts = [item for item in items if isinstance(item, str)]
            return (True, tuple(texts)) if texts and len(texts) <= _MOST and all(map(_is_name, texts)) else None
        if isinstance(value, ast.Name | ast.Subscript | ast.IfExp | ast.BoolOp | ast.JoinedStr | ast.BinOp):
            if self._names is None:
                self._names = PossibleNames(self._tree)
            possible = self._names.of(value)
            if possible and len(possible) <= _MOST and all(map(_is_name, possible)):
                return False, possible
            begins = "" if possible else name_prefix(self._names.only_value(value))
            return (False, (begins + ALL_BELOW,)) if begins else None
        return None

    def _is_one(self, call: ast.Call) -> bool:
        """Say whether the function is bound once in this source."""
        root = dotted_name(call.func).partition(".")[0]
        return self._defined.get(root, 0) + (root in self._imported) == 1

    def _runs(self, call: ast.Call) -> bool:
        """Say whether a call is made whenever the statement around it runs, and that once."""
        node: ast.AST = call
        parent = self._parents.get(node)
        while isinstance(parent, _PARTS):
            node, parent = parent, self._parents.get(parent)
        if not isinstance(parent, ast.stmt) or not evaluated(parent, call):
            return False
        outer = self._parents.get(parent)
        while isinstance(outer, _RUN):
            outer = self._parents.get(outer)
        return outer is None


def _is_own_class(function: ast.expr) -> bool:
    """Say whether a method calls the class that it is of: ``cls(name)``, ``type(self)(name)``."""
    made = isinstance(function, ast.Call) and name_of(function.func) == "type"
    return made or dotted_name(function) == "cls" or name_of(function) == "__class__"


def _calls_by_name(call: ast.Call) -> bool:
    """Say whether a call runs code, or gets functions of this source, by a text that is no literal."""
    first = call.args[0] if call.args else None
    if name_of(call.func) in _RUN_TEXT:
        return not isinstance(first, ast.Constant)
    if name_of(call.func) == "getattr" and isinstance(first, ast.Name) and first.id in {"self", "cls"}:
        return len(call.args) > 1 and not isinstance(call.args[1], ast.Constant)
    holder = call.func.value if isinstance(call.func, ast.Attribute) and call.func.attr == "get" else None
    is_scope = isinstance(holder, ast.Call) and name_of(holder.func) in _SCOPES
    return is_scope and not isinstance(first, ast.Constant)


def _is_plain(decorator: ast.expr) -> bool:
    return name_of(decorator.func if isinstance(decorator, ast.Call) else decorator) in _PLAIN_DECORATORS


def _is_name(text: str) -> bool:
    return IMPORTABLE_NAME.fullmatch(text.lstrip(".")) is not None
