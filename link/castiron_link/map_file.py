"""Reads the linker's map: which object files and archive members really went in, and how many bytes of each.

Source: LLVM 22, lld/ELF/MapFile.cpp.  A line is ``VMA LMA Size Align Name`` with fixed columns; the name's indentation
says what it is: an output section, an input section (8 spaces), or a symbol (16 spaces).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import LinkError
from castiron_link.model import Piece, Taken

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

_HEADER = "             VMA              LMA     Size Align Out     In      Symbol"
_OUT = _HEADER.index("Out")
_INDENTATION = _HEADER.index("In ") - _OUT
_SIZE = _HEADER.index("    Size")
_SIZE_END = _SIZE + len("    Size")
_ADDRESS_END = len("             VMA")
_SYMBOL = " " * 16
"""The indentation of a symbol, of which a map has more than of all else."""
_INTERNAL = "<internal>"
"""Where the linker itself is the author: merged constants, ``.got``, ``.eh_frame_hdr``."""


def taken(lines: Iterable[str], in_file: Collection[str]) -> Taken:
    """Return what went into the executable.

    ``in_file`` are the names of the output sections that have bytes in the file.  An output section is swept from its
    start to its end, so that no byte counts twice.
    Raises `LinkError` if the text is not a map that we understand.
    """
    iterator = iter(lines)
    if next(iterator, "").rstrip("\n") != _HEADER:
        raise LinkError(
            "The linker wrote a map in an unknown format.",
            hint="castiron expects the lld of the Python package `ziglang` that it was installed with.",
        )
    sizes: dict[str, int] = {}
    merged = padding = 0
    has_bytes = False
    at = end = 0
    for line in iterator:
        if line.startswith(_SYMBOL, _OUT):
            continue
        # A size of 4 GiB or an alignment of 100,000 needs more than its column has, and moves the rest of the line.
        size_end = line.find(" ", _SIZE_END)
        name_at = line.find(" ", size_end + _OUT - _SIZE_END - 1) + 1
        if line[name_at] != " ":
            padding += end - at
            has_bytes = line[name_at:].rstrip("\n") in in_file
            at = int(line[:_ADDRESS_END], 16) if has_bytes else 0
            end = at + int(line[_SIZE:size_end], 16) if has_bytes else 0
        elif line[name_at + _INDENTATION] != " ":
            name = line[name_at + _INDENTATION :].rstrip("\n")
            file, separator, _ = name.rpartition(":(")
            size = int(line[_SIZE:size_end], 16)
            if not separator or not size:
                continue  # An assignment of a linker script, or a section of which nothing is left.
            own = 0
            if has_bytes:
                start = max(at, int(line[:_ADDRESS_END], 16))
                padding += start - at
                own = max(0, int(line[:_ADDRESS_END], 16) + size - start)
                at = start + own
            if file == _INTERNAL:
                merged += own
            else:
                sizes[file] = sizes.get(file, 0) + own
    rows = sorted(((_split(file), size) for file, size in sizes.items()), key=lambda row: (row[0][0], row[0][1] or ""))
    pieces = tuple(Piece(source=source, member=member, size=size) for (source, member), size in rows)
    return Taken(pieces=pieces, merged=merged, padding=padding + end - at)


def _split(file: str) -> tuple[str, str | None]:
    """Return (archive, member) of ``archive(member)``, or (file, None)."""
    if file.endswith(")"):
        archive, separator, member = file[:-1].rpartition("(")
        if separator:
            return archive, member
    return file, None
