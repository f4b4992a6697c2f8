"""Finds metadata of distributions in the application's own folders, where `importlib.metadata` looks for them.

Source: `importlib.metadata.MetadataPathFinder` of CPython 3.13; the egg formats, setuptools' manual (Python Eggs).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_ENDS = (".dist-info", ".egg-info")
_EGG = "EGG-INFO"
"""In an egg: an unpacked one, or what was an archive."""
_INSTALLATION = frozenset({"direct_url.json", "REQUESTED", "uv_cache.json", "uv_build.json", "installer.json"})
"""What describes one installation on one machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnMetadata:
    """The metadata of one distribution: a folder, or a file."""

    path: Path
    place: str
    """Its name in the binary, relative to the application's folder."""

    def files(self) -> Iterator[tuple[str, Path]]:
        """Yield (name in the binary, file), sorted."""
        if self.path.is_file():
            yield self.place, self.path
            return
        for file in sorted(self.path.rglob("*")):
            if file.is_file() and file.name not in _INSTALLATION:
                yield f"{self.place}/{file.relative_to(self.path).as_posix()}", file


def own_metadata(roots: Iterable[Path]) -> Iterator[OwnMetadata]:
    """Yield what lies in the folders, in their order, sorted by name.

    That of an egg is called as if it stood beside its modules, since the folder of the egg is none in the binary.
    An egg has the name of its folder, whatever its metadata say; what was an archive has lost it.
    """
    for root in roots:
        for path in sorted(root.iterdir()) if root.is_dir() else ():
            if path.name == _EGG and (path / "PKG-INFO").is_file():
                name = root.stem if root.suffix == ".egg" else _name_of(path / "PKG-INFO")
                yield OwnMetadata(path=path, place=f"{name}.egg-info")
            elif path.name.endswith(_ENDS) and (path.is_dir() or path.name.endswith(".egg-info")):
                yield OwnMetadata(path=path, place=path.name)


def _name_of(file: Path) -> str:
    from email.parser import HeaderParser  # which hardly any application needs, and costs each one 10 ms

    metadata = HeaderParser().parsestr(file.read_text(encoding="utf-8", errors="replace"))
    parts = (metadata["Name"] or file.parent.parent.name.partition("-")[0], metadata["Version"] or "0")
    return "-".join(re.sub(r"[^\w.+]+", "_", part) for part in parts)
