"""Finds functions that import the module which one of their arguments names: by data flow, whatever they are called.

``def import_optional(name): ... import_module(name)``, a class whose constructor keeps the name until a method imports
it, ``*names``, ``f"package.{name}"``, and functions that hand the name on to another function, of this source or not.
What can be said of one source is a `NamePasser`; `castiron_trace.analyser.rules.named_imports` follows them from module
to module.
"""

from __future__ import annotations

import ast
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from castiron_trace.analyser.syntax.expressions import dotted_name, keyword_argument, name_of
from castiron_trace.analyser.syntax.import_calls import IMPORTS
from castiron_trace.analyser.syntax.name_flow import FUNCTIONS, Flow, Names, constructor_fields, parameters_of
from castiron_trace.analyser.syntax.nodes import nodes_of
from castiron_trace.analyser.syntax.scan import NAME_PLACEHOLDER, PACKAGE_PLACEHOLDER, NamePasser
from castiron_trace.analyser.syntax.sure_calls import surely_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from castiron_trace.analyser.syntax.name_flow import Function
    from castiron_trace.analyser.syntax.nodes import Tree

_LOADS = frozenset({"module_from_spec", "exec_module", "load_module", "LazyLoader"})
"""What makes of `find_spec` more than a question."""
HARMLESS_DECORATORS = frozenset({"cache", "classmethod", "lru_cache", "staticmethod"})
"""They call the function that they decorate."""
_OWN_PACKAGES = {
    "__name__": NAME_PLACEHOLDER,
    "__package__": PACKAGE_PLACEHOLDER,
    "__spec__.parent": PACKAGE_PLACEHOLDER,
}
IMPORT_SYSTEM = ""
"""The target of names that are imported at once."""


class _Place(NamedTuple):
    """A function and where it stands."""

    node: Function
    holder: ast.ClassDef | None


def name_passers(tree: Tree, target: Callable[[ast.Call], str | None]) -> list[NamePasser]:
    """Return the functions of a source that hand parameters on, in their order.

    ``target`` says what a call leads to: `IMPORT_SYSTEM`, the name of a function, None if the call does not matter.
    """
    found: dict[NamePasser, None] = {}
    classes: dict[ast.ClassDef, list[_Place]] = {}
    concerned = _around(tree, (call for call in tree.calls if target(call) is not None))
    if not concerned:
        return []
    bound = _bound(tree)
    for place in _places(tree.root, concerned):
        once = bound[place.node.name] == 1
        found.update(dict.fromkeys(p if once else p._replace(sure=False) for p in _of_function(place, target)))
        if place.holder is not None:
            classes.setdefault(place.holder, []).append(place)
    for holder, methods in classes.items():
        found.update(dict.fromkeys(_of_class(holder, methods, target)))
    return list(found)


def import_target(aliases: Iterable[str]) -> Callable[[ast.Call], str | None]:
    """Return what says whether a call gives its first argument to the import system, which ``aliases`` call, too."""
    names = frozenset({*IMPORTS, "find_spec", *aliases})
    return lambda call: IMPORT_SYSTEM if name_of(call.func) in names else None


def given_arguments(call: ast.Call) -> tuple[int | str, ...]:
    """Return the positions and keywords of a call's arguments; ``*`` if it unpacks some."""
    given: list[int | str] = [*range(len(call.args)), *(item.arg or "*" for item in call.keywords)]
    return (*given, "*") if any(isinstance(item, ast.Starred) for item in call.args) else tuple(given)


def _around(tree: Tree, calls: Iterable[ast.Call]) -> set[ast.AST]:
    """Return these calls and all that they are parts of."""
    around: set[ast.AST] = set()
    for call in calls:
        node: ast.AST | None = call
        while node is not None and node not in around:
            around.add(node)
            node = tree.parents.get(node)
    return around


def _places(tree: ast.AST, concerned: Collection[ast.AST]) -> Iterator[_Place]:
    """Yield those functions that are ``concerned``."""
    todo: list[tuple[ast.AST, ast.ClassDef | None]] = [(tree, None)]
    while todo:
        node, holder = todo.pop()
        for child in ast.iter_child_nodes(node):
            if child not in concerned:
                continue
            if isinstance(child, FUNCTIONS):
                yield _Place(child, holder)
                todo.append((child, None))
            else:
                todo.append((child, child if isinstance(child, ast.ClassDef) else holder))


def _bound(tree: Tree) -> Counter[str]:
    """Return how often a name is bound in a source, by what is more than a signature for type checkers."""
    bound: Counter[str] = Counter()
    for node in tree.parents:
        if isinstance(node, ast.Name):
            bound[node.id] += isinstance(node.ctx, ast.Store)
        elif isinstance(node, FUNCTIONS):
            bound[node.name] += "overload" not in map(name_of, node.decorator_list)
    return bound


