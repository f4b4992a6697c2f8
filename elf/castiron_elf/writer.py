"""Writes relocatable ELF objects: data and addresses reach the static linker without a compiler or an assembler.

Neither pyelftools nor lief makes relocatable objects from nothing.  Source: System V ABI, chapter 4 (object files).
The output depends on the calls alone, in their order; it holds no time, no path and no hash-order.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass, field
from enum import IntEnum, IntFlag
from typing import TYPE_CHECKING, NewType

from castiron_common.content import Buffer, Pieces, chunks_of, size_of
from castiron_common.errors import LinkError
from castiron_common.files import atomic_write
from castiron_common.target import Role

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from castiron_common.target import Elf

SectionId = NewType("SectionId", int)
"""A section of one `ObjectWriter`: its index in the section header table."""

SymbolId = NewType("SymbolId", int)
"""A symbol of one `ObjectWriter`, in the order of definition (not its index in the file)."""


class SectionFlag(IntFlag):
    """``sh_flags``."""

    WRITE = 0x1
    ALLOC = 0x2
    EXECINSTR = 0x4
    TLS = 0x400
    RETAIN = 0x200000
    """``SHF_GNU_RETAIN``: ``--gc-sections`` keeps the section even if nothing refers to it."""


class Binding(IntEnum):
    """``STB_*``."""

    LOCAL = 0
    GLOBAL = 1
    WEAK = 2


class SymbolType(IntEnum):
    """``STT_*``."""

    NOTYPE = 0
    OBJECT = 1
    FUNC = 2
    SECTION = 3
    TLS = 6


_SHN_ABS = 0xFFF1
_SHN_LORESERVE = 0xFF00
_SHT_PROGBITS, _SHT_SYMTAB, _SHT_STRTAB, _SHT_RELA, _SHT_NOTE, _SHT_NOBITS = 1, 2, 3, 4, 7, 8
_SHF_INFO_LINK = 0x40
_ET_REL = 1
_IDENT = b"\x7fELF\x02\x01\x01" + bytes(9)
_EHDR_SIZE, _SHDR_SIZE, _SYM_SIZE, _RELA_SIZE = 64, 64, 24, 24


@dataclass(slots=True, kw_only=True)
class _Relocations:
    """Column-wise, as a million Python objects would cost a second and half a gigabyte."""

    offsets: array[int] = field(default_factory=lambda: array("Q"))
    kinds: array[int] = field(default_factory=lambda: array("I"))
    symbols: array[int] = field(default_factory=lambda: array("I"))
    addends: array[int] = field(default_factory=lambda: array("q"))


@dataclass(slots=True, kw_only=True)
class _Section:
    name: str
    flags: int
    align: int
    data: Buffer | Pieces | None
    size: int
    relocations: _Relocations | None = None


@dataclass(slots=True, kw_only=True)
class _Symbol:
    name: str
    section: int
    value: int
    binding: int
    type: int
    size: int


class _Strings:
    """A string table that holds each text once."""

    def __init__(self) -> None:
        self.data = bytearray(1)
        self._offsets: dict[str, int] = {"": 0}

    def add(self, text: str) -> int:
        offset = self._offsets.get(text)
        if offset is None:
            offset = self._offsets[text] = len(self.data)
            self.data += text.encode() + b"\0"
        return offset


class ObjectWriter:
    """One ``ET_REL`` file in the making, 64-bit and little-endian.

    Symbols are named by their text or by the `SymbolId` that their definition returned.  A name may be referred to
    before it is defined; names that are never defined must be declared with `undefined`.
    """

    def __init__(self, elf: Elf) -> None:
        """``elf`` is the machine it is for."""
        self._machine = elf.machine
        self.absolute = elf.kinds[Role.ABSOLUTE]
        """The kind of relocation that stores an address in 64 bits."""
        self._sections: list[_Section] = []
        self._symbols: list[_Symbol] = []
        self._names: dict[str, SymbolId] = {}
        self._section_symbols: dict[SectionId, SymbolId] = {}

    def add_section(
        self,
        name: str,
        *,
        flags: SectionFlag = SectionFlag.ALLOC,
        align: int = 1,
        data: Buffer | Pieces | None = None,
        nobits: int = 0,
    ) -> SectionId:
        """Add a section that holds ``data`` (not copied: leave it alone until `write`), or ``nobits`` zero bytes.

        ``align`` is in bytes, a power of two.
        """
        if align < 1 or align & (align - 1):
            raise ValueError(f"alignment {align} of section {name} is not a power of two")
        if data is not None and nobits:
            raise ValueError(f"section {name} has both data and a zero-filled size")
        size = nobits if data is None else size_of(data)
        self._sections.append(_Section(name=name, flags=int(flags), align=align, data=data, size=size))
        return SectionId(len(self._sections))

    def define(
        self,
        symbol: str,
        section: SectionId | None,
        offset: int,
        *,
        binding: Binding = Binding.GLOBAL,
        type: SymbolType = SymbolType.NOTYPE,  # noqa: A002 - the ABI's own word
        size: int = 0,
    ) -> SymbolId:
        """Define ``symbol`` at ``offset`` bytes into ``section``, or as the number ``offset`` if ``section`` is None.

        Local symbols may repeat a name; they can then only be referred to by id.  A repeated global name is an error.
        """
        index = _SHN_ABS if section is None else int(section)
        return self._add(_Symbol(name=symbol, section=index, value=offset, binding=binding, type=type, size=size))

    def undefined(
        self,
        symbol: str,
        *,
        weak: bool = False,
        type: SymbolType = SymbolType.NOTYPE,  # noqa: A002
    ) -> SymbolId:
        """Declare a symbol that another object defines; repeating is allowed, and strong wins over weak."""
        known = self._names.get(symbol)
        if known is not None:
            present = self._symbols[known]
            if present.section == 0 and not weak:
                present.binding = Binding.GLOBAL
            return known
        binding = Binding.WEAK if weak else Binding.GLOBAL
        return self._add(_Symbol(name=symbol, section=0, value=0, binding=binding, type=type, size=0))

    def section_symbol(self, section: SectionId) -> SymbolId:
        """Return the symbol that stands for the start of ``section``."""
        known = self._section_symbols.get(section)
        if known is None:
            self._symbols.append(
                _Symbol(name="", section=int(section), value=0, binding=Binding.LOCAL, type=SymbolType.SECTION, size=0)
            )
            known = self._section_symbols[section] = SymbolId(len(self._symbols) - 1)
        return known

    def relocate(self, section: SectionId, offset: int, kind: int, symbol: str | SymbolId, addend: int = 0) -> None:
        """Have the linker store ``symbol + addend`` at ``offset`` bytes into ``section``, as ``kind`` says."""
        table = self._relocations(section)
        table.offsets.append(offset)
        table.kinds.append(kind)
        table.symbols.append(self._symbol(symbol))
        table.addends.append(addend)

    def relocate_many(
        self, section: SectionId, kind: int, symbol: str | SymbolId, offsets: Iterable[int], addends: Iterable[int]
    ) -> None:
        """Add relocations of one kind against one symbol: `relocate` for columns of equal length."""
        table = self._relocations(section)
        before = len(table.offsets)
        table.offsets.extend(offsets)
        table.addends.extend(addends)
        count = len(table.offsets) - before
        if len(table.addends) != len(table.offsets):
            raise ValueError("offsets and addends differ in length")
        table.kinds.extend(array("I", [kind]) * count)
        table.symbols.extend(array("I", [self._symbol(symbol)]) * count)

    def write(self, path: Path) -> None:
        """Write the object atomically.

        Raises `LinkError` if the format cannot hold it or a name that relocations use is neither defined nor declared.
        """
        with atomic_write(path, sync=False) as file:
            for chunk in self._chunks():
                file.write(chunk)

    def _add(self, symbol: _Symbol) -> SymbolId:
        known = self._names.get(symbol.name)
        if known is not None and (symbol.binding != Binding.LOCAL or self._symbols[known].binding < 0):
            present = self._symbols[known]
            if present.section == 0 and present.binding != Binding.LOCAL:
                self._symbols[known] = symbol
                return known
            raise LinkError(
                f"The symbol {symbol.name} is defined twice in one object.",
                hint="Two parts of the application claim the same name; this is a bug in castiron, please report it.",
            )
        self._symbols.append(symbol)
        made = SymbolId(len(self._symbols) - 1)
        if known is None:
            self._names[symbol.name] = made
        return made

    def _symbol(self, symbol: str | SymbolId) -> int:
        if not isinstance(symbol, str):
            return symbol
        known = self._names.get(symbol)
        if known is None:
            known = self._add(_Symbol(name=symbol, section=0, value=0, binding=-1, type=SymbolType.NOTYPE, size=0))
        return known

    def _relocations(self, section: SectionId) -> _Relocations:
        present = self._sections[section - 1]
        if present.relocations is None:
            if present.data is None:
                raise ValueError(f"section {present.name} has no bytes to relocate")
            present.relocations = _Relocations()
        return present.relocations

    def _chunks(self) -> Iterable[Buffer]:
        """Yield the file from its first byte to its last."""
        local = [i for i, symbol in enumerate(self._symbols) if symbol.binding == Binding.LOCAL]
        others = [i for i, symbol in enumerate(self._symbols) if symbol.binding != Binding.LOCAL]
        position = [0] * len(self._symbols)
        for index, number in enumerate(local + others, start=1):
            position[number] = index
        strings = _Strings()
        symtab = bytearray(_SYM_SIZE)
        for number in local + others:
            symtab += _symbol_record(self._symbols[number], strings)

        relocated = [(i, s) for i, s in enumerate(self._sections, start=1) if s.relocations]
        symtab_index = len(self._sections) + len(relocated) + 1
        body = _Body()
        for section in self._sections:
            contents = _SHT_NOTE if section.name.startswith(".note.") else _SHT_PROGBITS
            kind = _SHT_NOBITS if section.data is None else contents
            body.place(section.name, kind, section.data, size=section.size, flags=section.flags, align=section.align)
        for index, section in relocated:
            rela = _rela(section.relocations or _Relocations(), position)
            body.place(
                f".rela{section.name}",
                _SHT_RELA,
                rela,
                flags=_SHF_INFO_LINK,
                align=8,
                entry=_RELA_SIZE,
                link=symtab_index,
                info=index,
            )
        body.place(".symtab", _SHT_SYMTAB, symtab, align=8, entry=_SYM_SIZE, link=symtab_index + 1, info=1 + len(local))
        body.place(".strtab", _SHT_STRTAB, strings.data)
        return body.finish(self._machine)


class _Body:
    """Everything after the file header: contents in order, and the section headers that describe them."""

    def __init__(self) -> None:
        self._names = _Strings()
        self._headers: list[bytes] = []
        self._contents: list[Buffer | Pieces] = []
        self._offset = _EHDR_SIZE

    def place(
        self,
        name: str,
        kind: int,
        data: Buffer | Pieces | None,
        *,
        size: int = 0,
        flags: int = 0,
        align: int = 1,
        entry: int = 0,
        link: int = 0,
        info: int = 0,
    ) -> None:
        """Append a section; without ``data`` it takes ``size`` bytes of memory and none of the file."""
        if data is not None:
            size = size_of(data)
            padding = -self._offset % align
            self._contents += (bytes(padding), data)
            self._offset += padding
        self._headers.append(
            struct.pack(
                "<IIQQQQIIQQ", self._names.add(name), kind, flags, 0, self._offset, size, link, info, align, entry
            )
        )
        if data is not None:
            self._offset += size

    def finish(self, machine: int) -> Iterable[Buffer]:
        """Add the section names, and yield the whole file."""
        self._names.add(".shstrtab")
        self.place(".shstrtab", _SHT_STRTAB, self._names.data)
        count = len(self._headers) + 1
        if count >= _SHN_LORESERVE:
            raise LinkError(
                f"An object with {count} sections is more than the format holds.",
                hint="This is a bug in castiron, please report it.",
            )
        padding = -self._offset % 8
        table = self._offset + padding
        yield _IDENT + struct.pack(
            "<HHIQQQIHHHHHH", _ET_REL, machine, 1, 0, 0, table, 0, _EHDR_SIZE, 0, 0, _SHDR_SIZE, count, count - 1
        )
        for content in self._contents:
            yield from chunks_of(content)
        yield bytes(padding + _SHDR_SIZE)
        yield from self._headers


def _symbol_record(symbol: _Symbol, strings: _Strings) -> bytes:
    """Return the ``Elf64_Sym`` of ``symbol``."""
    if symbol.binding < 0:
        raise LinkError(
            f"The symbol {symbol.name} is used but neither defined nor declared.",
            hint="This is a bug in castiron, please report it.",
        )
    return struct.pack(
        "<IBBHQQ",
        strings.add(symbol.name),
        symbol.binding << 4 | symbol.type,
        0,
        symbol.section,
        symbol.value & 0xFFFF_FFFF_FFFF_FFFF,
        symbol.size,
    )


def _rela(table: _Relocations, position: list[int]) -> Buffer:
    """Return the ``Elf64_Rela`` records of one section, with symbols by their place in the symbol table."""
    out = array("Q", bytes(_RELA_SIZE * len(table.offsets)))
    out[0::3] = table.offsets
    out[1::3] = array("Q", [position[s] << 32 | k for s, k in zip(table.symbols, table.kinds, strict=True)])
    out[2::3] = array("Q", table.addends.tobytes())
    if sys.byteorder == "big":
        out.byteswap()
    return memoryview(out).cast("B")
