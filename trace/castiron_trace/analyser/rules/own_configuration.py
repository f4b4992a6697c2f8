"""The rule for names of modules in the application's configuration: files and folders beside its code.

``_target_: shop.models.Net`` in ``conf/model/net.yaml``, ``"class": "shop.logs.Handler"`` in ``logging.json``,
``package_name = "flows"`` in ``pyproject.toml``: a framework reads the file and imports what it names.
``script_location = %(here)s/db/migrations`` in ``alembic.ini``: it runs the sources of a folder.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from modulegraph2 import Script

from castiron_trace.analyser.configuration_files import ConfigurationFiles, below, by_convention
from castiron_trace.analyser.configured_names import configured_names, listed_names
from castiron_trace.analyser.configured_paths import (
    CONFIGURATION,
    LARGEST_CONFIGURATION,
    LISTS,
    configured_paths,
    loose_sources,
)
from castiron_trace.analyser.environment import TEST_FOLDERS
from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Declaration, longest_module
from castiron_trace.analyser.rules.conventions import conventional_patterns, folders_beside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.analyser.rules.own_names import OwnNames
    from castiron_trace.analyser.rules.own_sources import OwnSources

_FOLDER = re.compile(r"\w[\w-]*(?:/\w[\w-]*)*/?")
_OF_TOOLS = frozenset({*TEST_FOLDERS, "conftest", "doc", "docs", "fabfile", "noxfile", "setup"})
"""Sources that tools of developers run, which a project's configuration names for them."""


class OwnConfiguration:
    """Takes the modules named in files that go in as data.

    Those are the files that own code names, those of own packages, those that frameworks look for, and those that
    another of them names.
    """

    def __init__(self, context: Context, own_names: OwnNames, own_sources: OwnSources) -> None:
        self._context = context
        self._own_names = own_names
        self._own_sources = own_sources
        self._files = ConfigurationFiles(context.roots)
        self._read: set[Path] = set()
        self._looked_into: set[Path] = set()
        self.taken_by: dict[str, set[Path]] = {}
        """Identifier of an own module -> the files that it names and that name modules of the application."""

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules that the configuration of one own module names."""
        if not self._context.is_own(module.owner):
            return
        file = Path(file_of(module.node) or "")
        roots = list(map(Path, self._context.roots))
        if file.name == "__init__.py":
            yield from self._of_folder(module.node, file.parent, 0)
        bases = dict.fromkeys((file.parent, *roots))
        for text, line in module.scan.strings:
            yield from self._of_files(module.node, self._files.named(bases, text), line)
            if _FOLDER.fullmatch(text):
                for root in roots:
                    yield from self._of_folder(module.node, root / text, line)
        for text, line in module.scan.paths:
            if text.strip("./") and (path := file.parent / text) not in self._looked_into:
                self._looked_into.add(path)
                yield from self._of_files(module.node, self._files.at(file.parent, text), line)
        for text, line in module.scan.patterns:
            yield from self._of_files(module.node, self._files.matching(text), line)

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield the modules named in files that frameworks look for, and in those that the user includes."""
        folders = folders_beside(self._context)
        for pattern in conventional_patterns(self._context):
            yield from self._of_files(entry, by_convention(folders, pattern), 0)
        for given in self._context.given_files:
            for root in self._context.roots:
                path = Path(root, given)
                yield from self._of_files(entry, below(path) if path.is_dir() else [path], 0)

    def _of_folder(self, node: BaseNode, folder: Path, line: int) -> Iterator[Step]:
        if folder not in self._looked_into and folder.is_dir():
            self._looked_into.add(folder)
            yield from self._of_files(node, below(folder), line)

    def _of_files(self, node: BaseNode, files: Iterable[Path], line: int) -> Iterator[Step]:
        for file in files:
            yield from self._of_file(node, file, line)

    def _of_file(self, node: BaseNode, file: Path, line: int) -> Iterator[Step]:
        if file in self._read or not file.is_file() or file.stat().st_size > LARGEST_CONFIGURATION:
            return
        self._read.add(file)
        environment = self._context.environment
        read = listed_names if file.name.endswith(LISTS) else configured_names
        names = read(file.read_bytes().decode("utf-8", "replace"))
        single = [name for name in names.objects if self._context.is_own_top_level(name)]
        words = [name for name in names.words if self._is_named_alone(name)]
        for text in dict.fromkeys((*names.dotted, *self._relative(file, names.relative), *single, *words)):
            top = text.partition(".")[0]
            if self._context.is_own_top_level(top) or self._is_namespace(top):
                steps = list(self._own_names.steps(node, text, line))
                if steps:
                    self.taken_by.setdefault(node.identifier, set()).add(file)
                yield from steps
                continue
            name = longest_module(text, environment.modules) or longest_module(text, self._context.stdlib)
            if name is not None and "." in name:
                yield Declaration(node, name, line)
        yield from self._of_paths(node, file, line)

    def _is_named_alone(self, word: str) -> bool:
        """Say whether a word is a module of the application, and neither the program itself nor a tool's."""
        if word in _OF_TOOLS or not self._context.is_own_top_level(word):
            return False
        return all(Path(file_of(node) or "").stem != word for node in self._scripts())

    def _scripts(self) -> list[BaseNode]:
        return [node for node in self._context.graph.module_nodes() if isinstance(node, Script)]

    def _is_namespace(self, name: str) -> bool:
        """Say whether it may be a namespace package of the application, and is nothing else."""
        environment = self._context.environment
        if name in environment.modules or name in self._context.stdlib:
            return False
        return any(Path(root, name).is_dir() for root in self._context.roots)

    def _relative(self, file: Path, names: Iterable[str]) -> list[str]:
        """Return what a file in a package names relative to that."""
        for root in self._context.own_roots():
            if file.is_relative_to(root) and (package := file.relative_to(root).parent.parts):
                return [".".join((*package, name)) for name in names]
        return []

    def _of_paths(self, node: BaseNode, file: Path, line: int) -> Iterator[Step]:
        for path in configured_paths(file):
            if path.suffix in CONFIGURATION or path.is_dir():
                yield from self._of_files(node, below(path) if path.is_dir() else [path], line)
            for source in loose_sources(path):
                yield from self._own_sources.run(node, str(source), line)