def _of_function(place: _Place, target: Callable[[ast.Call], str | None]) -> Iterator[NamePasser]:
    node, holder = place
    static = any(name_of(item) == "staticmethod" for item in node.decorator_list)
    names: Names | None = None
    name = node.name if holder is None else f"{holder.name}.{node.name}"
    if node.name == "__init__" and holder is not None:
        name = holder.name
    plain = node if isinstance(node, ast.FunctionDef) and _is_called_as_it_is(node) else None
    for call in _calls(node):
        leads_to = target(call)
        if leads_to is None or (leads_to == IMPORT_SYSTEM and not _imports(call, node)):
            continue
        names = names or Names(node, parameters_of(node, bound=holder is not None and not static))
        for key, flow in _flows(call, names, leads_to):
            sure = False
            deciding: tuple[str, ...] = ()
            if plain is not None and flow.exact and not flow.iterated and name_of(call.func) != "find_spec":
                sure, deciding = surely_calls(plain, call)
            places = tuple((item, names.parameters[item].position) for item in deciding)
            yield _passer(name, flow, leads_to, key, call)._replace(sure=sure, deciding=places)


def _of_class(
    holder: ast.ClassDef, methods: list[_Place], target: Callable[[ast.Call], str | None]
) -> Iterator[NamePasser]:
    """Yield what the constructor keeps and another method imports: at what time, nobody can say."""
    kept: Mapping[str, Flow] = constructor_fields(holder)
    for place in methods if kept else ():
        if place.node.name == "__init__":
            continue
        names: Names | None = None
        for call in _calls(place.node):
            leads_to = target(call)
            if leads_to is not None and (leads_to != IMPORT_SYSTEM or _imports(call, place.node)):
                names = names or Names(place.node, (), kept)
                for key, flow in _flows(call, names, leads_to):
                    yield _passer(holder.name, flow, leads_to, key, call)


def _is_called_as_it_is(node: ast.FunctionDef) -> bool:
    """Say whether decorators call the function whenever what they make of it is called."""
    decorators = (item.func if isinstance(item, ast.Call) else item for item in node.decorator_list)
    return all(name_of(item) in HARMLESS_DECORATORS for item in decorators)


def _passer(name: str, flow: Flow, target: str, key: int | str, call: ast.Call) -> NamePasser:
    return NamePasser(
        function=name,
        parameter=flow.parameter.name,
        position=flow.parameter.position,
        many="rest" if flow.parameter.rest else "items" if flow.iterated else "",
        prefix=flow.prefix,
        suffix=flow.suffix,
        exact=flow.exact,
        target=target,
        argument=key,
        given=() if target == IMPORT_SYSTEM else given_arguments(call),
        sure=False,
        deciding=(),
        default=flow.parameter.default,
        line=call.lineno,
    )


def _flows(call: ast.Call, names: Names, target: str) -> Iterator[tuple[int | str, Flow]]:
    """Yield the arguments of a call that parameters flow into."""
    if target == IMPORT_SYSTEM:
        argument = call.args[0] if call.args else keyword_argument(call, "name")
        flow = None if argument is None else names.flow(argument)
        if flow is not None and _names_modules(flow) and (whole := _absolute(flow, call)):
            yield 0, whole
        return
    arguments: list[tuple[int | str, ast.expr]] = [*enumerate(call.args)]
    arguments.extend((item.arg, item.value) for item in call.keywords if item.arg is not None)
    for key, value in arguments:
        flow = names.flow(value)
        if flow is not None and _names_modules(flow):
            yield key, flow


def _names_modules(flow: Flow) -> bool:
    """Say whether it is the argument or one of its elements; of ``*names``, one of them."""
    return flow.iterated == 1 or (flow.iterated == 0 and not flow.parameter.rest)


def _absolute(flow: Flow, call: ast.Call) -> Flow | None:
    """``import_module("." + name, __package__)``: the package becomes part of the prefix."""
    if not flow.prefix.startswith("."):
        return flow
    package = call.args[1] if len(call.args) > 1 else keyword_argument(call, "package")
    if isinstance(package, ast.Constant) and isinstance(package.value, str):
        begins = package.value
    else:
        begins = _OWN_PACKAGES.get(dotted_name(package) if package is not None else "__package__", "")
    return flow._replace(prefix=begins + flow.prefix) if begins and not flow.prefix.startswith("..") else None


def _imports(call: ast.Call, node: Function) -> bool:
    """Say whether a call imports: `find_spec` does if what it finds is loaded in the same function."""
    if name_of(call.func) != "find_spec":
        return True
    return any(name_of(item) in _LOADS for item in nodes_of(node) if isinstance(item, ast.Attribute | ast.Name))


def _calls(node: Function) -> Iterator[ast.Call]:
    return (item for statement in node.body for item in nodes_of(statement) if isinstance(item, ast.Call))
