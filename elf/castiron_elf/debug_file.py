"""A file with the symbols of an executable and nothing of its code, as ``objcopy --only-keep-debug`` makes it.

Debuggers and profilers find it by the build id, or by the name and checksum that the section ``.gnu_debuglink`` of the
executable holds.

Sources: gABI, chapter 4; GDB manual, "Debugging Information in Separate Files".
"""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from castiron_elf.abi import SHF_ALLOC
from castiron_elf.lief_module import lief_module
from castiron_elf.sections import (
    FILE_HEADER,
    SECTION_HEADER,
    SHT_NOBITS,
    SHT_SYMTAB,
    pad,
    read_section_headers,
    read_sections,
    section_content,
    section_name,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping
    from pathlib import Path

DEBUG_LINK = ".gnu_debuglink"
BUILD_ID = ".note.gnu.build-id"

_PHDR = struct.Struct("<IIQQQQQQ")
_SYMBOL = struct.Struct("<IBBHQQ")
_SHT_NOTE = 7
_PT_NULL, _PT_PHDR = 0, 6
_SHF_EXECINSTR = 4
_GLOBAL_FUNC = 1 << 4 | 2
"""``st_info``: STB_GLOBAL, STT_FUNC."""
_CHUNK = 1 << 20


class Function(NamedTuple):
    """A function and where it lies."""

    name: str
    address: int
    """In the file that it was read from, or in the executable."""
    size: int
    """Bytes; 0 if the file does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moved:
    """Functions of a file that lies somewhere in the executable."""

    base: str
    """The executable's symbol at its first byte."""
    functions: tuple[Function, ...]
    """Addresses are relative to the file's first byte."""


def functions_of(path: Path) -> tuple[Function, ...]:
    """Return the functions that a shared object names, in its full symbol table or else in the dynamic one.

    Sorted by address.  A file that cannot be read has none: its code is in the executable all the same.
    """
    binary = lief_module().ELF.parse(str(path))
    if binary is None:
        return ()
    function = lief_module().ELF.Symbol.TYPE.FUNC
    found = {
        Function(str(symbol.name), symbol.value, symbol.size)
        for symbols in (binary.symtab_symbols, binary.dynamic_symbols)
        for symbol in symbols
        if symbol.type == function and symbol.value and symbol.name
    }
    return tuple(sorted(found, key=lambda item: (item.address, item.name, item.size)))


def write_debug_file(
    linked: Path, path: Path, *, moved: Iterable[Moved], code: Collection[str], executable: Path
) -> int:
    """Write the symbols of ``linked``, an executable that was not stripped, and of the files in it.

    ``code`` are the sections with the files: they count as code, which the executable itself does not say of them.
    ``executable`` is the one that the file is about: its code lies where that of ``linked`` does, but it may start
    elsewhere and have further sections.  gdb compares the distances of sections from the start.  Returns the number of
    symbols.  Raises `InputError` if one of the files cannot be read.
    """
    with executable.open("rb") as file:
        start, others, other_names = read_section_headers(file, executable)
    with linked.open("rb") as file:
        header, rows, names = read_section_headers(file, linked)
        header = (*header[:4], start[4], *header[5:])
        size = file.seek(0, 2)
        file.seek(header[5])
        segments = [list(row) for row in _PHDR.iter_unpack(file.read(_PHDR.size * header[10]))]
        places = {section_name(names, row[0]): number for number, row in enumerate(rows)}
        number = next(number for number, row in enumerate(rows) if row[1] == SHT_SYMTAB)
        strings = rows[number][6]
        symbols = bytearray(section_content(file, rows[number], size, linked))
        text = bytearray(section_content(file, rows[strings], size, linked))
        areas = {number: rows[number] for name, number in places.items() if name in code}
        _add(symbols, text, moved, areas)
        kept = {
            row: section_content(file, rows[row], size, linked)
            for row in range(len(rows))
            if row in (header[13], places.get(".comment")) or rows[row][1] == _SHT_NOTE
        } | {number: bytes(symbols), strings: bytes(text)}
    for row in others:
        name = section_name(other_names, row[0])
        if row[2] & SHF_ALLOC and name not in places:
            rows.append((len(kept[header[13]]), *row[1:]))
            kept[header[13]] += name.encode() + b"\0"
    _write(path, header, segments, rows, kept, executable=areas.keys())
    return len(symbols) // _SYMBOL.size


def _add(symbols: bytearray, text: bytearray, moved: Iterable[Moved], areas: Mapping[int, tuple[int, ...]]) -> None:
    """Add the functions behind the executable's own symbols, of which the last are global, as these are.

    ``areas`` are numbers and headers of the sections that the files may lie in.
    """
    bases = {_name_at(text, name): value for name, _, _, _, value, _ in _SYMBOL.iter_unpack(bytes(symbols))}
    for item in moved:
        base = bases.get(item.base)
        if base is None:
            continue  # The linker took nothing of that file.
        index = next((number for number, row in areas.items() if row[3] <= base < row[3] + row[5]), 0)
        for function in item.functions:
            symbols += _SYMBOL.pack(len(text), _GLOBAL_FUNC, 0, index, base + function.address, function.size)
            text += function.name.encode("utf-8", "replace") + b"\0"


def _name_at(text: bytearray, offset: int) -> str:
    return text[offset : text.index(0, offset)].decode("utf-8", "replace")


def _write(
    path: Path,
    header: tuple[int, ...],
    segments: list[list[int]],
    rows: list[tuple[int, ...]],
    kept: dict[int, bytes],
    *,
    executable: Collection[int],
) -> None:
    """Write headers as they are in the executable, and the contents of the sections in ``kept``."""
    with path.open("wb") as file:
        for segment in segments:
            segment[5] = 0  # Nothing of it is in this file.
            if segment[0] == _PT_PHDR:
                segment[0] = _PT_NULL
        fields = list(header)
        file.write(bytes(FILE_HEADER.size))
        fields[5] = FILE_HEADER.size
        file.write(b"".join(_PHDR.pack(*segment) for segment in segments))
        at = file.tell()
        written: list[tuple[int, ...]] = []
        for number, row in enumerate(rows):
            new = list(row)
            if number in kept:
                at = pad(file, at, 8)
                file.write(kept[number])
                new[4], new[5] = at, len(kept[number])
                at += len(kept[number])
            elif row[1]:
                new[1], new[4] = SHT_NOBITS, at
                if not row[2] & SHF_ALLOC:
                    new[5] = 0
            if number in executable:
                new[2] |= _SHF_EXECINSTR
            written.append(tuple(new))
        fields[6], fields[12] = pad(file, at, 8), len(written)
        file.write(b"".join(SECTION_HEADER.pack(*row) for row in written))
        file.seek(0)
        file.write(FILE_HEADER.pack(*fields))


def debug_link(debug_file: Path) -> bytes:
    """Return the content of ``.gnu_debuglink``: the file's name, and its CRC-32."""
    name = debug_file.name.encode() + b"\0"
    checksum = 0
    with debug_file.open("rb") as file:
        while chunk := file.read(_CHUNK):
            checksum = zlib.crc32(chunk, checksum)
    return name + bytes(-len(name) % 4) + struct.pack("<I", checksum)


def build_id(path: Path) -> str:
    """Return the build id of an executable in hexadecimal digits, empty if it has none.  Raises `InputError`."""
    note = read_sections(path, (BUILD_ID,)).get(BUILD_ID, b"")
    if len(note) < 12:
        return ""
    owner, size, _kind = struct.unpack_from("<III", note)
    start = 12 + owner + -owner % 4
    return note[start : start + size].hex()
