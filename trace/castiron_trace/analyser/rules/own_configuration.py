"""The rule for names of modules in the application's configuration: files and folders beside its code.

``_target_: shop.models.Net`` in ``conf/model/net.yaml``, ``"class": "shop.logs.Handler"`` in ``logging.json``: a
framework reads the file and imports what it names.  ``script_location = %(here)s/db/migrations`` in ``alembic.ini``: it
runs the sources of a folder.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.configured_paths import (
    CONFIGURATION,
    LARGEST_CONFIGURATION,
    MOST_BYTES,
    MOST_FILES,
    configured_paths,
    loose_sources,
)
from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Declaration, longest_module

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.analyser.rules.own_names import OwnNames
    from castiron_trace.analyser.rules.own_sources import OwnSources

_DOTTED = re.compile(r"[^\W\d]\w*(?:\.\w+)+")
_RELATIVE = re.compile(r"""["']\.([^\W\d]\w*(?:\.\w+)*)["']""")
"""``factory=".models.Shop"``: counts from the package in which the file lies, as in ZCML."""
_OBJECT = re.compile(r"(?<![\w.:/@-])([^\W\d]\w*):[^\W\d]\w*")
"""``"run": "tasks:clean"``: an object of a module that is in no package."""
_FOLDER = re.compile(r"\w[\w-]*(?:/\w[\w-]*)*/?")


class OwnConfiguration:
    """Takes the modules named in files that go in as data: those that own code names, and those of own packages."""

    def __init__(self, context: Context, own_names: OwnNames, own_sources: OwnSources) -> None:
        self._context = context
        self._own_names = own_names
        self._own_sources = own_sources
        self._read: set[Path] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules that the configuration of one own module names."""
        if not self._context.is_own(module.owner):
            return
        file = Path(file_of(module.node) or "")
        if file.name == "__init__.py":
            yield from self._of_folder(module.node, file.parent, 0)
        for text, line in module.scan.strings:
            if text.endswith(CONFIGURATION) and not text.startswith("/") and "\0" not in text:
                for root in self._context.roots:
                    yield from self._of_file(module.node, Path(root, text), line)
            elif _FOLDER.fullmatch(text):
                for root in self._context.roots:
                    yield from self._of_folder(module.node, Path(root, text), line)

    def _of_folder(self, node: BaseNode, folder: Path, line: int) -> Iterator[Step]:
        """Look at a folder without the packages in it, which are looked at when they are imported."""
        if folder in self._read or not folder.is_dir():
            return
        self._read.add(folder)
        found: list[Path] = []
        for place, folders, files in os.walk(folder):
            folders[:] = sorted(
                name
                for name in folders
                if not name.startswith((".", "__")) and not Path(place, name, "__init__.py").is_file()
            )
            found += [Path(place, name) for name in sorted(files) if name.endswith(CONFIGURATION)]
            if len(found) > MOST_FILES:
                return
        if sum(file.stat().st_size for file in found if file.is_file()) > MOST_BYTES:
            return
        for file in found:
            yield from self._of_file(node, file, line)

    def _of_file(self, node: BaseNode, file: Path, line: int) -> Iterator[Step]:
        if file in self._read or not file.is_file() or file.stat().st_size > LARGEST_CONFIGURATION:
            return
        self._read.add(file)
        environment = self._context.environment
        content = file.read_bytes().decode("utf-8", "replace")
        single = [name for name in _OBJECT.findall(content) if self._context.is_own_top_level(name)]
        for text in dict.fromkeys((*_DOTTED.findall(content), *self._relative(file, content), *single)):
            top = text.partition(".")[0]
            if self._context.is_own_top_level(top) or self._is_namespace(top):
                yield from self._own_names.steps(node, text, line)
                continue
            name = longest_module(text, environment.modules) or longest_module(text, self._context.stdlib)
            if name is not None and "." in name:
                yield Declaration(node, name, line)
        yield from self._sources(node, file, line)

    def _is_namespace(self, name: str) -> bool:
        """Say whether it may be a namespace package of the application, and is nothing else."""
        environment = self._context.environment
        if name in environment.modules or name in self._context.stdlib:
            return False
        return any(Path(root, name).is_dir() for root in self._context.roots)

    def _relative(self, file: Path, content: str) -> list[str]:
        """Return what a file in a package names relative to that."""
        for root in self._context.own_roots():
            if file.is_relative_to(root) and (package := file.relative_to(root).parent.parts):
                return [".".join((*package, text)) for text in _RELATIVE.findall(content)]
        return []

    def _sources(self, node: BaseNode, file: Path, line: int) -> Iterator[Step]:
        for path in configured_paths(file):
            for source in loose_sources(path):
                yield from self._own_sources.run(node, str(source), line)
