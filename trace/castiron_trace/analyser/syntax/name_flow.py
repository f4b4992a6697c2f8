"""Follows a function's parameters through its expressions: what of an argument's text arrives where."""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from castiron_trace.analyser.syntax.expressions import dotted_name, name_of
from castiron_trace.analyser.syntax.nodes import nodes_of
from castiron_trace.analyser.syntax.scan import NAME_PLACEHOLDER, PACKAGE_PLACEHOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

Function = ast.FunctionDef | ast.AsyncFunctionDef
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_DEEPEST = 8
"""Steps from an expression to the parameter."""
_CHANGES = frozenset({"lower", "lstrip", "partition", "removeprefix", "removesuffix", "replace", "rpartition"}) | {
    *("rsplit", "rstrip", "split", "strip")
}
"""Methods of a string that leave a part of it."""
_OWN_NAMES = {"__name__": NAME_PLACEHOLDER, "__package__": PACKAGE_PLACEHOLDER}


class Parameter(NamedTuple):
    """A parameter, as a caller sees it."""

    name: str
    position: int
    """Without ``self``; -1 if it can be given by its name alone."""
    rest: bool = False
    """Whether it takes all further positional arguments."""
    default: str = ""
    """If that is a string."""


class Flow(NamedTuple):
    """What an expression has of a parameter: ``prefix + argument + suffix``."""

    parameter: Parameter
    prefix: str = ""
    suffix: str = ""
    exact: bool = True
    """Whether the expression is surely that; else it may be a part of the argument, or something else."""
    iterated: int = 0
    """1 if it is one of the argument's elements."""


def parameters_of(node: Function, *, bound: bool) -> tuple[Parameter, ...]:
    """Return the parameters of a function; with ``bound``, the first is not given by callers."""
    arguments = node.args
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [*[None] * (len(positional) - len(arguments.defaults)), *arguments.defaults]
    first = 1 if bound else 0
    found = [
        Parameter(item.arg, index - first, default=_text(default))
        for index, (item, default) in enumerate(zip(positional, defaults, strict=True))
        if index >= first
    ]
    if arguments.vararg is not None:
        found.append(Parameter(arguments.vararg.arg, max(len(positional) - first, 0), rest=True))
    found.extend(
        Parameter(item.arg, -1, default=_text(default))
        for item, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    )
    return tuple(found)


def constructor_fields(holder: ast.ClassDef) -> dict[str, Flow]:
    """Return what attributes of a class's objects have of its constructor's parameters: ``self.name`` -> that."""
    kept: dict[str, Flow] = {}
    attributes = (item for item in nodes_of(holder) if isinstance(item, ast.Attribute))
    bound = Counter(item.attr for item in attributes if not isinstance(item.ctx, ast.Load))
    for node in holder.body:
        if isinstance(node, FUNCTIONS) and node.name == "__init__" and node.args.args:
            names = Names(node, parameters_of(node, bound=True))
            own = node.args.args[0].arg
            for item in nodes_of(node):
                if isinstance(item, ast.Assign | ast.AnnAssign) and item.value is not None:
                    for target in item.targets if isinstance(item, ast.Assign) else [item.target]:
                        if dotted_name(target) == f"{own}.{name_of(target)}" and (flow := names.flow(item.value)):
                            once = bound[name_of(target)] == 1
                            kept[f"self.{name_of(target)}"] = flow._replace(exact=flow.exact and once)
                elif isinstance(item, ast.Call) and name_of(item.func) == "__init__" and item.args:
                    # ``super().__init__(name)`` of a subclass of `types.ModuleType`, whose name it is then
                    flow = names.flow(item.args[-1] if dotted_name(item.func) else item.args[0])
                    if flow is not None:
                        kept.setdefault("self.__name__", flow)
    if any(name_of(item.func if isinstance(item, ast.Call) else item) == "dataclass" for item in holder.decorator_list):
        fields = [n for n in holder.body if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)]
        for index, item in enumerate(fields):
            name = name_of(item.target)
            kept[f"self.{name}"] = Flow(Parameter(name, index), exact=not bound[name])
    return kept


