"""The rule for functions that import the module which one of their arguments names: ``import_optional("x")``.

Which functions do so, the first reading of a source tells (`castiron_trace.analyser.syntax.passed_names`).  Sources
that import such a function, or a module with one, are read a second time: for their calls, and for functions that hand
the name on.  What a literal names goes in as by an import that may fail; as by an import statement only if the function
surely imports it and hides no error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Declaration, absolute, longest_module, package_of
from castiron_trace.analyser.rules.computed_imports import modules_below
from castiron_trace.analyser.syntax.expressions import IMPORTABLE_NAME
from castiron_trace.analyser.syntax.scan import (
    MAIN_BLOCK,
    NAME_PLACEHOLDER,
    PACKAGE_PLACEHOLDER,
    NamePasser,
    weaker,
)
from castiron_trace.analyser.syntax.second_reading import ALL_BELOW
from castiron_trace.protocol import STDLIB, Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Step
    from castiron_trace.analyser.syntax.scan import NamedCall, Scan
    from castiron_trace.analyser.syntax.second_reading import SecondReading

_DEEPEST = 8
"""Modules that a function's name is looked for in, one importing it from the next."""
_MOST = 16
"""Ways in which one function imports what its arguments name: functions that call each other may have any number."""


class NamedImports:
    """Follows functions from the modules that define them to their calls."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._nodes: dict[str, BaseNode] = {}
        """Modules whose sources are known."""
        self._functions: dict[str, dict[str, dict[NamePasser, None]]] = {}
        """Module -> function -> how it imports what its arguments name."""
        self._last_names: set[str] = set()
        """Of these functions, what follows the last dot."""
        self._bound: dict[str, set[str]] = {}
        """Module -> names in it by which such functions are reached."""
        self._readings: dict[str, SecondReading] = {}
        self._words: dict[str, set[str]] = {}
        """Module -> the last names of functions that it was read for."""
        self._known = 0
        """Functions and names that are known so far."""
        self._looked = (0, 0)
        """How many modules and functions there were at the last look."""

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield what calls name, of the modules that are new or concern functions that are."""
        del entry
        yield from self._take_new()
        if self._looked == (len(self._nodes), self._known):
            return
        known = -1
        while known != self._known:
            known = self._known
            self._look_at_imports()
            self._hand_on()
        self._looked = (len(self._nodes), self._known)
        best: dict[tuple[str, str], Declaration] = {}
        for module in sorted(self._readings):
            for step in self._of_module(module):
                known_step = best.setdefault((module, step.name), step)
                if (step.tier, step.line) < (known_step.tier, known_step.line):
                    best[module, step.name] = step
        for step in best.values():
            tier = self._context.graph.edge_tier(step.importer, step.name)
            if tier is None or step.tier < tier:
                yield step

    # Functions ------------------------------------------------------------------------------------------------------

    def _take_new(self) -> Iterator[Step]:
        for node in list(self._context.graph.module_nodes()):
            name = node.identifier
            if name in self._nodes or node.extension_attributes.get("owner") in {None, STDLIB}:
                continue
            scan: Scan | None = node.extension_attributes.get("scan")
            if scan is None:
                continue
            self._nodes[name] = node
            for passer in scan.passers:
                self._add(name, passer._replace(prefix=_placed(passer.prefix, node)))
                if passer.default and not passer.many:
                    whole = _placed(passer.prefix, node) + passer.default + passer.suffix
                    if self._context.locator.exists(whole):
                        yield Declaration(node, whole, passer.line, tier=Tier.LAZY)

    def _add(self, module: str, passer: NamePasser) -> None:
        functions = self._functions.setdefault(module, {}).setdefault(passer.function, {})
        if passer not in functions and len(functions) < _MOST:
            functions[passer] = None
            self._known += 1
            self._last_names.add(passer.function.rpartition(".")[2])
            self._bind(module, passer.function.partition(".")[0])

    def _bind(self, module: str, name: str) -> None:
        names = self._bound.setdefault(module, set())
        if name not in names:
            names.add(name)
            self._known += 1

    def _look_at_imports(self) -> None:
        """Read the modules again that have such a function, import one, or import a module with one."""
        for name, node in self._nodes.items():
            words = {part for function in self._functions.get(name, ()) for part in function.split(".")}
            if not self._bound.keys().isdisjoint(self._context.graph.targets(name)):
                words |= self._imported(name, node)
            if not words <= self._words.setdefault(name, set()):
                self._words[name] |= words
                owner = node.extension_attributes["owner"]
                reading = self._context.locator.read_again(file_of(node), owner, self._words[name])
                self._readings[name] = reading
                self._known += 1

    def _imported(self, name: str, node: BaseNode) -> set[str]:
        """Return the last names of the functions that a module imports, or that modules have which it imports."""
        words: set[str] = set()
        for module, level, names, _tier, _line in node.extension_attributes["scan"].imports:
            full = absolute(node, module, level)
            known = self._bound.get(full, set())
            if known and full in self._nodes and self._context.is_own(_owner(self._nodes[full])):
                words.add(full.rpartition(".")[2])  # the module itself may be passed on
            if names is None:
                words |= self._words_of(full, known)
                continue
            taken = known if "*" in names else known.intersection(names)
            for item in sorted(taken):
                self._bind(name, item)
            words |= self._words_of(full, taken)
            for item in names:
                inner = f"{full}.{item}"
                if known := self._bound.get(inner, set()):
                    words |= self._words_of(inner, known) | {item}
        return words

    def _words_of(self, module: str, names: Collection[str]) -> set[str]:
        """Return the names, and those of the methods that a class has."""
        words = set(names)
        for name in names:
            holder = self._defined(module, name, _DEEPEST)
            for function in self._functions.get(holder[0], ()) if holder else ():
                if holder and function.startswith(f"{holder[1]}."):
                    words.add(function.rpartition(".")[2])
        return words

    def _hand_on(self) -> None:
        """Add functions that hand a name on to one that is known, and what subclasses inherit."""
        for module in sorted(self._readings):
            reading = self._readings[module]
            for passer in reading.passers:
                if self._holder(module, passer.target) == (module, passer.function):
                    continue  # ``def f(name): ... f(name + ".x")``: there is no end of what that imports
                for inner in self._resolve(module, passer.target):
                    if (joined := _joined(passer, inner)) is not None:
                        self._add(module, joined)
            for name, base in reading.bases:
                holder = self._holder(module, base)
                for function, passers in list(self._functions.get(holder[0], {}).items()) if holder else ():
                    if holder and (function == holder[1] or function.startswith(f"{holder[1]}.")):
                        for passer in list(passers):
                            self._add(module, passer._replace(function=name + function[len(holder[1]) :]))

    def _resolve(self, module: str, target: str) -> tuple[NamePasser, ...]:
        """Return what a function does with its arguments, whatever module it is named in."""
        if target.rpartition(".")[2].lstrip(":") not in self._last_names:
            return ()
        holder = self._holder(module, target)
        return () if holder is None else tuple(self._functions.get(holder[0], {}).get(holder[1], ()))

    def _holder(self, module: str, target: str, depth: int = _DEEPEST) -> tuple[str, str] | None:
        """Return the module that defines what a dotted name means there, and its name in that module."""
        if target.startswith(":"):
            return module, target[1:]
        node = self._nodes[module]
        full = absolute(node, target.lstrip("."), len(target) - len(target.lstrip(".")))
        place = full.rpartition(".")[0]
        while place and place not in self._bound:
            place = place.rpartition(".")[0]
        return self._defined(place, full[len(place) + 1 :], depth) if place else None

    def _defined(self, module: str, name: str, depth: int) -> tuple[str, str] | None:
        functions = self._functions.get(module, {})
        if name in functions or any(item.startswith(f"{name}.") for item in functions):
            return module, name
        node = self._nodes.get(module)
        first = name.partition(".")[0]
        if node is None or depth == 0:
            return None
        for imported, level, names, _tier, _line in node.extension_attributes["scan"].imports:
            if names is not None and (first in names or "*" in names):
                full = absolute(node, imported, level)
                if full in self._bound and full != module and (found := self._defined(full, name, depth - 1)):
                    return found
        return None

    # What is not followed -------------------------------------------------------------------------------------------

    def own_readings(self) -> Iterator[tuple[str, SecondReading]]:
        """Yield the application's own modules that define or use such functions, sorted, with what they say."""
        for name in sorted(self._readings):
            if self._context.is_own(_owner(self._nodes[name])):
                yield name, self._readings[name]

    def own_reading(self, module: str) -> SecondReading:
        """Return what one of them says."""
        return self._readings[module]

    def node(self, module: str) -> BaseNode:
        """Return the node of a module that `own_readings` has named."""
        return self._nodes[module]

    def means(self, module: str, target: str) -> tuple[str, str] | None:
        """Return the module that defines what a dotted name means in ``module``, and its name there; None if unknown.

        The name is that of a function which imports what an argument names, or empty: the module itself.
        """
        if not target.startswith(":"):
            full = absolute(self._nodes[module], target.lstrip("."), len(target) - len(target.lstrip(".")))
            if full in self._functions:
                return full, ""
        return self._holder(module, target)

    # Calls ----------------------------------------------------------------------------------------------------------

    def _of_module(self, module: str) -> Iterator[Declaration]:
        node = self._nodes[module]
        handed_on = {(item.target, item.line) for item in self._readings[module].passers}
        for call in self._readings[module].calls:
            tier = call.tier
            if tier >= MAIN_BLOCK:
                if not self._context.graph.is_main(node):
                    continue
                tier -= MAIN_BLOCK
            for passer in self._resolve(module, call.target):
                sure = _is_sure(passer, call)
                for text in _texts(passer, call):
                    if text.endswith(ALL_BELOW):
                        if (call.target, call.line) in handed_on:
                            continue  # ``def f(name): optional("package." + name)``: the calls of f say more
                        yield from self._all_below(node, passer, text.removesuffix(ALL_BELOW), call.line)
                    elif (step := self._step(node, passer, text, tier, call.line, sure=sure)) is not None:
                        yield step

    def _step(
        self, node: BaseNode, passer: NamePasser, text: str, tier: int, line: int, *, sure: bool
    ) -> Declaration | None:
        relative = text.lstrip(".")
        name = passer.prefix + text + passer.suffix
        if relative != text:
            name = "" if passer.prefix else absolute(node, relative + passer.suffix, len(text) - len(relative))
        if not IMPORTABLE_NAME.fullmatch(name):
            return None
        if sure and relative == text:
            return Declaration(node, name, line, tier=Tier(tier))
        optional = Tier(weaker(tier, Tier.GUARDED))
        if self._context.locator.exists(name) or (passer.exact and self._context.is_own(_owner(node))):
            return Declaration(node, name, line, tier=optional)
        known = self._context.environment.modules
        longest = longest_module(name, known) or longest_module(name, self._context.stdlib)
        return None if longest is None or "." not in name else Declaration(node, longest, line, tier=optional)

    def _all_below(self, node: BaseNode, passer: NamePasser, begins: str, line: int) -> Iterator[Declaration]:
        """Yield the modules that a name may mean which begins with a package: as for `import_module` itself."""
        for name in self.below(node, passer, begins):
            yield Declaration(node, name, line)

    def below(self, node: BaseNode, passer: NamePasser, begins: str) -> list[str]:
        """Return the modules below the package that an argument begins with, in a call that ``node`` makes."""
        package = passer.prefix + _placed(begins, node)
        locator = self._context.locator
        if locator.is_own(package.partition(".")[0]):
            return without_tests(locator.own_modules_below(package), below=package)
        return modules_below(self._context, package, _owner(node), every=False, sure=True)


