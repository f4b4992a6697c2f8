"""The rule for distributions that the user asks for and nothing imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.base import Whole
from castiron_trace.protocol import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Step


class UnusedRequirements:
    """Takes all modules of distributions that the user asks for, that no other needs, and that no import leads to.

    They are probably named at run time: a build back end, a plug-in, a server's worker class.  What the user's own
    project requires was asked for, too.
    """

    def __init__(self, context: Context) -> None:
        self._context = context

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the distributions that nothing has brought in."""
        environment = self._context.environment
        projects = environment.projects
        needed = {other for name, others in environment.requires.items() if name not in projects for other in others}
        reached = {node.extension_attributes.get("owner") for node in self._context.graph.module_nodes()}
        asked = environment.asked_for().union(*(environment.requires[name] for name in projects))
        asked &= environment.distributions.keys()
        for name in sorted(asked - needed - reached - self._context.whole):
            yield Notice("unused-requirement", "info", name, "No import of it is seen, so all its modules go in.")
            yield Whole(entry, name)
