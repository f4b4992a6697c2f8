"""Opens ELF files of other people with pyelftools, which is written for sound ones.

On damaged files it fails with exceptions of every kind, asserts among them, follows counts of four thousand million,
and looks for ends of tables that never come.  So the counts and places that its loops follow are compared with the
file's size first, and whatever it raises then is one exception.

Source: System V ABI, chapters 4 and 5, for both word sizes and byte orders.
"""

from __future__ import annotations

import os
import struct
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_SEGMENTS = 1024
_MOST_TAGS = 4096
"""In a dynamic table; those of large libraries have fewer than a hundred."""
_PT_LOAD, _PT_DYNAMIC, _PT_INTERP = 1, 2, 3
_SHT_NULL, _SHT_NOBITS = 0, 8
_DT_NULL, _DT_HASH, _DT_GNU_HASH = 0, 4, 0x6FFFFEF5
_SYMBOL = 16
"""Bytes of the smallest symbol."""


class MalformedElfError(ValueError):
    """A file that begins like ELF and cannot be read as such."""


@contextmanager
def open_elf(file: IO[bytes]) -> Iterator[Any]:
    """Open an ELF file as `elftools.elf.elffile.ELFFile`.

    Raises `MalformedElfError` for what is wrong with the file, also when it is found in the ``with`` block.
    """
    from elftools.elf.elffile import ELFFile

    try:
        _require_sound(file)
        file.seek(0)
        yield ELFFile(file)
    except MalformedElfError:
        raise
    except Exception as error:  # see the module's docstring
        raise MalformedElfError(str(error) or type(error).__name__) from error


@dataclass(frozen=True, slots=True)
class _Segment:
    type: int
    offset: int
    address: int
    size: int
    """Bytes in the file."""


def _require_sound(file: IO[bytes]) -> None:
    """Compare every count and place that pyelftools follows with the size of the file."""
    size = file.seek(0, os.SEEK_END)
    ident = _read(file, 0, 16, size)
    if ident[:4] != b"\x7fELF" or ident[4] not in (1, 2) or ident[5] not in (1, 2):
        raise MalformedElfError("it is no ELF file")
    wide, order = ident[4] == 2, "<" if ident[5] == 1 else ">"
    header = struct.Struct(order + ("HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"))
    fields = header.unpack(_read(file, 16, header.size, size))
    phoff, shoff, phentsize, phnum, shentsize, shnum, shstrndx = fields[4], fields[5], *fields[8:13]
    segments = _segments(file, phoff, phentsize, phnum, wide=wide, order=order, size=size) if phnum else []
    if shoff:
        _check_sections(file, (shoff, shentsize, shnum, shstrndx), wide=wide, order=order, size=size)
    for segment in segments:
        if segment.type == _PT_DYNAMIC:
            _check_dynamic(file, segment, segments, wide=wide, order=order, size=size)


def _read(file: IO[bytes], offset: int, length: int, size: int) -> bytes:
    if offset + length > size:
        raise MalformedElfError("a table or header lies outside of the file")
    file.seek(offset)
    return file.read(length)


def _segments(
    file: IO[bytes], phoff: int, phentsize: int, phnum: int, *, wide: bool, order: str, size: int
) -> list[_Segment]:
    row = struct.Struct(order + ("IIQQQQQQ" if wide else "IIIIIIII"))
    if phentsize != row.size or phnum > _MOST_SEGMENTS:
        raise MalformedElfError(f"it has {phnum} program headers of {phentsize} bytes")
    found = []
    for fields in row.iter_unpack(_read(file, phoff, phnum * row.size, size)):
        kind, (offset, address, _, length) = fields[0], fields[2:6] if wide else fields[1:5]
        if kind in (_PT_LOAD, _PT_DYNAMIC, _PT_INTERP) and offset + length > size:
            raise MalformedElfError("a segment lies outside of the file")
        found.append(_Segment(kind, offset, address, length))
    return found


def _check_sections(file: IO[bytes], table: tuple[int, int, int, int], *, wide: bool, order: str, size: int) -> None:
    shoff, shentsize, shnum, shstrndx = table
    row = struct.Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
    if shentsize != row.size or not shstrndx < shnum < 0xFF00:
        raise MalformedElfError(f"it has {shnum} section headers of {shentsize} bytes")
    for fields in row.iter_unpack(_read(file, shoff, shnum * row.size, size)):
        if fields[1] not in (_SHT_NULL, _SHT_NOBITS) and fields[4] + fields[5] > size:
            raise MalformedElfError("a section lies outside of the file")


def _check_dynamic(
    file: IO[bytes], segment: _Segment, segments: list[_Segment], *, wide: bool, order: str, size: int
) -> None:
    """The table must end, and its hash tables must not promise more symbols than the file has room for."""
    row = struct.Struct(order + ("QQ" if wide else "II"))
    length = min(segment.size, _MOST_TAGS * row.size)
    tags: dict[int, int] = {}
    for tag, value in row.iter_unpack(_read(file, segment.offset, length - length % row.size, size)):
        if tag == _DT_NULL:
            break
        tags[tag] = value
    else:
        raise MalformedElfError("its dynamic table has no end")
    for tag in (_DT_HASH, _DT_GNU_HASH):
        if tag not in tags:
            continue
        at = next(
            (s.offset + tags[tag] - s.address for s in segments if s.address <= tags[tag] < s.address + s.size), None
        )
        if at is None:
            raise MalformedElfError("its hash table lies outside of the file")
        counts = struct.unpack(f"{order}IIII", _read(file, at, 16, size))
        largest = max(counts[:2]) if tag == _DT_HASH else max(counts[0], counts[2])
        if largest > size // _SYMBOL:
            raise MalformedElfError(f"its hash table promises {largest} entries")
