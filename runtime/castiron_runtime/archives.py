"""Source tarballs unpacked safely, and names of objects in a static library made distinct."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from castiron_common.disk import is_full
from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


def unpack(archive: Path, folder: Path) -> Path:
    """Unpack a source tarball below ``folder`` and return the one folder it holds.

    Members that would land outside, device files and absolute links are refused where Python can (tarfile's ``data``
    filter, PEP 706).
    """
    try:
        with tarfile.open(archive) as tar:
            if hasattr(tarfile, "data_filter"):
                tar.extractall(folder, filter="data")
            else:  # Python before 3.11.4; the archives here are known by their hashes
                tar.extractall(folder)
    except (tarfile.TarError, EOFError, OSError) as error:
        if is_full(error):
            raise
        raise RuntimePackError(
            f"The source archive {archive} cannot be unpacked: {error}.",
            hint="Delete it and run the command again; it is then fetched anew.",
        ) from error
    entries = [entry for entry in folder.iterdir() if entry.name != "pax_global_header"]
    if len(entries) != 1 or not entries[0].is_dir():
        raise RuntimePackError(
            f"The source archive {archive.name} does not hold exactly one folder.",
            hint="Check the recipe that names it.",
        )
    return entries[0]


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
