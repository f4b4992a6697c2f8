"""The rule for programs that run code which is not part of them and may import anything."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.base import Whole
from castiron_trace.protocol import APP, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step


class RunsOutsideCode:
    """Finds out whether the program does that; if so, takes all modules of the distributions that the user asks for."""

    def __init__(self, context: Context, *, known: bool | None) -> None:
        """``known`` is what the user says; None to find out from the program's code."""
        self._context = context
        self._known = known
        self._closed = False

    @property
    def applies(self) -> bool:
        """Whether the program runs code that is not part of it."""
        return self._known is True

    def look(self, module: Module) -> Iterator[Step]:
        """Look for it in the code that counts.

        That is the user's own code and, if the program is a command of a distribution, that distribution and those that
        the user asks for and no other needs: a lock file asks for all.  Other libraries have many functions that the
        program may never call.
        """
        program = self._context.program
        counts = module.owner == APP or (program and module.owner in {program, *self._context.environment.own_wishes})
        if not counts or not module.scan.outside_code or self._known is not None:
            return
        self._known = True
        line, what = module.scan.outside_code[0]
        message = (
            f"{what}: the program runs code that is not part of it, so the whole standard library goes in "
            "(--stdlib used: only what is seen to be imported)."
        )
        yield Notice("outside-code", "info", f"{self._context.place(module.node)}:{line}", message)

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Take the distributions that the user asks for: code from outside may import any module of them."""
        if not self.applies or self._closed:
            return
        self._closed = True
        environment = self._context.environment
        for name in sorted({*environment.direct, self._context.program} & environment.distributions.keys()):
            yield Whole(entry, name)
