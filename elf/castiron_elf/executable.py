"""The headers of a finished executable, as values."""

from __future__ import annotations

import os
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_elf.abi import PT_LOAD, SHF_ALLOC
from castiron_elf.sections import SHT_NOBITS, read_section_headers, section_name

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM_HEADER = struct.Struct("<IIQQQQQQ")


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """A row of the program headers."""

    type: int
    flags: int
    offset: int
    address: int
    file_size: int
    memory_size: int
    align: int

    @property
    def end(self) -> int:
        """The address behind it."""
        return self.address + self.memory_size

    def pages(self, page: int) -> tuple[int, int]:
        """Return the address of its first page, and that behind its last one."""
        return self.address & -page, -(-self.end // page) * page

    def row(self) -> bytes:
        """Return what the file has of it."""
        return PROGRAM_HEADER.pack(
            *(self.type, self.flags, self.offset, self.address, self.address),
            *(self.file_size, self.memory_size, self.align),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Executable:
    """A finished executable."""

    path: Path
    size: int
    """Bytes of the file."""
    header: tuple[int, ...]
    """e_ident, e_type, e_machine, e_version, e_entry, e_phoff, e_shoff, e_flags, e_ehsize, e_phentsize, e_phnum,
    e_shentsize, e_shnum, e_shstrndx."""
    segments: tuple[Segment, ...]
    sections: tuple[tuple[int, ...], ...]
    """sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size, sh_link, sh_info, sh_addralign, sh_entsize."""
    names: bytes = field(repr=False)
    """Of sections."""

    @property
    def entry(self) -> int:
        """The address at which it starts."""
        return self.header[4]

    @property
    def loads(self) -> tuple[Segment, ...]:
        """The segments that are loaded, by address."""
        return tuple(segment for segment in self.segments if segment.type == PT_LOAD)

    def section_name(self, row: tuple[int, ...]) -> str:
        """Return the name of a section."""
        return section_name(self.names, row[0])

    def sections_of(self, load: Segment) -> frozenset[str]:
        """Return the names of the sections of a loaded segment that have bytes in the file."""
        return frozenset(self.section_name(row) for row in self.sections if lies_in(row, load))


def lies_in(row: tuple[int, ...], load: Segment) -> bool:
    """Say whether the bytes of a section are some of a loaded segment."""
    inside = load.offset <= row[4] and row[4] + row[5] <= load.offset + load.file_size
    return bool(row[2] & SHF_ALLOC and row[1] and row[1] != SHT_NOBITS and row[5] and inside)


def read_executable(path: Path) -> Executable:
    """Return what the headers of an ELF-64 file say.  Raises `InputError` if it is none."""
    with path.open("rb") as file:
        header, rows, names = read_section_headers(file, path)
        size = file.seek(0, os.SEEK_END)
        file.seek(header[5])
        table = file.read(PROGRAM_HEADER.size * header[10])
    segments = tuple(
        Segment(type=kind, flags=flags, offset=at, address=address, file_size=own, memory_size=memory, align=align)
        for kind, flags, at, address, _, own, memory, align in PROGRAM_HEADER.iter_unpack(table)
    )
    return Executable(path=path, size=size, header=header, segments=segments, sections=tuple(rows), names=names)