def _owner(node: BaseNode) -> str:
    owner: str = node.extension_attributes["owner"]
    return owner


def _placed(prefix: str, node: BaseNode) -> str:
    return prefix.replace(NAME_PLACEHOLDER, node.name).replace(PACKAGE_PLACEHOLDER, package_of(node))


def _is_sure(passer: NamePasser, call: NamedCall) -> bool:
    return passer.sure and call.sure and _has_defaults(passer, call.given)


def _has_defaults(passer: NamePasser, given: tuple[int | str, ...]) -> bool:
    """Say whether the parameters that decide about a failure are not among the arguments."""
    return "*" not in given and not any(name in given or index in given for name, index in passer.deciding)


def takes(passer: NamePasser, key: int | str) -> bool:
    """Say whether an argument is the one with the name."""
    if isinstance(key, str):
        return key == passer.parameter and passer.many != "rest"
    return key >= passer.position if passer.many == "rest" else key == passer.position


def _texts(passer: NamePasser, call: NamedCall) -> Iterator[str]:
    for key, is_list, texts in call.arguments:
        if takes(passer, key) and is_list == (passer.many == "items"):
            yield from texts


def _joined(outer: NamePasser, inner: NamePasser) -> NamePasser | None:
    """Return what a function does that hands a name on to ``inner``; None if that takes another argument for it."""
    if not takes(inner, outer.argument) or (inner.many == "items" and outer.many):
        return None
    return outer._replace(
        many="items" if inner.many == "items" else outer.many,
        prefix=inner.prefix + outer.prefix,
        suffix=outer.suffix + inner.suffix,
        exact=outer.exact and inner.exact,
        target="",
        argument=0,
        given=(),
        sure=outer.sure and inner.sure and _has_defaults(inner, outer.given),
    )
