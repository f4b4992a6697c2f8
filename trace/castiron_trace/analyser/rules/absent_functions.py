"""The rule for functions that ordinary builds of the standard library have, and the executable's does not."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.conditional import ABSENT
from castiron_trace.protocol import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class AbsentFunctions:
    """Reports the application's own code that uses one: libraries ask whether it is there."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield a finding for each such function that one own module names."""
        if self._context.is_own(module.owner):
            for name in sorted(ABSENT.keys() & set(module.scan.mentions)):
                yield Notice("absent-function", "warning", self._context.place(module.node), ABSENT[name])
