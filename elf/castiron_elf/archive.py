"""Static libraries: the members of an ``ar`` archive, in GNU's dialect.

Neither pyelftools nor lief reads archives.  Source: System V ABI, chapter 7 ("Archive File"); ``ar.h``; binutils'
documentation for the table of long names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

MAGIC = b"!<arch>\n"
_HEADER = 60
"""Bytes of ``struct ar_hdr``: name 16, date 12, owner 6, group 6, mode 8, size 10, end 2."""
_INDICES = frozenset((b"/", b"/SYM64/", b"__.SYMDEF"))
"""Names of members that hold the archive's symbol table."""


def read_members(archive: Path) -> list[tuple[str, bytes]]:
    """Return names and contents of the objects in a static library, in order, without the symbol index.

    Raises `RuntimePackError` if the file is none, or damaged.
    """
    data = archive.read_bytes()
    if not data.startswith(MAGIC):
        raise RuntimePackError(f"{archive} is not a static library.", hint="Delete the cache entry and build it again.")
    try:
        return list(members(data))
    except ValueError as error:
        raise RuntimePackError(
            f"The static library {archive} is damaged: {error}.", hint="Delete the cache entry and build it again."
        ) from error


def members(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each object.  Raises ValueError for a header that cannot be read."""
    names = b""
    position = len(MAGIC)
    while position + _HEADER <= len(data):
        header = data[position : position + _HEADER]
        size = int(header[48:58])
        start = position + _HEADER
        if size < 0 or start + size > len(data):
            raise ValueError(f"a member of {size} bytes reaches beyond its end")
        raw, body = header[:16].rstrip(), data[start : start + size]
        position = start + size + (size & 1)
        if raw in _INDICES:
            continue
        if raw == b"//":
            names = body
            continue
        if raw.startswith(b"/"):
            first = int(raw[1:])
            raw = names[first : names.index(b"\n", first)]
        yield raw.rstrip(b"/").decode(), body
