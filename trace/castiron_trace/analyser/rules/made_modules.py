"""The rule for modules that code puts into ``sys.modules`` or that its import hooks make: what they are goes in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from castiron_trace.analyser.locator import VENDOR_FOLDERS
from castiron_trace.analyser.rules.base import Declaration, absolute
from castiron_trace.analyser.syntax.outside_code import OUTSIDE_PATH
from castiron_trace.analyser.syntax.scan import NAME_PLACEHOLDER
from castiron_trace.protocol import APP, STDLIB

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step


class _Made(NamedTuple):
    below_only: bool
    """Whether only names below it are made."""
    target: str
    """The module under that name; empty if that is not known."""


class MadeModules:
    """Resolves imports of names that are made at run time."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._made: dict[str, _Made] = {}
        self._hooks: list[BaseNode] = []
        """Modules that add import hooks."""
        self._seen: set[tuple[str, str]] = set()
        self.names: set[str] = set()
        """Names that are imported and that a run makes: nobody misses a file of them."""
        self.own_hook = ""
        """Where the application adds an import hook or a folder from outside: file and line; empty if it does not."""
        self._named: dict[str, str] = {}
        """Names of modules that the application imports, that no file has and that it also has as a string: where."""

    def look(self, module: Module) -> Iterator[Step]:
        """Collect the names that a module makes; `close` uses them."""
        for _line, text, target in module.scan.made:
            name = text.replace(NAME_PLACEHOLDER, module.node.name)
            below_only = name.endswith(".*")
            level = len(target) - len(target.lstrip("."))
            real = absolute(module.node, target.lstrip("."), level).replace(NAME_PLACEHOLDER, module.node.name)
            self._made.setdefault(name.removesuffix(".*"), _Made(below_only, real if target else ""))
        if module.scan.import_hook:
            self._hooks.append(module.node)
        if module.owner == APP and not self.own_hook:
            outside = (place.line for place in module.scan.outside_code if place.how == OUTSIDE_PATH)
            line = module.scan.import_hook or next(outside, 0)
            self.own_hook = f"{self._context.place(module.node)}:{line}" if line else ""
        if module.owner == APP:
            lines = dict(module.scan.strings)
            for name, level, _names, _tier, _line in module.scan.imports:
                if not level and name in lines and not self._context.locator.exists(name):
                    self._named.setdefault(name, f"{self._context.place(module.node)}:{lines[name]}")
        yield from ()

    @property
    def given(self) -> dict[str, str]:
        """Names that the application may have given to a distribution's import hook, which makes them: where.

        ``Base(package="app.plugins")``, then ``from app.plugins import x``.
        """
        return self._named if self._hooks else {}

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the modules that imports of made names lead to."""
        del entry
        if not self._made and not self._hooks:
            return
        for node in list(self._context.graph.module_nodes()):
            scan = node.extension_attributes.get("scan")
            if scan is None or node.extension_attributes.get("owner") == STDLIB:
                continue
            for module, level, names, _tier, line in scan.imports:
                full = absolute(node, module.replace(NAME_PLACEHOLDER, node.name), level)
                if full and (node.identifier, full) not in self._seen and not self._context.locator.exists(full):
                    for name in self._real_names(full):
                        self._seen.add((node.identifier, full))
                        for below in (name, *(f"{name}.{item}" for item in names or ())):
                            if self._context.locator.exists(below):
                                yield Declaration(node, below, line)

    def _real_names(self, name: str) -> Iterator[str]:
        """Yield the modules that a name which has no file may mean; nothing if no code makes it."""
        base, rest = name, ""
        while base:
            made = self._made.get(base)
            if made is not None and (rest or not made.below_only):
                self._remember(base, rest)
                if made.target and made.target != base:
                    yield f"{made.target}.{rest}".rstrip(".")
                return
            base, _, part = base.rpartition(".")
            rest = f"{part}.{rest}".rstrip(".")
        for hook in self._hooks:
            if name.startswith(f"{hook.name}."):
                yield from self._vendored(hook, name)

    def _remember(self, base: str, rest: str) -> None:
        self.names.add(base)
        for part in rest.split(".") if rest else ():
            base = f"{base}.{part}"
            self.names.add(base)

    def _vendored(self, hook: BaseNode, name: str) -> Iterator[str]:
        """``package.extern.x``, whose import hook is in ``package.extern``, is ``package._vendor.x``."""
        rest = name.removeprefix(f"{hook.name}.")
        owner = hook.extension_attributes.get("owner", "")
        top = hook.name.partition(".")[0]
        installed = self._context.environment.distributions.get(owner)
        modules = sorted(installed.modules) if installed else self._context.locator.own_modules_below(top)
        for module in modules:
            if module.endswith(f".{rest}") and VENDOR_FOLDERS.intersection(module.split(".")) and module != name:
                self._remember(hook.name, rest)
                yield module
