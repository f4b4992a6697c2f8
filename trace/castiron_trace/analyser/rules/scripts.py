"""The rule for strings ``x.py`` of distributions: files that are run or read by path."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Declaration, SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class Scripts:
    """Takes the files beside the module that names them."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the files that one module names."""
        environment = self._context.environment
        installed = environment.distributions.get(module.owner)
        place = file_of(module.node)
        if installed is None or place is None:
            return
        folder = os.path.relpath(Path(place).parent, environment.file(""))
        for text in module.scan.scripts:
            yield from self._hidden(module, text)
            path = os.path.normpath(f"{folder}/{text}")
            if path not in installed.files or text == "__init__.py":
                continue
            name = installed.module_of(path)
            if name is not None:
                yield Declaration(module.node, name, script=True)  # run by path, it needs what it imports all the same
            else:
                yield SourceFile(str(environment.file(path)))

    def _hidden(self, module: Module, text: str) -> Iterator[Step]:
        """``multipart.py`` beside another distribution's package ``multipart``, which loads that file by its path."""
        environment = self._context.environment
        owner = environment.owners.get(text)
        if owner is None or f"{text[:-3]}/__init__.py" not in environment.owners:
            return
        path = str(environment.file(text))
        yield SourceFile(path)
        for name, level, _names, _tier, line in self._context.locator.scan_file(path, owner).imports:
            if level == 0:
                yield Declaration(module.node, name, line)
