"""Finds out what an expression that names a module can be, from the literals of one source file.

``import_module(TABLE[name])``, ``for name in ("json", "csv"): import_module(name)``, ``import_module("." + _LAZY[attr],
__name__)``: where the table, the list and the loop are literals, all that can be imported is in the source.  Whatever
could have another value - a parameter, a name that is bound to something else anywhere in the file, a table that the
file changes or gives away, a public name of the module, which others may bind anew before a function reads it - has no
answer: the caller keeps what it would do without one.
"""

from __future__ import annotations

import ast
from itertools import product
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_trace.analyser.syntax.nodes import Tree

_DEEPEST = 12
"""Steps from the expression to its literals."""
_MOST = 2000
"""Names that one expression can be."""
_CHANGES = frozenset(
    {"add", "append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "sort", "update"}
)
_READS = frozenset({"copy", "count", "get", "index", "items", "keys", "values"})
_READERS = frozenset(
    {"all", "any", "dict", "enumerate", "frozenset", "iter", "len", "list", "max", "min", "reversed", "set", "sorted"}
) | {"tuple", "zip"}
"""Functions that change none of their arguments and keep none."""
_MUTABLE = (ast.Dict, ast.List, ast.Set)
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.ExceptHandler, ast.MatchAs, ast.MatchStar)
_OPTIONS = tuple[ast.expr, ...]


class _UnknownError(Exception):
    """The expression could be anything."""


