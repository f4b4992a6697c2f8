"""Archives: source tarballs unpacked safely, and static libraries (``ar``) written with the same bytes every time."""

from __future__ import annotations

import tarfile
from typing import TYPE_CHECKING

from castiron_common.disk import is_full
from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_MAGIC = b"!<arch>\n"


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


def read_members(archive: Path) -> list[tuple[str, bytes]]:
    """Return names and contents of the objects in a static library, in order, without the symbol index.

    Understands GNU's long names.  Source: System V / GNU ``ar`` format (``ar.h``, binutils' documentation).
    """
    data = archive.read_bytes()
    if not data.startswith(_MAGIC):
        raise RuntimePackError(f"{archive} is not a static library.", hint="Delete the cache entry and build it again.")
    members: list[tuple[str, bytes]] = []
    names = b""
    position = len(_MAGIC)
    while position + 60 <= len(data):
        header = data[position : position + 60]
        size = int(header[48:58])
        body = data[position + 60 : position + 60 + size]
        raw = header[:16].rstrip()
        position += 60 + size + (size & 1)
        if raw in {b"/", b"/SYM64/", b"__.SYMDEF"}:
            continue
        if raw == b"//":
            names = body
            continue
        if raw.startswith(b"/"):
            start = int(raw[1:])
            raw = names[start : names.index(b"\n", start)]
        members.append((raw.rstrip(b"/").decode(), body))
    return members


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
