"""Reads the linker's map: which object files and archive members really went in, and how many bytes of each.

Source: LLVM 22, lld/ELF/MapFile.cpp.  A line is ``VMA LMA Size Align Name`` with fixed columns; the name's indentation
says what it is: an output section, an input section (8 spaces), or a symbol (16 spaces).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_common.errors import LinkError
from castiron_link.model import Piece, Taken

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

MAP_HEADER = "             VMA              LMA     Size Align Out     In      Symbol"
_OUT = MAP_HEADER.index("Out")
_INDENTATION = MAP_HEADER.index("In ") - _OUT
_SIZE = MAP_HEADER.index("    Size")
_SIZE_END = _SIZE + len("    Size")
_ADDRESS_END = len("             VMA")
_SYMBOL = " " * 16
"""The indentation of a symbol, of which a map has more than of all else."""
_CODE = ".text"
"""The output section of all code."""
_INTERNAL = "<internal>"
"""Where the linker itself is the author: merged constants, ``.got``, ``.eh_frame_hdr``."""


def taken(lines: Iterable[str], in_file: Collection[str]) -> Taken:
    """Return what went into the executable, as the linker wrote it.

    ``in_file`` are the names of the output sections that have bytes in the file.
    Raises `LinkError` if the text is not a map that we understand.
    """
    return taken_by(lines, (in_file,))[0]


def taken_by(lines: Iterable[str], parts: Sequence[Collection[str]]) -> list[Taken]:
    """Return what went into each of several parts of the executable, which are given by names of output sections.

    What has no bytes in the file, but somebody wrote it, is in the first part.
    An output section is swept from its start to its end, so that no byte counts twice.
    Raises `LinkError` if the text is not a map that we understand.
    """
    found = [_Sums() for _ in parts]
    part_of = {name: sums for names, sums in zip(parts, found, strict=True) for name in names}
    _sweep(lines, part_of, found[0])
    return [sums.taken() for sums in found]


def functions(lines: Iterable[str]) -> list[str]:
    """Return the functions of the executable by address: of each section with code the first symbol, and no name twice.

    Of several local functions of one name the linker orders all by the place of the first.
    """
    found: dict[str, None] = {}
    in_code = wanted = False
    for line in lines:
        name = line[_OUT:].rstrip("\n")
        if not name.startswith(" "):
            in_code = name == _CODE
        elif not in_code:
            continue
        elif not name.startswith(_SYMBOL):
            wanted = True
        elif wanted:
            found[name.strip()] = None
            wanted = False
    return list(found)


@dataclass(slots=True)
class _Sums:
    """Bytes of one part."""

    sizes: dict[str, int] = field(default_factory=dict)
    merged: int = 0
    padding: int = 0

    def taken(self) -> Taken:
        rows = sorted(
            ((_split(file), size) for file, size in self.sizes.items()), key=lambda row: (row[0][0], row[0][1] or "")
        )
        pieces = tuple(Piece(source=source, member=member, size=size) for (source, member), size in rows)
        return Taken(pieces=pieces, merged=self.merged, padding=self.padding)


def _sweep(lines: Iterable[str], part_of: Mapping[str, _Sums], without_bytes: _Sums) -> None:
    """Add up what the map says."""
    iterator = iter(lines)
    if next(iterator, "").rstrip("\n") != MAP_HEADER:
        raise LinkError(
            "The linker wrote a map in an unknown format.",
            hint="castiron expects the lld of the Python package `ziglang` that it was installed with.",
        )
    part: _Sums | None = None
    at = end = 0
    for line in iterator:
        if line.startswith(_SYMBOL, _OUT):
            continue
        # A size of 4 GiB or an alignment of 100,000 needs more than its column has, and moves the rest of the line.
        size_end = line.find(" ", _SIZE_END)
        name_at = line.find(" ", size_end + _OUT - _SIZE_END - 1) + 1
        if line[name_at] != " ":
            if part is not None:
                part.padding += end - at
            part = part_of.get(line[name_at:].rstrip("\n"))
            at = int(line[:_ADDRESS_END], 16) if part else 0
            end = at + int(line[_SIZE:size_end], 16) if part else 0
        elif line[name_at + _INDENTATION] != " ":
            name = line[name_at + _INDENTATION :].rstrip("\n")
            file, separator, _ = name.rpartition(":(")
            size = int(line[_SIZE:size_end], 16)
            if not separator or not size:
                continue  # An assignment of a linker script, or a section of which nothing is left.
            own = 0
            if part is not None:
                start = max(at, int(line[:_ADDRESS_END], 16))
                part.padding += start - at
                own = max(0, int(line[:_ADDRESS_END], 16) + size - start)
                at = start + own
            sums = part or without_bytes
            if file == _INTERNAL:
                sums.merged += own
            else:
                sums.sizes[file] = sums.sizes.get(file, 0) + own
    if part is not None:
        part.padding += end - at


def _split(file: str) -> tuple[str, str | None]:
    """Return (archive, member) of ``archive(member)``, or (file, None)."""
    if file.endswith(")"):
        archive, separator, member = file[:-1].rpartition("(")
        if separator:
            return archive, member
    return file, None
