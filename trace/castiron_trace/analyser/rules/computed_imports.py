"""The rule for imports whose names are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modulegraph2 import NamespacePackage, Package, Script

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.rules.base import CERTAIN_IMPORTS, Declaration, Whole, absolute, package_of
from castiron_trace.analyser.syntax.scan import NAME_PLACEHOLDER, PACKAGE_PLACEHOLDER
from castiron_trace.protocol import APP, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step


class ComputedImports:
    """Takes what the name may stand for: modules below its literal beginning, and the package around the code."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self.waiting: list[tuple[BaseNode, str, int]] = []
        """Imports of which nothing is known: `UnseenImports` says whether that matters."""

    def look(self, module: Module) -> Iterator[Step]:
        """Yield what the computed imports of one module may import."""
        for name, line in module.scan.default_modules:
            if self._context.is_own_top_level(name):
                yield Declaration(module.node, name, line)
        for line, what, begins, sure in module.scan.computed:
            family = self._family(begins, own=self._context.is_own(module.owner))
            for name in family:
                yield Declaration(module.node, name, line)
            prefix = "" if begins.endswith("*") else self._package(module, begins)
            below = modules_below(self._context, prefix, module.owner, every=what == "walk_packages", sure=sure)
            for name in below:
                yield Declaration(module.node, name, line)
            place = f"{self._context.place(module.node)}:{line}"
            if what == "find_spec":
                continue  # whether something is there is asked more often than it is imported; `OwnStrings` has names
            if module.owner == APP:
                if what in CERTAIN_IMPORTS and family:
                    message = f"{what} with a computed name: all top-level modules that begin with {begins[:-1]} go in."
                    yield Notice("computed-import", "info", place, message)
                elif what in CERTAIN_IMPORTS and not below:
                    yield from self._own(module.node, what, prefix, line)
            elif sure and below:
                message = f"{what} with a computed name: all modules of {prefix} go in."
                yield Notice("computed-import", "info", place, message)
            elif module.owner not in self._context.whole:
                message = f"{what} with a computed name: all modules of {module.owner} go in."
                yield Notice("computed-import", "info", place, message)
                yield Whole(module.node, module.owner, line)

    def _family(self, begins: str, *, own: bool) -> list[str]:
        """Return top-level modules that begin so (``f"tree_sitter_{x}"``): of distributions, for own code its own."""
        if not begins.endswith("*"):
            return []
        modules = self._context.environment.modules
        others = (name for name in modules if name.startswith(begins[:-1]) and "." not in name)
        return sorted({*others, *(self._context.locator.own_family(begins[:-1]) if own else ())})

    def _own(self, node: BaseNode, what: str, prefix: str, line: int) -> Iterator[Step]:
        """Take the packages the application may mean: what the name begins with, its own, and those it imports."""
        packages = {prefix} if prefix and self._context.locator.own_modules_below(prefix) else set()
        if not packages:
            if not isinstance(node, Script):
                packages.add(node.name if isinstance(node, Package) else node.name.rpartition(".")[0])
            packages.update(
                other.name
                for _edges, other in self._context.graph.outgoing(node)
                if isinstance(other, Package | NamespacePackage) and other.extension_attributes.get("owner") == APP
            )
        taken = []
        for package in sorted(packages - {""}):
            modules = without_tests(self._context.locator.own_modules_below(package), below=package)
            for name in modules:
                yield Declaration(node, name, line)
            if modules:
                taken.append(package)
        place = f"{self._context.place(node)}:{line}"
        if taken:
            message = f"{what} with a computed name: all modules of {', '.join(taken)} go in."
            yield Notice("computed-import", "info", place, message)
        else:
            self.waiting.append((node, what, line))

    def _package(self, module: Module, begins: str) -> str:
        """Return the package that a computed name begins with, in the place of a placeholder the module's own.

        ``iter_modules(commands.__path__)`` begins with a name of the source: after ``from . import commands`` it means
        another package.
        """
        node = module.node
        name = "" if isinstance(node, Script) else node.name
        for placeholder, actual in ((NAME_PLACEHOLDER, name), (PACKAGE_PLACEHOLDER, package_of(node))):
            if begins.startswith(placeholder):
                return actual and actual + begins.removeprefix(placeholder)
        top = begins.partition(".")[0]
        for item in module.scan.imports if top else ():
            if top in (item.names or ()):
                holder = absolute(node, item.module, item.level)
                if (holder or not item.level) and self._context.locator.exists(f"{holder}.{top}".lstrip(".")):
                    return f"{holder}.{begins}".lstrip(".")
        return begins


def modules_below(context: Context, prefix: str, owner: str, *, every: bool, sure: bool) -> list[str]:
    """Return what distributions and Python have directly below a package (or, with ``every``, at all below it).

    ``import_module(f"pkg.plugins.{name}")``, ``iter_modules(pkg.plugins.__path__)``.  A name that is ``sure`` to
    begin so may lead further down, to what ``owner`` may use.
    """
    environment = context.environment
    known: Mapping[str, object] = environment.modules
    if prefix not in known:
        known = context.stdlib
    if not prefix or prefix not in known or context.locator.is_own(prefix.partition(".")[0]):
        return []
    below = [name for name in known if name.startswith(f"{prefix}.")]
    direct = {name for name in below if every or "." not in name[len(prefix) + 1 :]}
    if sure and owner != APP and known is environment.modules:
        reach = environment.reach(owner)
        direct.update(name for name in without_tests(below, below=prefix) if environment.modules[name] in reach)
    return sorted(direct)
