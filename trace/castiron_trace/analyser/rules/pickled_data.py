"""The rule for pickled data files of distributions: loading them imports modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.pickles import pickled_modules
from castiron_trace.analyser.rules.base import Declaration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Step


class PickledData:
    """Takes the modules that pickled data files of reached distributions name."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._seen: set[str] = set()

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the modules that the data of distributions name."""
        del entry
        environment = self._context.environment
        for node in list(self._context.graph.module_nodes()):
            owner = node.extension_attributes.get("owner", "")
            installed = environment.distributions.get(owner)
            if installed is None or owner in self._seen:
                continue
            self._seen.add(owner)
            files = [environment.file(path) for path in sorted(installed.data())]
            reach = environment.reach(owner)
            for name in sorted(pickled_modules(file for file in files if file.is_file())):
                if environment.modules.get(name) in reach or ("." in name and name in self._context.stdlib):
                    yield Declaration(node, name)
