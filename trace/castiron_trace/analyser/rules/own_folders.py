"""The rule for folders of the application whose sources are found by their place: on ``sys.path``, listed, or run."""

from __future__ import annotations

import itertools
import os
import posixpath
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.locator import modules_below
from castiron_trace.analyser.path_files import path_files_in
from castiron_trace.analyser.rules.base import Declaration, imported_names, names_lead_to
from castiron_trace.analyser.syntax.scanner import scan_source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.analyser.rules.own_sources import OwnSources

_MOST = 500
"""Modules in one folder: with more, it is not the application's own, but whatever lies there."""


class OwnFolders:
    """Takes all modules below a folder that a module computes from its own place, if it finds or runs sources.

    Or if the folder is of loose sources, which no import statement finds, and the module imports a distribution: it
    hands the folder to a library of plug-ins.
    """

    def __init__(self, context: Context, own_sources: OwnSources) -> None:
        self._context = context
        self._own_sources = own_sources
        self._taken: dict[str, list[str]] = {}
        """Folder -> the names of its sources, if these go in."""
        self.taken_by: dict[str, set[str]] = {}
        """Identifier of a module -> the folders that it names and whose sources go in."""

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules in the folders that one own module names: ``join(dirname(__file__), "plugins")``."""
        place = file_of(module.node)
        if not self._context.is_own(module.owner) or place is None:
            return
        for text, line in module.scan.paths:
            folder = os.path.normpath(posixpath.join(Path(place).parent, text.partition("*")[0]))
            if not os.path.isdir(folder):  # noqa: PTH112 - of any string, as it is
                continue
            if not module.scan.finds_sources and not (self._imports_others(module) and self._is_loose(Path(folder))):
                continue
            first = folder not in self._taken
            names = self._taken.setdefault(folder, self._names_in(Path(folder)))
            if names:
                self.taken_by.setdefault(module.node.identifier, set()).add(folder)
            if first:
                yield from self._all_in(module.node, Path(folder), names, line)
                yield from self._further_down(module.node, Path(folder))
                if module.scan.finds_sources:
                    yield from self._code_of_path_files(module.node, Path(folder), line)

    def _place_of(self, folder: Path) -> tuple[Path | None, tuple[str, ...]]:
        """Return the root that a folder lies below, and the parts of its path from there."""
        root = next((Path(root) for root in self._context.own_roots() if folder.is_relative_to(root)), None)
        return root, folder.relative_to(root).parts if root is not None else ()

    def _names_in(self, folder: Path) -> list[str]:
        """Return the modules below a folder by their names from a root; those of a root itself are not asked for."""
        _root, parts = self._place_of(folder)
        names = modules_below(folder, ".".join(parts)) if parts else []
        return names if len(names) <= _MOST else []

    def _all_in(self, node: BaseNode, folder: Path, names: list[str], line: int) -> Iterator[Step]:
        """Yield the modules below a folder, which have these names.

        A folder that no name leads to has sources: ``v1.0``, or ``profile``, which means Python's own module.
        """
        root, parts = self._place_of(folder)
        if root is None or not names:
            return
        if names_lead_to(self._context.locator, root, (*parts, "module")):
            for name in names:
                yield Declaration(node, name, line, script=name.endswith("__main__"))
            return
        for name in modules_below(folder, "folder"):
            file = folder.joinpath(*name.split(".")[1:])
            source = file / "__init__.py" if file.is_dir() else file.with_name(f"{file.name}.py")
            yield from self._own_sources.run(node, str(source), line)

    def _further_down(self, node: BaseNode, folder: Path) -> Iterator[Step]:
        """Yield the sources that no name leads to: hooks in folders below that are no packages, ``adult.rule.py``."""
        nameless = (str(file) for file in sorted(folder.glob("*.py")) if "." in file.stem and file.is_file())
        found = list(itertools.islice(itertools.chain(nameless, _in_plain_folders(folder)), _MOST + 1))
        if len(found) <= _MOST:
            for path in found:
                yield from self._own_sources.run_as_file(node, path)

    def _code_of_path_files(self, node: BaseNode, folder: Path, line: int) -> Iterator[Step]:
        """Yield what the lines of code import that `site.addsitedir` runs; the locator knows what folders it adds."""
        for file in path_files_in(folder):
            for code in file.code:
                scan = scan_source(code.encode(), own=True, hints=self._context.hints.sources)
                for name in imported_names(scan, self._context.locator):
                    yield Declaration(node, name, line)

    def _is_loose(self, folder: Path) -> bool:
        """Say whether it is no package and has sources, or folders of such have: ``plugins/greeter/greeter.py``."""
        if (folder / "__init__.py").exists():
            return False
        if any(entry.suffix == ".py" for entry in folder.iterdir()):
            return True
        _root, parts = self._place_of(folder)
        return bool(parts) and any(True for _file in _in_plain_folders(folder))

    def _imports_others(self, module: Module) -> bool:
        modules = self._context.environment.modules
        return any(item.module in modules for item in module.scan.imports if not item.level)


def _in_plain_folders(folder: Path) -> Iterator[str]:
    """Yield the sources in the folders below a folder, and below those, that are no packages."""
    for entry in sorted(folder.iterdir()):
        aside = entry.name.startswith((".", "__")) or entry.is_symlink() or (entry / "__init__.py").exists()
        if entry.is_dir() and not aside:
            yield from (str(file) for file in sorted(entry.glob("*.py")) if file.is_file())
            yield from _in_plain_folders(entry)
