"""The rule for imports whose names are computed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modulegraph2 import NamespacePackage, Package, Script

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.rules.base import CERTAIN_IMPORTS, Declaration, Whole
from castiron_trace.protocol import APP, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step


class ComputedImports:
    """Takes what the name may stand for: modules below its literal beginning, and the package around the code."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield what the computed imports of one module may import."""
        for line, what, prefix in module.scan.computed:
            below = self._below(prefix, every=what == "walk_packages")
            for name in below:
                yield Declaration(module.node, name, line)
            place = f"{self._context.place(module.node)}:{line}"
            if what == "find_spec":
                continue  # whether something is there is asked more often than it is imported; `OwnStrings` has names
            if module.owner == APP:
                if what in CERTAIN_IMPORTS and not below:
                    yield from self._own(module.node, what, prefix, line)
            elif module.owner not in self._context.whole:
                message = f"{what} with a computed name: all modules of {module.owner} go in."
                yield Notice("computed-import", "info", place, message)
                yield Whole(module.node, module.owner, line)

    def _own(self, node: BaseNode, what: str, prefix: str, line: int) -> Iterator[Step]:
        """Take the packages the application may mean: what the name begins with, its own, and those it imports."""
        if prefix:
            packages = {prefix}
        else:
            packages = set()
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
            message = (
                f"{what} with a computed name: the trace does not see which modules of the application it imports. "
                "Watch a run with --run, or name the modules with --include."
            )
            yield Notice("computed-import", "warning", place, message)

    def _below(self, prefix: str, *, every: bool) -> list[str]:
        """Return what distributions and Python have directly below a package (or, with ``every``, at all below it).

        ``import_module(f"pkg.plugins.{name}")``, ``iter_modules(pkg.plugins.__path__)``.
        """
        known: Mapping[str, object] = self._context.environment.modules
        if prefix not in known:
            known = self._context.stdlib
        if not prefix or prefix not in known or self._context.locator.is_own(prefix.partition(".")[0]):
            return []
        start = f"{prefix}."
        return sorted(name for name in known if name.startswith(start) and (every or "." not in name[len(start) :]))
