"""Adds sections to a finished ELF file and reads them: data that is not loaded, at the end of the file.

Code and addresses stay as the linker made them: the new contents, a new table of section names and a new table of
section headers are appended, and three fields of the file header are changed.  Source: System V ABI, chapter 4.
"""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

from castiron_common.errors import InputError
from castiron_elf.abi import SHF_ALLOC

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION_HEADER = struct.Struct("<IIQQQQIIQQ")
_IDENT = b"\x7fELF\x02\x01\x01"
_SHT_NULL, _SHT_PROGBITS, SHT_SYMTAB, _SHT_STRTAB, SHT_NOBITS = 0, 1, 2, 3, 8
_MAX_SECTIONS = 0xFF00
_LONGEST_NAME = 256
"""Bytes of the name of a section that anybody looks for."""
_LARGEST_TABLE = 64 << 20
"""Bytes of the names of sections, and of a section that is read whole: a file can claim what it likes."""
_NT_FDO_PACKAGING_METADATA = 0xCAFE1A7E


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """What lies where in an ELF file, each byte once."""

    parts: tuple[tuple[str, int, int], ...]
    """(name, offset, bytes), by offset: sections that have bytes in the file, and with an empty name the file header,
    program headers, section headers, and tables of names and symbols."""
    padding: int
    """Bytes that belong to none of these."""
    size: int
    """Bytes of the file."""

    @property
    def headers(self) -> int:
        """Bytes of headers, and of tables of names and symbols."""
        return sum(size for name, _, size in self.parts if not name)

    @property
    def sections(self) -> frozenset[str]:
        """Names of the sections that have bytes in the file."""
        return frozenset(name for name, _, _ in self.parts if name)


def file_layout(path: Path) -> FileLayout:
    """Return what lies where in an ELF-64 file.  Raises `InputError` if it is none, or if parts lie outside of it."""
    with path.open("rb") as file:
        header, rows, names = read_section_headers(file, path)
        size = file.seek(0, os.SEEK_END)
    extents = [
        (0, FILE_HEADER.size, ""),
        (header[5], header[9] * header[10], ""),
        (header[6], len(rows) * SECTION_HEADER.size, ""),
    ]
    for row in rows:
        if row[1] not in {_SHT_NULL, SHT_NOBITS}:
            # Tables of names and symbols that are not loaded are about the file.
            about = row[1] in {SHT_SYMTAB, _SHT_STRTAB} and not row[2] & SHF_ALLOC
            extents.append((row[4], row[5], "" if about else section_name(names, row[0])))
    parts: list[tuple[str, int, int]] = []
    padding = at = 0
    for offset, length, name in sorted(extents):
        if offset + length > size:
            raise _wrong(path, "one of its sections lies outside of it")
        start = max(at, offset)
        own = max(0, offset + length - start)
        padding += start - at
        at = start + own
        if own:
            parts.append((name, start, own))
    return FileLayout(parts=tuple(parts), padding=padding + size - at, size=size)


def append_sections(path: Path, contents: Mapping[str, bytes]) -> None:
    """Add sections to an ELF-64 file in place, in the order of their names.

    Raises `InputError` if the file is none, or has one of the sections already.
    """
    with path.open("r+b") as file:
        header, rows, names = read_section_headers(file, path)
        known = {section_name(names, row[0]) for row in rows}
        table = bytearray(names)
        at = file.seek(0, os.SEEK_END)
        for name, data in sorted(contents.items()):
            if name in known:
                raise InputError(f"{path.name} has a section {name} already.", hint="Link it again.")
            at = pad(file, at, 8)
            file.write(data)
            rows.append((len(table), _SHT_PROGBITS, 0, 0, at, len(data), 0, 0, 1, 0))
            table += name.encode() + b"\0"
            at += len(data)
        fields = list(header)
        index = fields[13]
        row = list(rows[index])
        row[4], row[5] = at, len(table)
        rows[index] = tuple(row)
        file.write(table)
        at = pad(file, at + len(table), 8)
        file.write(b"".join(SECTION_HEADER.pack(*row) for row in rows))
        fields[6], fields[12] = at, len(rows)
        file.seek(0)
        file.write(FILE_HEADER.pack(*fields))


def read_sections(path: Path, wanted: tuple[str, ...]) -> dict[str, bytes]:
    """Return the contents of the named sections that an ELF-64 file has.  Raises `InputError` if it is none."""
    with path.open("rb") as file:
        _, rows, names = read_section_headers(file, path)
        by_name = {}
        size = file.seek(0, os.SEEK_END)
        for row in rows:
            name = section_name(names, row[0])
            if name in wanted and row[1] != SHT_NOBITS:
                by_name[name] = section_content(file, row, size, path)
        return by_name


def package_note(payload: bytes) -> bytes:
    """Return the ELF note that names a package.  Source: systemd, ELF_PACKAGE_METADATA."""
    owner = b"FDO\0"
    text = payload + b"\0"
    padded = text + bytes(-len(text) % 4)
    return struct.pack("<III", len(owner), len(text), _NT_FDO_PACKAGING_METADATA) + owner + padded


def read_section_headers(file: IO[bytes], path: Path) -> tuple[tuple[int, ...], list[tuple[int, ...]], bytes]:
    """Return the file header, the section headers and the names of sections.  Raises `InputError`."""
    raw = file.read(FILE_HEADER.size)
    if len(raw) != FILE_HEADER.size or not raw.startswith(_IDENT):
        raise _wrong(path, "it is no 64-bit little-endian ELF file")
    header = FILE_HEADER.unpack(raw)
    offset, size, count, index = header[6], header[11], header[12], header[13]
    if not offset or size != SECTION_HEADER.size or not 0 < count < _MAX_SECTIONS or index >= count:
        raise _wrong(path, "it has no section headers")
    whole = file.seek(0, os.SEEK_END)
    if offset + size * count > whole:
        raise _wrong(path, "it was cut short")
    file.seek(offset)
    rows = list(SECTION_HEADER.iter_unpack(file.read(size * count)))
    return header, rows, section_content(file, rows[index], whole, path)


def section_content(file: IO[bytes], row: tuple[int, ...], size: int, path: Path) -> bytes:
    """Return the content of a section; ``size`` is that of the file in bytes."""
    if row[4] + row[5] > size:
        raise _wrong(path, "one of its sections lies outside of it")
    if row[5] > _LARGEST_TABLE:
        raise _wrong(path, f"one of its sections has {row[5]} bytes")
    file.seek(row[4])
    return file.read(row[5])


def section_name(names: bytes, offset: int) -> str:
    """Return the name at an offset of the table of names."""
    end = names.find(b"\0", offset, offset + _LONGEST_NAME)
    return names[offset : end if end >= 0 else offset].decode("ascii", "replace")


def pad(file: IO[bytes], at: int, align: int) -> int:
    """Write zeros up to the next multiple of ``align``; return where that is."""
    gap = -at % align
    file.write(bytes(gap))
    return at + gap


def _wrong(path: Path, what: str) -> InputError:
    return InputError(f"{path.name} cannot be read: {what}.", hint="Name a binary that castiron linked, or a manifest.")
