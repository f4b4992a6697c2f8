"""Finds folders that the code names and of which nothing goes in: they must be there all the same.

``os.listdir(HERE / "plugins")`` of an empty folder is no error, ``makedirs(HERE / "logs", exist_ok=True)`` asks for one
that is there, and a server refuses to start without its folder of static files.  Repositories keep such folders by a
hidden file in them, which goes in no more than others.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.own.folder import is_build_output, is_foreign
from castiron_trace.own_data import root_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

MOST = 200
"""Folders without anything that are made below one that the code names: more are no layout of a program."""


def empty_folders(computed: Iterable[Path], taken: Iterable[Path], roots: Sequence[Path]) -> tuple[str, ...]:
    """Return folders as namespace packages, which is what an empty folder on ``sys.path`` is to Python; sorted.

    ``computed`` are the paths that the code names in full, ``taken`` all files that go in.  A folder whose path has a
    dot in it is no package, and stays out.
    """
    above = {folder for file in taken for folder in file.parents}
    names: set[str] = set()
    for path in computed:
        root = root_of(path, roots)
        if root is None or path in roots or not path.is_dir() or is_build_output(path):
            continue
        found = [_name(folder, root) for folder in _without_anything(path, above)]
        names.update(name for name in found[:MOST] if name)
    return tuple(sorted(names))


def _without_anything(path: Path, above: Collection[Path]) -> Iterator[Path]:
    """Yield the deepest folders below one of which nothing goes in."""
    for top, below, _files in os.walk(path):
        folder = Path(top)
        below[:] = sorted(name for name in below if not is_foreign(folder / name))
        if not below and folder not in above and not is_foreign(folder):
            yield folder


def _name(folder: Path, root: Path) -> str:
    parts = folder.relative_to(root).parts
    return "" if any("." in part for part in parts) else ".".join(parts)
