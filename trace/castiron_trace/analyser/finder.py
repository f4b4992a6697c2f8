"""Finds modules by looking into folders, never by importing: the rules of `importlib.machinery.FileFinder`."""

from __future__ import annotations

from importlib.machinery import (
    BYTECODE_SUFFIXES,
    SOURCE_SUFFIXES,
    ExtensionFileLoader,
    FileFinder,
    ModuleSpec,
    SourceFileLoader,
    SourcelessFileLoader,
)
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


class StaticFinder:
    """Resolves names on explicit path lists.

    `importlib.util.find_spec` imports parent packages, and `importlib.machinery.PathFinder` asks ``sys.modules`` for
    the parents of namespace packages; the finder of one folder does neither.
    """

    def __init__(self, extension_suffixes: Iterable[str]) -> None:
        self._loaders = (
            (ExtensionFileLoader, list(extension_suffixes)),
            (SourceFileLoader, SOURCE_SUFFIXES),
            (SourcelessFileLoader, BYTECODE_SUFFIXES),
        )
        self._finders: dict[str, FileFinder] = {}

    def find(self, name: str, path: Sequence[str]) -> ModuleSpec | None:
        """Return the spec of ``name`` on ``path``; a namespace package has no loader and a plain list of folders."""
        portions: list[str] = []
        for folder in path:
            finder = self._finders.get(folder)
            if finder is None:
                finder = self._finders[folder] = FileFinder(folder, *self._loaders)
            spec = finder.find_spec(name)
            if spec is None:
                continue
            if spec.loader is not None:
                return spec
            portions.extend(spec.submodule_search_locations or ())
        if not portions:
            return None
        spec = ModuleSpec(name, None, is_package=True)
        spec.submodule_search_locations = portions
        return spec


def extended_path(name: str, roots: Iterable[str], own: Iterable[str]) -> list[str]:
    """Return what `pkgutil.extend_path` makes of a package's path on ``roots``, without ``.pkg`` files."""
    path = list(own)
    for root in roots:
        folder = str(Path(root, *name.split(".")))
        if folder not in path and Path(folder).is_dir():
            path.append(folder)
    return path