class PossibleNames:
    """Answers for the expressions of one file."""

    def __init__(self, tree: Tree) -> None:
        self._bound: dict[str, list[_Binding | None]] = {}
        """Identifier -> what it is bound to, anywhere in the file; None for what has no literal value."""
        self._parents = tree.parents
        self._public: set[str] = set()
        """Names that the module assigns and that others may, too."""
        self._given_away: set[str] = set()
        """Names whose values go where they may be changed."""
        self._late = False
        """Whether what is asked for is read when a function runs, after other modules could change public names."""
        for node in self._parents:
            self._look(node)

    def of(self, expression: ast.expr) -> tuple[str, ...] | None:
        """Return all strings that an expression can be, sorted; None if it could be others."""
        self._late = self._in_function(expression)
        try:
            return tuple(sorted(self._texts(expression, _DEEPEST)))
        except _UnknownError:
            return None

    def only_value(self, expression: ast.expr) -> ast.expr:
        """Return what a name is bound to if the file binds it once, else the expression as it is."""
        if not isinstance(expression, ast.Name) or (expression.id in self._public and self._in_function(expression)):
            return expression
        bindings = self._bound.get(expression.id, [])
        only = bindings[0] if len(bindings) == 1 and "*" not in self._bound else None
        return expression if only is None or only.each or only.path else only.value

    # Bindings -------------------------------------------------------------------------------------------------------

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                self._look_at_place(node)
            elif not self._only_reads(node):
                self._given_away.add(node.id)
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, _Binding(node.value))
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            if node.value is not None:
                self._bind(node.target, _Binding(node.value))
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._bind(node.target, _Binding(node.iter, each=True))
        elif isinstance(node, ast.AugAssign):
            self._bind(node.target, None)
        elif isinstance(node, ast.Delete):
            for target in node.targets:
                self._bind(target, None)
        elif isinstance(node, ast.withitem):
            if node.optional_vars is not None:
                self._bind(node.optional_vars, None)
        elif isinstance(node, ast.alias):
            self._unknown(node.asname or node.name.partition(".")[0])
        elif isinstance(node, ast.arg):
            self._unknown(node.arg)
        elif isinstance(node, _NAMED):
            self._unknown(node.name or "")
        elif isinstance(node, ast.MatchMapping):
            self._unknown(node.rest or "")
        elif isinstance(node, ast.Global):
            self._public.update(name for name in node.names if not name.startswith("_"))
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if isinstance(node.value, ast.Call) and isinstance(node.slice, ast.Constant):
                self._unknown(str(node.slice.value))  # ``globals()["NAME"] = ...``
        elif isinstance(node, ast.Call):
            holder = node.func.value if isinstance(node.func, ast.Attribute) and node.func.attr in _CHANGES else None
            if isinstance(holder, ast.Name):
                self._unknown(holder.id)

    def _look_at_place(self, node: ast.Name) -> None:
        parent = self._parents.get(node)
        while isinstance(parent, ast.Tuple | ast.List | ast.Starred):
            parent = self._parents.get(parent)
        if isinstance(parent, ast.Assign | ast.AnnAssign) and not (node.id.startswith("_") or self._in_function(node)):
            self._public.add(node.id)

    def _in_function(self, node: ast.AST) -> bool:
        parent: ast.AST | None = node
        while parent is not None and not isinstance(parent, _FUNCTIONS):
            parent = self._parents.get(parent)
        return parent is not None

    def _only_reads(self, node: ast.expr) -> bool:
        """Say whether what an expression stands for, if that can change, stays as it is where it is used."""
        parent = self._parents.get(node)
        while isinstance(parent, ast.Subscript) and parent.value is node:
            if not isinstance(parent.ctx, ast.Load):
                return False
            node, parent = parent, self._parents.get(parent)
            if not (isinstance(parent, ast.Subscript | ast.Attribute) and parent.value is node):
                return True  # an element
        if isinstance(parent, ast.Attribute):
            return parent.attr in _READS and isinstance(self._parents.get(parent), ast.Call)
        if isinstance(parent, ast.Call):
            return parent.func is not node and isinstance(parent.func, ast.Name) and parent.func.id in _READERS
        if isinstance(parent, ast.For | ast.AsyncFor | ast.comprehension):
            return parent.iter is node
        return isinstance(
            parent, ast.Compare | ast.BinOp | ast.FormattedValue | ast.Starred | ast.AugAssign | ast.UnaryOp | ast.If
        )

    def _unknown(self, name: str) -> None:
        self._bound.setdefault(name, []).append(None)

    def _bind(self, target: ast.expr, binding: _Binding | None) -> None:
        if isinstance(target, ast.Name):
            self._bound.setdefault(target.id, []).append(binding)
        elif isinstance(target, ast.Tuple | ast.List):
            for index, item in enumerate(target.elts):
                self._bind(item, None if binding is None else binding.item(index))
        elif isinstance(target, ast.Starred):
            self._bind(target.value, None)
        elif isinstance(target, ast.Subscript | ast.Attribute):
            holder = target.value
            if isinstance(holder, ast.Name):
                self._unknown(holder.id)  # its content changes

    # Values ---------------------------------------------------------------------------------------------------------

    def _texts(self, expression: ast.expr, depth: int) -> set[str]:
        """Return the strings that an expression can be; raises `_UnknownError`."""
        texts: set[str] = set()
        for option in self._options(expression, depth):
            if isinstance(option, ast.BinOp) and isinstance(option.op, ast.Add):
                texts |= self._joined((option.left, option.right), depth)
            elif isinstance(option, ast.JoinedStr):
                texts |= self._joined(tuple(option.values), depth)
            elif isinstance(option, ast.Constant) and isinstance(option.value, str):
                texts.add(option.value)
            elif not (isinstance(option, ast.Constant) and option.value is None):  # None is no module's name
                raise _UnknownError
        if not texts or len(texts) > _MOST:
            raise _UnknownError
        return texts

    def _joined(self, parts: _OPTIONS, depth: int) -> set[str]:
        if depth == 0:
            raise _UnknownError
        sets: list[set[str]] = []
        count = 1
        for part in parts:
            inner: ast.expr = part
            if isinstance(part, ast.FormattedValue):
                if part.conversion != -1 or part.format_spec is not None:
                    raise _UnknownError
                inner = part.value
            sets.append(self._texts(inner, depth - 1))
            count *= len(sets[-1])
            if count > _MOST:
                raise _UnknownError
        return {"".join(texts) for texts in product(*sets)}

    def _options(self, expression: ast.expr, depth: int) -> _OPTIONS:
        """Return the literals that an expression can be."""
        if depth == 0:
            raise _UnknownError
        if isinstance(expression, ast.Name):
            return self._values(expression.id, depth - 1)
        if isinstance(expression, ast.IfExp):
            return (*self._options(expression.body, depth - 1), *self._options(expression.orelse, depth - 1))
        if isinstance(expression, ast.BoolOp):
            return tuple(option for value in expression.values for option in self._options(value, depth - 1))
        if isinstance(expression, ast.Subscript):
            index = expression.slice.value if isinstance(expression.slice, ast.Constant) else None
            holders = self._options(expression.value, depth - 1)
            return tuple(item for holder in holders for item in _items(holder, index))
        if isinstance(expression, ast.Call):
            return self._called(expression, depth - 1)
        return (expression,)

    def _called(self, call: ast.Call, depth: int) -> _OPTIONS:
        """``TABLE.get(name)``, and ``TABLE.items()`` as what a loop goes through."""
        if not isinstance(call.func, ast.Attribute) or call.func.attr != "get" or call.keywords or not call.args:
            raise _UnknownError
        default = () if len(call.args) == 1 else self._options(call.args[1], depth)
        holders = self._options(call.func.value, depth)
        if not all(isinstance(holder, ast.Dict) for holder in holders):
            raise _UnknownError
        return (*(item for holder in holders for item in _items(holder, None)), *default)

    def _values(self, name: str, depth: int) -> _OPTIONS:
        """Return the literals that a name can stand for: all of its bindings in the file."""
        options: list[ast.expr] = []
        if "*" in self._bound or (self._late and name in self._public):
            raise _UnknownError  # ``from module import *``, or another module, may bind it again
        for binding in self._bound.get(name, [None]):
            if binding is None or (isinstance(binding.value, _MUTABLE) and name in self._given_away):
                raise _UnknownError
            values = self._each(binding.value, depth) if binding.each else self._options(binding.value, depth)
            for index in binding.path:
                values = tuple(item for value in values for item in _items(value, index))
            options.extend(values)
        return tuple(options)

    def _each(self, iterated: ast.expr, depth: int) -> _OPTIONS:
        """Return what a loop goes through."""
        how = "keys"
        if isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Attribute) and not iterated.args:
            how = iterated.func.attr
            if how not in {"items", "keys", "values"}:
                raise _UnknownError
            iterated = iterated.func.value
        elif isinstance(iterated, ast.Call) and isinstance(iterated.func, ast.Name) and len(iterated.args) == 1:
            if iterated.func.id not in {"list", "reversed", "set", "sorted", "tuple"} or iterated.keywords:
                raise _UnknownError
            iterated = iterated.args[0]
        found: list[ast.expr] = []
        for holder in self._options(iterated, depth):
            if isinstance(holder, ast.Dict):
                found.extend(_of_dict(holder, how))
            else:
                found.extend(_items(holder, None))
        return tuple(found)


