"""The rule for ``.pth`` files of distributions: what they run when the interpreter starts goes in, and they with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from modulegraph2 import AliasNode

from castiron_trace.analyser.rules.base import Declaration, SourceFile, imported_names, longest_module
from castiron_trace.analyser.syntax.scanner import scan_source
from castiron_trace.protocol import Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.path_files import PathFile
    from castiron_trace.analyser.rules.base import Context, Step

_READER = "site"
"""The module of the standard library that processes them."""
_SHOWN = 100
"""Characters of a line in a message."""


class StartCode:
    """Takes files that add folders to ``sys.path`` or run code.

    One that does nothing but make names, as hints say, is taken if one of them is imported.
    """

    def __init__(self, context: Context) -> None:
        self._context = context
        self._makes: dict[str, list[str]] = {}
        """File -> the names that it makes, by hints."""
        for alias in context.hints.aliases:
            if alias.made_by:
                self._makes.setdefault(alias.made_by, []).append(alias.module)
        self._taken: set[str] = set()

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the files that are needed, and what they import."""
        environment = self._context.environment
        for name, file in sorted(environment.path_files.items()):
            if name not in self._taken and (file.folders or file.runs) and self._is_needed(name):
                self._taken.add(name)
                yield SourceFile(str(environment.file(name)))
                yield Declaration(entry, _READER)
                yield from self._imports(entry, name, file)

    def _is_needed(self, name: str) -> bool:
        made = self._makes.get(name)
        return made is None or any(isinstance(self._context.graph.find_node(alias), AliasNode) for alias in made)

    def _imports(self, entry: BaseNode, name: str, file: PathFile) -> Iterator[Step]:
        environment = self._context.environment
        for line in file.code:
            owner = environment.owners.get(name, name)
            shown = line if len(line) <= _SHOWN else f"{line[:_SHOWN]}..."
            yield Notice("start-code", "info", owner, f"{name} runs code when the program starts: {shown}")
            scan = scan_source(line.encode(), own=True, hints=self._context.hints.sources)
            for full in imported_names(scan, self._context.locator):
                yield Declaration(entry, full)
            for text, _line in scan.strings:
                if (known := longest_module(text, environment.modules)) == text:
                    yield Declaration(entry, known)
