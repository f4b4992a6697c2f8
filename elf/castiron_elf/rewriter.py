"""Writes a finished executable anew, with other bytes in the file for the same addresses.

Some of its segments keep their addresses and lose their bytes: whoever is entered first has to fill them.  Two segments
are put before all others, constants and code, and one behind them.  Sections stay where they are in memory; those whose
bytes are gone say so (SHT_NOBITS), but for notes: they are about the file, and move to the first segment.

Sources: System V ABI, chapters 4 and 5; Linux, fs/binfmt_elf.c: the first segment must have bytes, among them the
program headers; a segment without bytes is filled with zeros and can be written, whatever its flags say, and old
kernels map it whole only if it begins at the start of a page.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import IO, TYPE_CHECKING

from castiron_common.errors import LinkError
from castiron_elf.abi import PT_LOAD, SHF_ALLOC, SegmentFlag
from castiron_elf.executable import PROGRAM_HEADER, Segment, lies_in
from castiron_elf.sections import FILE_HEADER, SECTION_HEADER, SHT_NOBITS, section_content

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence
    from pathlib import Path

    from castiron_elf.executable import Executable

_LOWEST = 0x10000
"""Linux maps nothing below (``vm.mmap_min_addr``)."""
_PT_NOTE, _PT_PHDR = 4, 6
_SHT_PROGBITS, _SHT_NOTE = 1, 7
_SHF_EXECINSTR = 4
_CHUNK = 1 << 20
_WORD = 8
_NOTE = 4
"""Notes are aligned to that many bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Added:
    """A section that comes into the file."""

    name: str
    data: bytes = field(repr=False)
    at: int = 0
    """Bytes from the start of what it belongs to."""
    executable: bool = False


