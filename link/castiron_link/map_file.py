"""Reads the linker's map: which object files and archive members really went in, and how many bytes of each.

Source: LLVM 22, lld/ELF/MapFile.cpp.  A line is ``VMA LMA Size Align Name`` with fixed columns; the name's indentation
says what it is: an output section, an input section (8 spaces), or a symbol (16 spaces).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import LinkError
from castiron_link.model import Piece

if TYPE_CHECKING:
    from collections.abc import Iterable

_HEADER = "             VMA              LMA     Size Align Out     In      Symbol"
_OUT = _HEADER.index("Out")
_INDENTATION = _HEADER.index("In ") - _OUT
_SIZE = _HEADER.index("    Size")
_SIZE_END = _SIZE + len("    Size")


def pieces(lines: Iterable[str]) -> tuple[Piece, ...]:
    """Return what went into the memory image, sorted by (source, member).

    Raises `LinkError` if the text is not a map that we understand.
    """
    iterator = iter(lines)
    if next(iterator, "").rstrip("\n") != _HEADER:
        raise LinkError(
            "The linker wrote a map in an unknown format.",
            hint="castiron expects the lld of the Python package `ziglang` that it was installed with.",
        )
    sizes: dict[tuple[str, str | None], int] = {}
    in_memory = False
    for line in iterator:
        # A size of 4 GiB or an alignment of 100,000 needs more than its column has, and moves the rest of the line.
        size_end = line.find(" ", _SIZE_END)
        name_at = line.find(" ", size_end + _OUT - _SIZE_END - 1) + 1
        if line[name_at] != " ":
            # Sections that are not loaded (comments, tables of names) have no address.
            in_memory = int(line[:16], 16) != 0
        elif in_memory and line[name_at + _INDENTATION] != " ":
            name = line[name_at + _INDENTATION :].rstrip("\n")
            file, separator, _ = name.rpartition(":(")
            if not separator or file == "<internal>":
                continue  # An assignment of a linker script, or what the linker makes itself.
            size = int(line[_SIZE:size_end], 16)
            if size:
                key = _split(file)
                sizes[key] = sizes.get(key, 0) + size
    rows = sorted(sizes.items(), key=lambda item: (item[0][0], item[0][1] or ""))
    return tuple(Piece(source=source, member=member, size=size) for (source, member), size in rows)


def _split(file: str) -> tuple[str, str | None]:
    """Return (archive, member) of ``archive(member)``, or (file, None)."""
    if file.endswith(")"):
        archive, separator, member = file[:-1].rpartition("(")
        if separator:
            return archive, member
    return file, None
