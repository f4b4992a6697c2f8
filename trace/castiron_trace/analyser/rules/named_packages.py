"""The rule for packages of distributions that the application's settings name: a framework looks into them.

``INSTALLED_APPS = ["rest_framework", "crispy_forms"]``: of each, Django imports the modules that have the names which
it expects - models, template tags, commands, migrations -, and templates name template tags that no code does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.rules.base import Declaration, reached_modules

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step


class NamedPackages:
    """Takes all modules of such packages, once the framework is reached."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._named: dict[str, tuple[BaseNode, int]] = {}
        """Package that a string of the application names, or names a module of -> the first place."""
        self._taken: set[str] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """Collect the packages that the strings of one own module name; `close` uses them."""
        if self._context.hints.named_packages and self._context.is_own(module.owner):
            for text, line in module.scan.strings:
                for package in self._packages(text):
                    self._named.setdefault(package, (module.node, line))
        yield from ()

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the modules of the packages of reached frameworks."""
        del entry
        locator = self._context.locator
        reached = reached_modules(self._context)
        for hint in self._context.hints.named_packages:
            if hint.module not in reached:
                continue
            for package in sorted(self._named.keys() - self._taken):
                if any(f"{package}.{name}" in self._context.environment.modules for name in hint.has):
                    self._taken.add(package)
                    node, line = self._named[package]
                    for name in without_tests(locator.package_with_all(package), below=package):
                        yield Declaration(node, name, line)

    def _packages(self, text: str) -> Iterator[str]:
        """``shop``, and ``shop`` of ``shop.apps.ShopConfig``."""
        modules = self._context.environment.modules
        names = text.split(".")
        for end in range(len(names), 0, -1):
            if ".".join(names[:end]) in modules:
                yield text if end == len(names) else ".".join(names[: end - 1])
                return