class Names:
    """Answers for the expressions of one function."""

    def __init__(self, node: Function, parameters: Iterable[Parameter], kept: Mapping[str, Flow] | None = None) -> None:
        """``kept`` is what attributes (``self.name``) have of the constructor's parameters."""
        self.parameters = {item.name: item for item in parameters}
        self._kept = kept or {}
        self._self = node.args.args[0].arg if kept and node.args.args else ""
        self._bound: dict[str, list[tuple[ast.expr | None, bool]]] = {}
        """Name -> what it is bound to, and whether to the elements of that."""
        for item in nodes_of(node):
            self._look(item)

    def flow(self, expression: ast.expr, depth: int = _DEEPEST) -> Flow | None:
        """Return what an expression has of a parameter; None if it has nothing, or if that cannot be told."""
        if depth == 0:
            return None
        if isinstance(expression, ast.Name):
            return self._of_name(expression.id, depth - 1)
        if isinstance(expression, ast.Attribute):
            dotted = dotted_name(expression)
            return self._kept.get("self." + dotted.removeprefix(f"{self._self}.")) if self._self else None
        if isinstance(expression, ast.NamedExpr):
            return self.flow(expression.value, depth - 1)
        if isinstance(expression, ast.Subscript):
            return _inexact(self.flow(expression.value, depth - 1))
        if isinstance(expression, ast.IfExp):
            return self._one_of((expression.body, expression.orelse), depth)
        if isinstance(expression, ast.BoolOp):
            return self._one_of(expression.values, depth)
        if isinstance(expression, ast.JoinedStr):
            parts = [part.value if isinstance(part, ast.FormattedValue) else part for part in expression.values]
            return self._joined(parts, depth)
        if isinstance(expression, ast.BinOp):
            if isinstance(expression.op, ast.Add):
                return self._joined([expression.left, expression.right], depth)
            if isinstance(expression.op, ast.Mod):
                return self._template(expression.left, "%s", [expression.right], depth)
            return None
        return self._called(expression, depth) if isinstance(expression, ast.Call) else None

    def _of_name(self, name: str, depth: int) -> Flow | None:
        bindings = self._bound.get(name, [])
        if name in self.parameters:
            return Flow(self.parameters[name], exact=not bindings)
        for value, each in bindings:
            flow = None if value is None else self.flow(value, depth)
            if flow is not None:
                flow = flow if len(bindings) == 1 else _inexact(flow)
                return flow if flow is None or not each else flow._replace(iterated=flow.iterated + 1)
        return None

    def _one_of(self, options: Iterable[ast.expr], depth: int) -> Flow | None:
        return next((_inexact(flow) for option in options if (flow := self.flow(option, depth - 1))), None)

    def _joined(self, parts: list[ast.expr], depth: int) -> Flow | None:
        before, found = "", None
        for part in parts:
            text = part.value if isinstance(part, ast.Constant) else _OWN_NAMES.get(dotted_name(part))
            if isinstance(text, str):
                if found is None:
                    before += text
                else:
                    found = found._replace(suffix=found.suffix + text)
                continue
            flow = self.flow(part, depth - 1)
            if flow is None or found is not None:
                return None
            found = flow._replace(prefix=before + flow.prefix)
        return found

    def _template(self, template: ast.expr, mark: str, values: list[ast.expr], depth: int) -> Flow | None:
        if not isinstance(template, ast.Constant) or not isinstance(template.value, str):
            return None
        if len(values) == 1 and isinstance(values[0], ast.Tuple):
            values = values[0].elts
        before, found, after = template.value.partition(mark)
        if not found or len(values) != 1 or mark[0] in before + after:
            return None
        return self._joined([ast.Constant(before), values[0], ast.Constant(after)], depth)

    def _called(self, call: ast.Call, depth: int) -> Flow | None:
        name = name_of(call.func)
        if isinstance(call.func, ast.Attribute):
            if name == "format":
                return self._template(call.func.value, "{}", call.args, depth)
            if name == "get":  # ``TABLE.get(name, name)``
                return self._one_of(call.args, depth)
            if name in _CHANGES:
                return _inexact(self.flow(call.func.value, depth - 1))
        if name in {"str", "cast"} and call.args:
            return self.flow(call.args[-1], depth - 1)
        return None

    def _look(self, node: ast.AST) -> None:
        if isinstance(node, ast.Assign):
            for target in node.targets:
                self._bind(target, node.value)
        elif isinstance(node, ast.AnnAssign | ast.NamedExpr):
            if node.value is not None:
                self._bind(node.target, node.value)
        elif isinstance(node, ast.AugAssign):
            self._bind(node.target, None)
        elif isinstance(node, ast.For | ast.AsyncFor | ast.comprehension):
            self._bind(node.target, node.iter, each=True)

    def _bind(self, target: ast.expr, value: ast.expr | None, *, each: bool = False) -> None:
        if isinstance(target, ast.Name):
            self._bound.setdefault(target.id, []).append((value, each))
        elif isinstance(target, ast.Tuple | ast.List):
            for item in target.elts:
                # ``module, _, name = text.partition(":")``: a part of it
                part = None if value is None or each else ast.Subscript(value, ast.Constant(0), ast.Load())
                self._bind(item, part)


def _inexact(flow: Flow | None) -> Flow | None:
    return None if flow is None else flow._replace(exact=False)


def _text(default: ast.expr | None) -> str:
    return default.value if isinstance(default, ast.Constant) and isinstance(default.value, str) else ""
