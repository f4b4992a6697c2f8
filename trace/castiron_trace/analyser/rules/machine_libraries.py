"""The rule for code that opens shared libraries of the system, which a static program cannot."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.protocol import APP, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class MachineLibraries:
    """Reports libraries that the code opens and no distribution brings."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._dispensable = {name for hint in context.hints.libraries for name in hint.names}

    def look(self, module: Module) -> Iterator[Step]:
        """Yield a finding for each library that no distribution brings and no hint calls dispensable."""
        environment = self._context.environment
        for line, name in module.scan.libraries:
            if not environment.has_library(name) and name not in self._dispensable:
                severity = "warning" if module.owner == APP or module.owner in environment.direct else "info"
                message = (
                    f"{name} is opened with ctypes or cffi, and no distribution brings it: the binary will not have it."
                )
                yield Notice("foreign-library", severity, f"{self._context.place(module.node)}:{line}", message)
