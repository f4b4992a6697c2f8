"""Source tarballs unpacked safely, and names of objects in a static library made distinct."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common import unpacking
from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a source tarball below ``folder`` and return the one folder it holds.

    Raises `RuntimePackError` for what is damaged, or would be written elsewhere.
    """
    try:
        return unpacking.unpack(archive, folder)
    except unpacking.UnusableArchiveError as error:
        raise RuntimePackError(
            f"The source archive {archive} cannot be unpacked: {error}.",
            hint="Delete it and run the command again; it is then fetched anew. If it fails again, check the recipe.",
        ) from error


def distinct(names: Iterable[str]) -> list[str]:
    """Return base names made distinct by a number: two ``init.o`` become ``init.o`` and ``init-2.o``."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        base = name.rsplit("/", 1)[-1]
        seen[base] = seen.get(base, 0) + 1
        count = seen[base]
        stem, dot, suffix = base.rpartition(".")
        result.append(base if count == 1 else f"{stem}-{count}{dot}{suffix}")
    return result
