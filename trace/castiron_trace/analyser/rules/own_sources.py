"""The rule for sources of the application that are run by their path: by its code, or by a framework's convention."""

from __future__ import annotations

import itertools
import os
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Declaration, SourceFile, imported_names, names_lead_to
from castiron_trace.analyser.rules.conventions import conventional_patterns, folders_beside
from castiron_trace.protocol import APP

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step


_MOST = 500
"""Sources that one pattern means: with more, they are not the application's own."""
_OF_TESTS = re.compile(r"(?:test_.*|.*_tests?|tests?|conftest|setup)\.py")
_PLAIN = re.compile(r"[\w*?\[\]./-]+\.py")


def _is_pattern_of_sources(text: str) -> bool:
    """Say whether a text is a pattern of sources that names a folder, or a part of their names."""
    if not set(text) & {"*", "?"} or text.startswith("/") or ".." in text or not _PLAIN.fullmatch(text):
        return False
    folders, _slash, last = text.rpartition("/")
    literal = [part for part in folders.split("/") if part.strip(".")]
    return bool(literal and not set(literal[0]) & set("*?[")) or bool(re.search(r"\w{3}", last.removesuffix(".py")))


class OwnSources:
    """Takes the files that own modules name, and those of frameworks that are reached."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._taken: set[str] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the sources that one own module names: ``runpy.run_path("jobs/nightly.py")``."""
        place = file_of(module.node)
        if not self._context.is_own(module.owner) or place is None:
            return
        folder = Path(place).parent
        texts = [(literal.text, literal.line) for literal in (*module.scan.strings, *module.scan.paths)]
        for text, line in texts:
            if text.endswith(".py") and not text.startswith("/") and "\0" not in text and "*" not in text:
                for base in (folder, *map(Path, self._context.roots)):
                    path = posixpath.normpath(f"{base}/{text}")
                    if path != place and os.path.isfile(path):  # noqa: PTH113 - of any string, as it is
                        yield from self.run(module.node, path, line)
                        break
        patterns = (*texts, *((literal.text, literal.line) for literal in module.scan.patterns))
        for text, line in sorted(set(patterns)):
            if _is_pattern_of_sources(text):
                for base in dict.fromkeys((folder, *map(Path, self._context.roots))):
                    yield from self._matching(module.node, base, text, line, place)

    def _matching(self, node: BaseNode, base: Path, pattern: str, line: int, place: str) -> Iterator[Step]:
        """Yield the sources that a pattern means below a folder: ``include("components/*.py")`` runs them."""
        found = [str(file) for file in itertools.islice(base.glob(pattern), _MOST + 1) if file.is_file()]
        for path in sorted(found) if len(found) <= _MOST else ():
            if path != place and not _OF_TESTS.fullmatch(posixpath.basename(path)):
                yield from self.run(node, path, line)

    def close(self, entry: BaseNode) -> Iterator[Step]:
        """Yield what frameworks run beside any own module."""
        patterns = [pattern for pattern in conventional_patterns(self._context) if pattern.endswith(".py")]
        for folder in folders_beside(self._context) if patterns else ():
            for pattern in patterns:
                yield from self._all(entry, sorted(map(str, folder.glob(pattern))))

    def _all(self, entry: BaseNode, paths: Iterable[str]) -> Iterator[Step]:
        known = {file_of(node) for node in self._context.graph.module_nodes()}
        for path in paths:
            if path not in known and Path(path).is_file():
                yield from self.run(entry, path, 0)

    def run(self, node: BaseNode, path: str, line: int) -> Iterator[Step]:
        """Yield what goes in if a source is run: as a module it brings its own imports along."""
        if path in self._taken:
            return
        self._taken.add(path)
        for root in self._context.own_roots():
            if path.startswith(f"{root}{os.sep}"):
                parts = path[len(root) + 1 : -len(".py")].split("/")
                if parts[-1] != "__init__" and names_lead_to(self._context.locator, Path(root), parts):
                    yield Declaration(node, ".".join(parts), line, script=True)
                    return
        yield from self._as_file(node, path)

    def run_as_file(self, node: BaseNode, path: str) -> Iterator[Step]:
        """Likewise, for a source that may be no Python before a program has filled it in: a template of one."""
        if path not in self._taken:
            self._taken.add(path)
            yield from self._as_file(node, path)

    def _as_file(self, node: BaseNode, path: str) -> Iterator[Step]:
        yield SourceFile(path)
        scan = self._context.locator.scan_file(path, APP)
        for name, level, _names, _tier, at in scan.imports:
            if level == 0:
                yield Declaration(node, name, at)
        for name in imported_names(scan, self._context.locator):  # also ``module`` of ``from package import module``
            yield Declaration(node, name)