class Rewriter:
    """Knows from the start where everything will lie in memory, and writes once the contents are known."""

    def __init__(
        self, source: Executable, *, emptied: Collection[Segment], constants: int, code: int, page: int
    ) -> None:
        """``constants`` and ``code`` are the bytes of what is put before the executable.

        Raises `LinkError` if there is no room.
        """
        self._source = source
        self._emptied = tuple(emptied)
        self._page = page
        loads = source.loads
        for before, after in pairwise(loads):
            if before.pages(page)[1] > after.pages(page)[0]:
                raise _impossible("two of its segments share a page")
        with source.path.open("rb") as file:
            self._notes = {
                number: section_content(file, row, source.size, source.path)
                for number, row in enumerate(source.sections)
                if row[1] == _SHT_NOTE and self._loses_bytes(row)
            }
        others = [item for item in source.segments if item.type not in {PT_LOAD, _PT_NOTE}]
        self._header_count = len(others) + len(loads) + 3 + bool(self._notes)
        self._notes_offset = FILE_HEADER.size + self._header_count * PROGRAM_HEADER.size
        self._notes_size = sum(_whole(len(data), _NOTE) for data in self._notes.values())
        self._front_offset = _whole(self._notes_offset + self._notes_size, page)
        self._code_at = _whole(constants, page)
        self.front = loads[0].pages(page)[0] - self._code_at - _whole(code, page)
        """The address of the first added section, at the start of a page; code begins on the page behind constants."""
        self._first = self.front - self._front_offset
        if self._first < _LOWEST:
            raise _impossible(f"there is no room before its address {loads[0].address:#x}")
        self.last = loads[-1].pages(page)[1]
        """The address of the segment behind all others."""

    def _loses_bytes(self, row: tuple[int, ...]) -> bool:
        return any(lies_in(row, load) for load in self._emptied)

    def write(self, target: Path, *, entry: int, front: Sequence[Added], last: Added) -> None:
        """Write the executable to another file.

        ``entry`` is where it starts, in bytes from `front`; so are the places of the sections ``front``, constants
        before code.  ``last`` stands in the segment behind all others.
        """
        with self._source.path.open("rb") as source, target.open("wb") as file:
            made = _File(file)
            rows = [list(row) for row in self._source.sections]
            names = bytearray(self._source.names)
            made.put(bytes(self._notes_offset))
            for number, data in self._notes.items():
                rows[number][3:5] = self._first + made.size, made.size
                made.put(data)
                made.align(_NOTE)
            made.align(self._page)
            constants = [item for item in front if not item.executable]
            code = [item for item in front if item.executable]
            added = self._add(made, constants, names, offset=self._front_offset, address=self.front)
            segments = [self._load(SegmentFlag.READ, 0, made.size, self._first)]
            added += self._add(made, code, names, offset=self._front_offset, address=self.front)
            start = self._front_offset + self._code_at
            flags = SegmentFlag.READ | SegmentFlag.EXECUTE
            segments.append(self._load(flags, start, made.size - start, self.front + self._code_at))
            moved: dict[Segment, int] = {}
            for load in self._source.loads:
                if load in self._emptied:
                    first, end = load.pages(self._page)
                    flags = SegmentFlag.READ | SegmentFlag.WRITE
                    segments.append(replace(self._load(flags, 0, 0, first), memory_size=end - first))
                elif not load.file_size:
                    segments.append(replace(load, offset=0))
                else:
                    made.align(self._page)
                    made.put(bytes(load.address % self._page))
                    moved[load] = made.size
                    segments.append(replace(load, offset=made.size))
                    made.copy(source, load.offset, load.file_size)
            start = made.align(self._page)
            added += self._add(made, (last,), names, offset=start, address=self.last)
            segments.append(self._load(SegmentFlag.READ, start, made.size - start, self.last))
            self._place_sections(made, source, rows, moved)
            index = self._source.header[13]
            rows[index][4:6] = made.size, len(names)
            made.put(bytes(names))
            table = made.align(_WORD)
            rows += added
            made.put(b"".join(SECTION_HEADER.pack(*row) for row in rows))
            headers = self._program_headers(segments)
            fields = list(self._source.header)
            fields[4], fields[5], fields[6] = self.front + entry, FILE_HEADER.size, table
            fields[10], fields[12] = len(headers), len(rows)
            file.seek(0)
            file.write(FILE_HEADER.pack(*fields) + b"".join(header.row() for header in headers))

    def _add(
        self, made: _File, sections: Sequence[Added], names: bytearray, *, offset: int, address: int
    ) -> list[list[int]]:
        """Write new sections, placed from an offset in the file and an address on; return their headers."""
        rows = []
        for item in sections:
            made.put(bytes(offset + item.at - made.size))
            flags = SHF_ALLOC | (_SHF_EXECINSTR if item.executable else 0)
            size = len(item.data)
            rows.append([len(names), _SHT_PROGBITS, flags, address + item.at, made.size, size, 0, 0, _WORD, 0])
            names += item.name.encode() + b"\0"
            made.put(item.data)
        return rows

    def _load(self, flags: int, offset: int, size: int, address: int) -> Segment:
        return Segment(
            type=PT_LOAD,
            flags=flags,
            offset=offset,
            address=address,
            file_size=size,
            memory_size=size,
            align=self._page,
        )

    def _place_sections(self, made: _File, source: IO[bytes], rows: list[list[int]], moved: dict[Segment, int]) -> None:
        """Have the headers of the old sections say where their bytes are now; write those that are not loaded."""
        for number, old in enumerate(self._source.sections):
            row = rows[number]
            load = next((load for load in moved if lies_in(old, load)), None)
            if load is not None:
                row[4] = moved[load] + old[4] - load.offset
            elif self._loses_bytes(old):
                if number not in self._notes:
                    row[1], row[4] = SHT_NOBITS, 0
            elif old[2] & SHF_ALLOC:
                row[4] = 0  # Without bytes before, too.
            elif old[1] not in {0, SHT_NOBITS} and number != self._source.header[13]:
                row[4] = made.align(max(1, old[8]))
                made.copy(source, old[4], old[5])

    def _program_headers(self, segments: Sequence[Segment]) -> list[Segment]:
        """Return the new program headers: as the ABI has it, that of the table itself before all that is loaded."""
        before, behind = [], []
        size = self._header_count * PROGRAM_HEADER.size
        for item in self._source.segments:
            if item.type == _PT_PHDR:
                own = self._load(SegmentFlag.READ, FILE_HEADER.size, size, self._first + FILE_HEADER.size)
                before.append(replace(own, type=_PT_PHDR, align=_WORD))
            elif item.type not in {PT_LOAD, _PT_NOTE}:
                # What it is about is in memory, once it is filled.
                behind.append(replace(item, offset=0, file_size=0))
        if self._notes:
            at, size = self._notes_offset, self._notes_size
            own = self._load(SegmentFlag.READ, at, size, self._first + at)
            behind.append(replace(own, type=_PT_NOTE, align=_NOTE))
        return [*before, *segments, *behind]


class _File:
    """A file that is written from its start to its end."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.size = 0

    def put(self, data: bytes) -> None:
        self._file.write(data)
        self.size += len(data)

    def align(self, align: int) -> int:
        """Write zeros up to a multiple of ``align``; return where that is."""
        self.put(bytes(-self.size % align))
        return self.size

    def copy(self, source: IO[bytes], offset: int, size: int) -> None:
        source.seek(offset)
        while size:
            chunk = source.read(min(_CHUNK, size))
            if not chunk:
                raise _impossible("it became shorter")
            self.put(chunk)
            size -= len(chunk)


def _whole(size: int, unit: int) -> int:
    return -(-size // unit) * unit


def _impossible(why: str) -> LinkError:
    return LinkError(
        f"The linked executable cannot be compressed: {why}.",
        hint="Link without `--profile small`, and please report it: this is a bug in castiron.",
    )
