"""The large tables of a shared object: dynamic symbols and relocations, decoded column by column.

By hand, as libraries with 100,000 entries are ordinary; a few lines for which a library would be dear.  User time and
memory for libarrow 26 (22,676 symbols, 77,287 relocations, 62 MB): 0.04 s and 83 MB here, 0.13 s and 193 MB with lief
1.0, 2.4 s and 75 MB with pyelftools 0.33; for numpy's _multiarray_umath 1 ms, 13 ms and 102 ms.  The relocations are
needed in this shape anyway: they are applied to the image's memory when its object is written.

For 64-bit little-endian files.  Everything is found through the dynamic table, as ``ld.so`` does: section headers may
be absent or wrong after patchelf and strip.

Source: System V ABI, chapters 4 and 5; gABI, "Relative Relocation Table" (``DT_RELR``); GNU hash table as glibc's
``dl-lookup.c`` reads it.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_elf.abi import PT_LOAD, RELA_SIZE, SHN_UNDEF, SYMBOL_SIZE
from castiron_elf.errors import MalformedElfError
from castiron_elf.headers import Dynamic, Strings, file_offset

if TYPE_CHECKING:
    from castiron_elf.headers import Segment, Table

_SYMBOL = struct.Struct("<IBBHQQ")
_WORD = 8
_MASK = 0xFFFF_FFFF
_LETTERS_PER_BYTE = 8
"""How often a byte of the file may be part of a name; linkers let a name be the tail of others, no more than that."""
_SPARE_LETTERS = 0x1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """The dynamic symbol table, column by column; index 0 is the null symbol."""

    names: tuple[str, ...] = ("",)
    infos: tuple[int, ...] = (0,)
    others: tuple[int, ...] = (0,)
    sections: tuple[int, ...] = (0,)
    values: tuple[int, ...] = (0,)
    sizes: tuple[int, ...] = (0,)

    def __len__(self) -> int:
        return len(self.names)

    def binding(self, index: int) -> int:
        """``STB_*`` of a symbol."""
        return self.infos[index] >> 4

    def type(self, index: int) -> int:
        """``STT_*`` of a symbol."""
        return self.infos[index] & 15

    def visibility(self, index: int) -> int:
        """``STV_*`` of a symbol."""
        return self.others[index] & 3

    def defined(self, index: int) -> bool:
        """Whether this file defines it."""
        return self.sections[index] != SHN_UNDEF


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocations:
    """All relocations of a file in application order; ``DT_RELR`` is expanded into relative ones."""

    offsets: array[int]
    """Unsigned 64-bit addresses from the image's base."""
    infos: array[int]
    """Symbol index << 32 | kind."""
    addends: array[int]
    """Signed 64 bit."""

    def __len__(self) -> int:
        return len(self.offsets)

    def references(self) -> frozenset[tuple[int, int]]:
        """The distinct (kind, symbol index) pairs."""
        return frozenset((info & _MASK, info >> 32) for info in set(self.infos))


class Tables:
    """The bytes of one file, read by the addresses that they get in memory."""

    def __init__(self, data: bytes, segments: tuple[Segment, ...], dynamic: Dynamic) -> None:
        self._data = data
        self._segments = segments
        self._dynamic = dynamic

    def relocations(self, *, relative: int) -> Relocations:
        """Decode all relocations: ``DT_RELR``, then ``DT_RELA``, then ``DT_JMPREL``.

        ``relative`` is the kind that the entries of ``DT_RELR`` have.  Raises `MalformedElfError`.
        """
        offsets, infos, addends = array("Q"), array("Q"), array("q")
        if self._dynamic.relr is not None:
            places = self._relr(self._dynamic.relr)
            addends.extend(struct.unpack("<q", self._read(place, _WORD))[0] for place in places)
            offsets.extend(places)
            infos.extend(array("Q", [relative]) * len(places))
        if self._dynamic.plt is not None and not self._dynamic.plt_has_addends:
            raise MalformedElfError("its PLT relocations have no addends (DT_REL)")
        for table in (self._dynamic.rela, self._dynamic.plt):
            if table is None:
                continue
            raw = self._read(table.address, table.size // RELA_SIZE * RELA_SIZE)
            words, signed = array("Q"), array("q")
            words.frombytes(raw)
            signed.frombytes(raw)
            offsets.extend(words[0::3])
            infos.extend(words[1::3])
            addends.extend(signed[2::3])
        return Relocations(offsets=offsets, infos=infos, addends=addends)

    def symbols(self, relocations: Relocations) -> Symbols:
        """Decode the dynamic symbols: all that a hash table or a relocation can reach.  Raises `MalformedElfError`."""
        dynamic = self._dynamic
        if dynamic.symbols is None:
            return Symbols()
        count = max(self._hashed(), 1 + max((info >> 32 for info in set(relocations.infos)), default=0))
        raw = self._read(dynamic.symbols, count * SYMBOL_SIZE)
        table = dynamic.strings
        strings = Strings(
            b"\0" if table is None else self._read(table.address, table.size),
            letters=_LETTERS_PER_BYTE * len(self._data) + _SPARE_LETTERS,
        )
        names, infos, others, sections, values, sizes = zip(*_SYMBOL.iter_unpack(raw), strict=True)
        return Symbols(
            names=tuple(map(strings.text, names)),
            infos=infos,
            others=others,
            sections=sections,
            values=values,
            sizes=sizes,
        )

    def _read(self, address: int, size: int) -> bytes:
        offset = file_offset(self._segments, address, size)
        return self._data[offset : offset + size]

    def _relr(self, table: Table) -> list[int]:
        """Expand ``DT_RELR``: an even word is an address, an odd one a bitmap of the 63 words that follow."""
        places: list[int] = []
        where = 0
        for (word,) in struct.iter_unpack("<Q", self._read(table.address, table.size // _WORD * _WORD)):
            if not word & 1:
                places.append(word)
                where = word + _WORD
            else:
                places.extend(where + _WORD * bit for bit in range(63) if word >> (bit + 1) & 1)
                where += 63 * _WORD
            if len(places) * _WORD > len(self._data):
                raise MalformedElfError("it has more packed relocations (DT_RELR) than words")
        return places

    def _hashed(self) -> int:
        """Return how many symbols a hash table covers: the dynamic table does not say how many there are."""
        if self._dynamic.sysv_hash is not None:
            return int(struct.unpack("<II", self._read(self._dynamic.sysv_hash, 8))[1])
        return 0 if self._dynamic.gnu_hash is None else self._gnu_hashed(self._dynamic.gnu_hash)

    def _gnu_hashed(self, table: int) -> int:
        buckets, first, bloom, _ = struct.unpack("<IIII", self._read(table, 16))
        start = table + 16 + bloom * _WORD
        highest = max(struct.unpack(f"<{buckets}I", self._read(start, buckets * 4)), default=0)
        if highest < first:
            return int(first)
        at = file_offset(self._segments, start + buckets * 4 + (highest - first) * 4, 4)
        end = next(
            s.offset + s.filesz for s in self._segments if s.type == PT_LOAD and s.offset <= at < s.offset + s.filesz
        )
        chain = memoryview(self._data)[at : at + (end - at) // 4 * 4].cast("I")
        last = next((number for number, word in enumerate(chain) if word & 1), None)
        if last is None:
            raise MalformedElfError("its hash table has no end")
        return int(highest) + last + 1
