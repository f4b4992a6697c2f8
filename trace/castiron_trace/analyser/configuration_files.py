"""Finds the configuration files that the application's own code, or a convention, may mean."""

from __future__ import annotations

import os
from fnmatch import fnmatchcase
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.configured_paths import CONFIGURATION, LISTS, MOST_BYTES, MOST_FILES

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence

_MOST_LOOKED_AT = 10_000
"""Files in the application's folders: what lies among more is not found by the end of its name."""
_NAMED = (*CONFIGURATION, *LISTS)
"""Suffixes of files that are searched if the code names them one by one."""
_OF_TOOLS = frozenset({"node_modules", "site-packages"})


class ConfigurationFiles:
    """What lies in the application's folders."""

    def __init__(self, roots: Sequence[str]) -> None:
        self._roots = roots

    def named(self, bases: Collection[Path], text: str) -> list[Path]:
        """Return the file that a text names from one of the folders, else those whose paths end with it."""
        if not text.endswith(_NAMED) or text.startswith("/") or "\0" in text:
            return []
        in_full = [file for base in bases if os.path.isfile(file := base / text)]  # noqa: PTH113 - of any string
        return in_full or [file for file in self._all if f"/{file.as_posix()}".endswith(f"/{text}")]

    def at(self, place: Path, text: str) -> list[Path]:
        """Return the file that a computed path leads to, those in its folder, or those that fit if it has a ``*``."""
        path = os.path.normpath(place / text)
        if "*" not in text:
            found = below(Path(path)) if Path(path).is_dir() else [Path(path)]
        else:
            start = Path(path.partition("*")[0].rpartition("/")[0])
            inside = any(start.is_relative_to(root) and str(start) != root for root in self._roots)
            found = [file for file in below(start) if fnmatchcase(str(file), f"{path}*")] if inside else []
        return [file for file in found if file.name.endswith(_NAMED)]

    def matching(self, pattern: str) -> list[Path]:
        """Return the files that a pattern means, in any folder."""
        if not pattern.endswith(_NAMED):
            return []
        return few([file for file in self._all if fnmatchcase(f"/{file.as_posix()}", f"*/{pattern.lstrip('/')}")])

    @cached_property
    def _all(self) -> list[Path]:
        found: list[Path] = []
        looked_at = 0
        for root in self._roots:
            for place, folders, files in os.walk(root):
                folders[:] = sorted(name for name in folders if not _is_foreign(Path(place, name)))
                found += [Path(place, name) for name in sorted(files) if name.endswith(_NAMED)]
                looked_at += len(files)
                if looked_at > _MOST_LOOKED_AT:
                    return found
        return found


def below(folder: Path) -> list[Path]:
    """Return the files below a folder without the packages in it, which are looked at when they are imported."""
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_set_apart(Path(place, name)))
        found += [Path(place, name) for name in sorted(files) if name.endswith(CONFIGURATION)]
        if len(found) > MOST_FILES:
            return []
    return few(found)


def few(files: list[Path]) -> list[Path]:
    """Return the files; none if they are so many, or so large, that they are data."""
    if len(files) > MOST_FILES or sum(file.stat().st_size for file in files if file.is_file()) > MOST_BYTES:
        return []
    return files


def by_convention(folders: Sequence[Path], pattern: str) -> Iterator[Path]:
    """Yield the files that a framework looks for in folders by a pattern; a folder stands for all below it."""
    for folder in folders:
        for entry in sorted(folder.glob(pattern)):
            if entry.is_dir():
                yield from below(entry)
            elif entry.name.endswith(CONFIGURATION):
                yield entry


def _is_set_apart(folder: Path) -> bool:
    return folder.name.startswith((".", "__")) or (folder / "__init__.py").is_file()


def _is_foreign(folder: Path) -> bool:
    name = folder.name
    return name.startswith((".", "__")) or name in _OF_TOOLS or (folder / "pyvenv.cfg").exists()
