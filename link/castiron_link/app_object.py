"""The one object file that belongs to the application: payload, table of built-in modules, table of extensions.

No C is compiled per application.  The symbols are those of runtime/stub: ``castiron_payload``, the address of the
payload, and its size, ``_PyImport_Inittab``, ``castiron_extensions`` and their count.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_audit.embedded import NOTE_SECTION
from castiron_elf.writer import ObjectWriter, SectionFlag, SectionId, SymbolType

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castiron_common.content import Pieces
    from castiron_common.target import Elf

PAYLOAD_SECTION = ".castiron.payload"

_POINTER = 8
_INITTAB_ROW = 2 * _POINTER
_EXTENSION_ROW = 3 * _POINTER


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtensionRow:
    """A row of ``castiron_extensions``: an extension module of a distribution."""

    name: str
    """Dotted module name."""
    tree_path: str
    """Of its file: ``lib/python3.13/site-packages/numpy/_core/_simd.<tag>.so``."""
    init: str
    """Symbol of its init function."""
    image: int
    """Index of the absorbed image that has it."""


def write_app_object(
    path: Path,
    *,
    elf: Elf,
    payload: Pieces,
    inittab: Sequence[tuple[str, str | None]],
    extensions: Sequence[ExtensionRow] = (),
    note: bytes = b"",
    dictionary: bytes | None = None,
) -> None:
    """Write the relocatable object.  Its bytes depend on the arguments alone.

    ``elf`` is the machine it is for, ``note`` the content of ``.note.package``, which names the application to whoever
    looks at the executable, ``dictionary`` what the payload's frames of Zstandard refer to; None: it has none.
    """
    writer = ObjectWriter(elf)
    if note:
        writer.add_section(NOTE_SECTION, flags=SectionFlag.ALLOC | SectionFlag.RETAIN, align=4, data=note)
    # No page of the payload is shared with anything else.
    section = writer.add_section(PAYLOAD_SECTION, align=elf.page_size, data=payload)
    # The payload may be out of reach of code: it is found through a 64-bit word.
    pointer = _add_table(writer, "castiron_payload", bytes(_POINTER))
    writer.relocate(pointer, 0, writer.absolute, writer.section_symbol(section))
    _define_number(writer, "castiron_payload_size", payload.size)

    names = _Names(writer, (*(name for name, _ in inittab), *(row.name for row in extensions)))
    # One row more than there are: CPython looks for the end of its table, and an empty section carries no symbol.
    table = _add_table(writer, "_PyImport_Inittab", bytes(_INITTAB_ROW * (len(inittab) + 1)))
    for index, (name, init) in enumerate(inittab):
        offset = _INITTAB_ROW * index
        names.refer(table, offset, name)
        if init is not None:
            writer.undefined(init)
            writer.relocate(table, offset + _POINTER, writer.absolute, init)

    numbers = b"".join(struct.pack("<16xQ", row.image) for row in extensions)
    table = _add_table(writer, "castiron_extensions", numbers + bytes(_EXTENSION_ROW))
    for index, row in enumerate(extensions):
        offset = _EXTENSION_ROW * index
        names.refer(table, offset, row.name)
        writer.undefined(row.init)
        writer.relocate(table, offset + _POINTER, writer.absolute, row.init)
    _define_number(writer, "castiron_extension_count", len(extensions))
    if dictionary is not None:
        section = writer.add_section(".rodata.castiron.castiron_dictionary", align=_POINTER, data=dictionary)
        writer.define("castiron_dictionary", section, 0, type=SymbolType.OBJECT, size=len(dictionary))
        _define_number(writer, "castiron_dictionary_size", len(dictionary))
        # The reader refers to it weakly, which takes nothing out of an archive.
        writer.undefined("zstd_into")
    writer.write(path)


class _Names:
    """The C strings of the tables, each text once, in a section of their own."""

    def __init__(self, writer: ObjectWriter, texts: Iterable[str]) -> None:
        data = bytearray()
        self._offsets: dict[str, int] = {}
        for text in texts:
            if text not in self._offsets:
                self._offsets[text] = len(data)
                data += text.encode() + b"\0"
        self._writer = writer
        self._symbol = writer.section_symbol(writer.add_section(".rodata.castiron.names", data=bytes(data)))

    def refer(self, section: SectionId, offset: int, text: str) -> None:
        """Store the address of ``text`` at ``offset`` bytes into ``section``."""
        self._writer.relocate(section, offset, self._writer.absolute, self._symbol, self._offsets[text])


def _add_table(writer: ObjectWriter, symbol: str, data: bytes) -> SectionId:
    """Add a table of pointers: read-only once it is relocated, by the linker or by the start file."""
    flags = SectionFlag.ALLOC | SectionFlag.WRITE
    section = writer.add_section(f".data.rel.ro.castiron.{symbol}", flags=flags, align=_POINTER, data=data)
    writer.define(symbol, section, 0, type=SymbolType.OBJECT, size=len(data))
    return section


def _define_number(writer: ObjectWriter, symbol: str, value: int) -> None:
    """Define ``const uint64_t symbol = value``."""
    section = writer.add_section(f".rodata.castiron.{symbol}", align=_POINTER, data=struct.pack("<Q", value))
    writer.define(symbol, section, 0, type=SymbolType.OBJECT, size=_POINTER)
