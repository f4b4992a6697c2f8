"""The rule for packages of distributions that folders of the application may have more of: plug-ins, by their place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.rules.base import Declaration
from castiron_trace.protocol import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class SpreadPackages:
    """Takes what the application has in folders of the package's name, such as ``twisted/plugins/finger.py``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the application's modules of a package that lists what all folders of ``sys.path`` have of it."""
        if not (module.scan.spreads_over_path or module.scan.extends_path) or self._context.is_own(module.owner):
            return
        package = module.node.name
        names = without_tests(self._context.locator.own_modules_below(package), below=package)
        for name in names:
            yield Declaration(module.node, name, 0)
        if names:
            message = f"its modules may lie in any folder of sys.path: {', '.join(names)} of the application go in."
            yield Notice("computed-import", "info", package, message)
