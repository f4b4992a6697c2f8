"""The tables that the stub reads: the images, the names they can be opened by, and the program's own symbols.

Layout: runtime/castiron_runtime/stub/images/images.h.
"""

from __future__ import annotations

import posixpath
import struct
from typing import TYPE_CHECKING

from castiron_elf.writer import ObjectWriter, SectionFlag, SectionId, SymbolId, SymbolType
from castiron_link.absorb.emit import base_symbol, fixup_symbols, tls_symbol
from castiron_link.absorb.folded import Folding, pages_symbol, runs_of
from castiron_link.absorb.packed import packed_symbols

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from castiron_common.target import Elf
    from castiron_link.absorb.closure import ImagePlan

_PHDR = struct.Struct("<IIQQQQQQ")
_IMAGE = struct.Struct("<8x8x8x8xqIIQ8x8x8x8x")
"""base, program headers, name, needed (all pointers); tls offset; counts of headers and needed; span in bytes; start
and end of fixups, and of compressed bytes (pointers).
"""
_RUN = struct.Struct("<QQQ8x")
"""Number of the image, offset in it and size in bytes of a run of pages; where they are (a pointer)."""
_PAIR = 16
_NOTED = 24
"""Bytes of a row of ``castiron_noted_types``."""
_STATE = 24
"""Bytes of a ``castiron_image_state``."""


class _Strings:
    """C strings, each once."""

    def __init__(self) -> None:
        self.data = bytearray()
        self._offsets: dict[str, int] = {}

    def add(self, text: str) -> int:
        offset = self._offsets.get(text)
        if offset is None:
            offset = self._offsets[text] = len(self.data)
            self.data += text.encode("utf-8", "surrogateescape") + b"\0"
        return offset


def write_tables(
    path: Path,
    images: Sequence[ImagePlan],
    *,
    program_symbols: Iterable[str],
    tree_prefix: str,
    elf: Elf,
    pie: bool = False,
    packed: bool = False,
    noted_types: Mapping[int, Sequence[str]] | None = None,
) -> None:
    """Write the object that defines ``castiron_images`` and what belongs to it.

    ``tree_prefix`` is the tree path of site-packages; ``pie``: the images' objects are for position-independent
    executables; ``packed``: their bytes are compressed.  ``noted_types`` has the numbers of the images that were
    examined, and the types (``module:attribute``) that have to be watched in each.
    """
    examined = noted_types or {}
    noted = [
        (module, attribute, number)
        for number in sorted(examined)
        for module, _, attribute in (name.partition(":") for name in examined[number])
    ]
    writer = ObjectWriter(elf)
    strings = _Strings()
    names = sorted((alias, number) for number, image in enumerate(images) for alias in _aliases(image, tree_prefix))
    symbols = sorted(set(program_symbols), key=str.encode)
    for text in (*(name for name, _ in names), *symbols, *(name for row in noted for name in row[:2])):
        strings.add(text)
    for image in images:
        strings.add(_tree_path(image, tree_prefix))
    section = writer.add_section(".rodata.castiron.image_names", data=strings.data)
    text_symbol = writer.section_symbol(section)
    kind = elf.kinds[elf.tls.word]
    _images(writer, images, strings, text_symbol, tree_prefix, tls_word=kind, pie=pie, packed=packed)
    if not packed:
        _runs(writer, images, page=elf.page_size)
    _pairs(writer, "castiron_image_names", [(name, number) for name, number in names], strings, text_symbol)
    _program_symbols(writer, symbols, strings, text_symbol)
    _examined(writer, [number in examined for number in range(len(images))])
    _noted_types(writer, noted, strings, text_symbol)
    if images:
        # The loader of extension modules refers to it weakly, which takes nothing out of an archive.
        writer.undefined("castiron_image_prepare")
        state = writer.add_section(
            ".bss.castiron.image_states",
            flags=SectionFlag.ALLOC | SectionFlag.WRITE,
            align=8,
            nobits=_STATE * len(images),
        )
        writer.define("castiron_image_states", state, 0, type=SymbolType.OBJECT, size=_STATE * len(images))
    writer.write(path)


def _tree_path(image: ImagePlan, tree_prefix: str) -> str:
    return posixpath.normpath(f"{tree_prefix}/{image.files[0].path}")


def _aliases(image: ImagePlan, tree_prefix: str) -> set[str]:
    """The names an image can be opened by: paths in the tree, file names, soname."""
    aliases = {image.facts.soname} if image.facts.soname else set()
    for file in image.files:
        aliases |= {posixpath.normpath(f"{tree_prefix}/{file.path}"), posixpath.basename(file.path)}
    return aliases


