"""The rule for modules that the environment chooses: its default is in the code, the others lie beside that."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.base import Declaration
from castiron_trace.protocol import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class EnvironmentDefaults:
    """Takes all modules of the package in which a default lies, tests too: whoever says another means one of them."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._taken: set[str] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """``os.environ.setdefault("DJANGO_SETTINGS_MODULE", "shop.settings.production")``: ``shop.settings.*``."""
        if not self._context.is_own(module.owner):
            return
        for text, line in module.scan.environment_defaults:
            package = self._package(text.partition(":")[0])
            if package in self._taken or not package:
                continue
            self._taken.add(package)
            depth = package.count(".") + 1
            for name in self._context.locator.own_modules_below(package):
                if name.count(".") == depth:
                    yield Declaration(module.node, name, line)
            message = f"the environment may name another module than {text}: all modules of {package} go in."
            yield Notice("computed-import", "info", f"{self._context.place(module.node)}:{line}", message)

    def _package(self, name: str) -> str:
        """Return the package of the own module that a name begins with (``shop.settings.Production``); or nothing."""
        package = name.rpartition(".")[0]
        while package:
            if name in self._context.locator.own_modules_below(package):
                return package
            name, package = package, package.rpartition(".")[0]
        return ""