class _Binding:
    """What a name is bound to: a value, an element of what a loop goes through, or a part of one of these."""

    def __init__(self, value: ast.expr, *, each: bool = False, path: tuple[int, ...] = ()) -> None:
        self.value, self.each, self.path = value, each, path

    def item(self, index: int) -> _Binding:
        """Return the binding of one name of ``first, second = value``."""
        return _Binding(self.value, each=self.each, path=(*self.path, index))


def _items(holder: ast.expr, index: object) -> _OPTIONS:
    """Return what a literal holds: at an index that is known, else all."""
    if isinstance(holder, ast.Dict):
        if any(key is None for key in holder.keys):
            raise _UnknownError  # ``**others``
        return tuple(holder.values)
    if not isinstance(holder, ast.Tuple | ast.List | ast.Set) or any(isinstance(e, ast.Starred) for e in holder.elts):
        raise _UnknownError
    if isinstance(index, int) and not isinstance(index, bool) and not isinstance(holder, ast.Set):
        return (holder.elts[index],) if -len(holder.elts) <= index < len(holder.elts) else ()
    return tuple(holder.elts)


def _of_dict(holder: ast.Dict, how: str) -> _OPTIONS:
    keys = [key for key in holder.keys if key is not None]
    if len(keys) < len(holder.keys):
        raise _UnknownError  # ``**others``
    if how == "keys":
        return tuple(keys)
    if how == "values":
        return tuple(holder.values)
    return tuple(ast.Tuple([key, value], ast.Load()) for key, value in zip(keys, holder.values, strict=True))
