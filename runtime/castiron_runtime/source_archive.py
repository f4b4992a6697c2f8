"""Source tarballs, unpacked safely."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common import unpacking
from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
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
