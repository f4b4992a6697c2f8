"""Reads path configuration files: what ``NAME.pth`` of site-packages adds to ``sys.path``, and the code that it runs.

Source: Python's library reference, `site`.  Each line is a folder, a comment, or code that begins with ``import``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".pth"
_NAMESPACE_MARKS = ("sys._getframe(1).f_locals['sitedir']", "'__path__'")
"""What setuptools writes for namespace packages without ``__init__.py`` (its ``namespaces.py``: _nspkg_tmpl)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PathFile:
    """One file."""

    folders: tuple[str, ...]
    """Relative to the file's folder, normal."""
    code: tuple[str, ...]
    """Lines that are run when the interpreter starts."""

    @property
    def runs(self) -> bool:
        """Whether it runs code that is needed: namespace packages are found without it."""
        return any(not _makes_namespace(line) for line in self.code)


def read_path_file(file: Path, within: Path | None = None) -> PathFile:
    """Read a file; what cannot be read adds nothing, as in Python.

    Folders count that lie in ``within``; by default in the file's own folder, which is what a distribution may bring.
    """
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError):
        text = ""
    site = file.parent
    limit = (within or site).resolve()
    folders: list[str] = []
    code: list[str] = []
    for written in text.splitlines():
        line = written.rstrip()
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith(("import ", "import\t")):
            code.append(line)
            continue
        folder = (site / line).resolve()
        if folder.is_dir() and folder != site.resolve() and folder.is_relative_to(limit):
            folders.append(os.path.relpath(folder, site.resolve()))
    return PathFile(folders=tuple(dict.fromkeys(folders)), code=tuple(code))


def path_files_in(folder: Path, within: Path | None = None) -> Iterator[PathFile]:
    """Yield what the files of a folder say, in the order in which `site.addsitedir` reads them."""
    for file in sorted(folder.glob(f"*{SUFFIX}")) if folder.is_dir() else ():
        yield read_path_file(file, within)


def _makes_namespace(line: str) -> bool:
    return all(mark in line for mark in _NAMESPACE_MARKS)