def _images(
    writer: ObjectWriter,
    images: Sequence[ImagePlan],
    strings: _Strings,
    text: SymbolId,
    tree_prefix: str,
    *,
    tls_word: int,
    pie: bool,
    packed: bool,
) -> None:
    headers, needed, rows = bytearray(), bytearray(), bytearray()
    header_offsets, needed_offsets = [], []
    for image in images:
        header_offsets.append(len(headers))
        needed_offsets.append(len(needed))
        for s in image.facts.segments:
            headers += _PHDR.pack(s.type, s.flags, s.offset, s.vaddr, s.vaddr, s.filesz, s.memsz, s.align)
        needed += struct.pack(f"<{len(image.needed)}I", *image.needed)
        rows += _IMAGE.pack(0, len(image.facts.segments), len(image.needed), image.facts.span)
    header_section = writer.section_symbol(_table(writer, "castiron_image_headers", headers))
    needed_section = writer.section_symbol(_table(writer, "castiron_image_needs", needed))
    table = _table(writer, "castiron_images", rows)
    for number, image in enumerate(images):
        row = number * _IMAGE.size
        writer.undefined(base_symbol(image.id))
        writer.relocate(table, row, writer.absolute, base_symbol(image.id))
        writer.relocate(table, row + 8, writer.absolute, header_section, header_offsets[number])
        writer.relocate(table, row + 16, writer.absolute, text, strings.add(_tree_path(image, tree_prefix)))
        writer.relocate(table, row + 24, writer.absolute, needed_section, needed_offsets[number])
        if image.facts.tls:
            writer.undefined(tls_symbol(image.id), type=SymbolType.TLS)
            writer.relocate(table, row + 32, tls_word, tls_symbol(image.id))
        for offset, symbol in _parts(image.id, pie=pie, packed=packed):
            writer.undefined(symbol)
            writer.relocate(table, row + offset, writer.absolute, symbol)
    _number(writer, "castiron_image_count", len(images))


def _runs(writer: ObjectWriter, images: Sequence[ImagePlan], *, page: int) -> None:
    """Add the table of the pages that are moved when an image is first used; an executable without has none."""
    rows = bytearray()
    places: list[tuple[str, int]] = []
    for number, image in enumerate(images):
        runs = runs_of(image.facts, page=page)
        rows += b"".join(_RUN.pack(number, *run) for run in runs)
        before = Folding(runs, name=image.name).before
        places += [(pages_symbol(image.id), offset) for offset in before[:-1]]
    if not places:
        return
    table = _table(writer, "castiron_image_runs", rows)
    for row, (symbol, offset) in enumerate(places):
        writer.undefined(symbol)
        writer.relocate(table, row * _RUN.size + 24, writer.absolute, symbol, offset)
    _number(writer, "castiron_image_run_count", len(places))


def _parts(image_id: str, *, pie: bool, packed: bool) -> tuple[tuple[int, str], ...]:
    """Return offsets in a row, and the symbols of what belongs to the image there; a packed one's fixups are in it."""
    if packed:
        return tuple(zip((72, 80), packed_symbols(image_id), strict=True))
    return tuple(zip((56, 64), fixup_symbols(image_id), strict=True)) if pie else ()


def _pairs(
    writer: ObjectWriter, symbol: str, rows: Sequence[tuple[str, int]], strings: _Strings, text: SymbolId
) -> None:
    """Add a sorted table of (name, number)."""
    data = b"".join(struct.pack("<8xQ", number) for _, number in rows)
    table = _table(writer, symbol, bytearray(data))
    for index, (name, _) in enumerate(rows):
        writer.relocate(table, index * _PAIR, writer.absolute, text, strings.add(name))
    _number(writer, symbol.removesuffix("s") + "_count", len(rows))


def _program_symbols(writer: ObjectWriter, symbols: Sequence[str], strings: _Strings, text: SymbolId) -> None:
    """Add the sorted table of (name, address) of the executable's symbols that ``dlsym`` finds."""
    table = _table(writer, "castiron_program_symbols", bytearray(_PAIR * len(symbols)))
    for index, name in enumerate(symbols):
        writer.undefined(name)
        writer.relocate(table, index * _PAIR, writer.absolute, text, strings.add(name))
        writer.relocate(table, index * _PAIR + 8, writer.absolute, name)
    _number(writer, "castiron_program_symbol_count", len(symbols))


def _examined(writer: ObjectWriter, flags: Sequence[bool]) -> None:
    """Add a byte for each image: whether it was examined (stub/process/examined.c)."""
    section = writer.add_section(".rodata.castiron.castiron_image_examined", data=bytes(flags) or b"\0")
    writer.define("castiron_image_examined", section, 0, type=SymbolType.OBJECT, size=len(flags))


def _noted_types(writer: ObjectWriter, rows: Sequence[tuple[str, str, int]], strings: _Strings, text: SymbolId) -> None:
    """Add the table of (module, attribute, image): types whose objects do something when they are destroyed."""
    table = _table(writer, "castiron_noted_types", bytearray(b"".join(struct.pack("<16xQ", row[2]) for row in rows)))
    for index, (module, attribute, _) in enumerate(rows):
        writer.relocate(table, index * _NOTED, writer.absolute, text, strings.add(module))
        writer.relocate(table, index * _NOTED + 8, writer.absolute, text, strings.add(attribute))
    _number(writer, "castiron_noted_type_count", len(rows))


def _table(writer: ObjectWriter, symbol: str, data: bytearray) -> SectionId:
    """Add a table that is read-only once it is relocated; a symbol needs a section with at least one byte behind it."""
    flags = SectionFlag.ALLOC | SectionFlag.WRITE
    section = writer.add_section(f".data.rel.ro.castiron.{symbol}", flags=flags, align=8, data=data or bytearray(8))
    writer.define(symbol, section, 0, type=SymbolType.OBJECT, size=len(data))
    return section


def _number(writer: ObjectWriter, symbol: str, value: int) -> None:
    section = writer.add_section(f".rodata.castiron.{symbol}", align=8, data=struct.pack("<Q", value))
    writer.define(symbol, section, 0, type=SymbolType.OBJECT, size=8)
