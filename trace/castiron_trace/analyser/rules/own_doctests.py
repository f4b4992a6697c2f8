"""The rule for examples in documents and docstrings of the application, if it runs them with `doctest`."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Declaration, imported_names
from castiron_trace.analyser.syntax.scanner import scan_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Step

_RUNNER = "doctest"
_IMPORT = re.compile(r"^[ \t]*(?:>>>|\.\.\.)[ \t]+((?:import|from)[ \t].+)$", re.MULTILINE)
_DOCUMENTS = (".txt", ".rst", ".md", ".doctest")
_LARGEST = 1 << 20
"""Bytes of a document in which examples are looked for."""


class OwnDoctests:
    """Takes what the examples import: those of reached own modules, and of the documents that these name."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._read: set[Path] = set()

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the modules; none unless an own module imports `doctest`."""
        del entry
        nodes = [
            node
            for node in self._context.graph.module_nodes()
            if self._context.is_own(node.extension_attributes.get("owner")) and "scan" in node.extension_attributes
        ]
        if not any(item.module == _RUNNER for node in nodes for item in node.extension_attributes["scan"].imports):
            return
        for node in nodes:
            for file in self._files(node):
                if file not in self._read and file.is_file() and file.stat().st_size <= _LARGEST:
                    self._read.add(file)
                    yield from self._imports(node, file)

    def _files(self, node: BaseNode) -> Iterator[Path]:
        place = file_of(node)
        if place is None or not place.endswith(".py"):
            return
        yield Path(place)
        for text, _line in node.extension_attributes["scan"].strings:
            if text.endswith(_DOCUMENTS) and "\0" not in text:
                for folder in (Path(place).parent, *map(Path, self._context.roots)):
                    if os.path.isfile(folder / text):  # noqa: PTH113 - of any string, as it is
                        yield folder / text

    def _imports(self, node: BaseNode, file: Path) -> Iterator[Step]:
        for code in _IMPORT.findall(file.read_bytes().decode("utf-8", "replace")):
            scan = scan_source(code.encode(), own=True, hints=self._context.hints.sources)
            for name in imported_names(scan, self._context.locator):
                yield Declaration(node, name)
