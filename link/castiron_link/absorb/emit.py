"""Writes one image as a relocatable object whose bytes do not depend on where it will lie, nor on the other images.

The object holds the image's memory as one read-only section, segments at their mutual distances, zero tails included;
symbolic references to other images are made against the base symbol of the image that was chosen, so the object can be
cached by its content and its bindings.

Thread-local storage.  The template becomes a part of the executable's own, with its relocations applied.  The words
that a dynamic loader fills with (module, offset) pairs get (1, distance from the thread pointer), and the image's
``__tls_get_addr`` is a function of ours that adds the two: in a static executable that distance is a link-time constant
(``R_X86_64_TPOFF64``), whatever else lies in the segment.

Position-independent executables.  No word can hold an address before the program runs, and relocating all images when
it starts would take longer than most programs do.  So a word that points somewhere gets the distance from itself to
there (``R_X86_64_PC64``, a link-time constant), and a table of these words, packed as ``DT_RELR`` is, lets the stub add
their own addresses when the image is first used.

Source: x86-64 psABI 1.0, 4.4 (relocations); generic ABI, "Relative Relocation Table" (``DT_RELR``); "ELF Handling For
Thread-Local Storage" 0.21; RFC-TLSDESC-x86.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import NativeError
from castiron_elf.image import (
    R_64,
    R_DTPMOD64,
    R_DTPOFF64,
    R_GLOB_DAT,
    R_JUMP_SLOT,
    R_NONE,
    R_RELATIVE,
    R_TLSDESC,
    R_TPOFF64,
    Image,
    Segment,
)
from castiron_elf.writer import R_X86_64_64, R_X86_64_PC64, ObjectWriter, SectionFlag, SectionId, SymbolType
from castiron_link.absorb.facts import require_content
from castiron_link.absorb.scope import Binding, ToImage, ToNumber, ToProgram

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from castiron_link.absorb.closure import ImagePlan
    from castiron_link.absorb.facts import Reference

EMIT_VERSION = 3
"""Part of the cache key; raised when the same image and bindings give other bytes."""

IMAGE_SECTION = ".castiron.image"
FIXUP_SECTION = ".castiron.fixups"
TLS_SECTION = ".tdata.castiron"
ZERO_TLS_SECTION = ".tbss.castiron"
TLS_DESCRIPTOR = "castiron_tlsdesc"
"""The stub's resolver of TLS descriptors: returns the second word of the descriptor it is called with."""

_WRITABLE = 2
"""``PF_W``."""
_MASK = 0xFFFF_FFFF_FFFF_FFFF
_SIGN = 0x8000_0000_0000_0000


def base_symbol(image_id: str) -> str:
    """The symbol at the first byte of an image."""
    return f"castiron_image_{image_id}"


def tls_symbol(image_id: str) -> str:
    """The symbol at the start of an image's block of thread-local storage."""
    return f"castiron_tls_{image_id}"


def fixup_symbols(image_id: str) -> tuple[str, str]:
    """The symbols at start and end of the table of words that point somewhere; in position-independent executables."""
    return f"castiron_fixups_{image_id}", f"castiron_fixups_end_{image_id}"


def init_symbol(image_id: str, module: str) -> str:
    """The symbol of ``PyInit_<module>`` in an image."""
    return f"castiron_image_{image_id}_PyInit_{module}"


def object_key(plan: ImagePlan, bindings: Sequence[Binding], ids: Sequence[str], *, pie: bool) -> str:
    """Return the cache key of an image's object; ``ids`` are those of all images."""
    digest = hashlib.sha256(f"{EMIT_VERSION}\n{plan.id}\n{plan.facts.sha256}\n{pie}\n".encode())
    digest.update("\n".join(_describe(binding, ids) for binding in bindings).encode())
    return digest.hexdigest()


def _describe(binding: Binding, ids: Sequence[str]) -> str:
    if isinstance(binding, ToImage):
        return f"{ids[binding.image]}{'T' if binding.tls else '+'}{binding.value:x}"
    if isinstance(binding, ToProgram):
        return binding.name
    return f"={binding.value:x}"


def cached_object(path: Path, plan: ImagePlan, bindings: Sequence[Binding], ids: Sequence[str], *, pie: bool) -> Path:
    """Return the object of an image whose file is at ``path``, made if it is not in the cache."""
    key = object_key(plan, bindings, ids, pie=pie)

    def build(making: Path) -> None:
        image = Image.open(path, name=plan.name)
        require_content(image, plan.facts.sha256)
        write_object(image, making, plan.id, dict(zip(plan.facts.references, bindings, strict=True)), ids, pie=pie)

    return file_entry(cache_root() / "absorb" / f"objects-{EMIT_VERSION}" / key[:2] / f"{key}.o", build)


def write_object(
    image: Image,
    path: Path,
    image_id: str,
    bindings: dict[Reference, Binding],
    ids: Sequence[str],
    *,
    pie: bool = False,
) -> None:
    """Write the object of ``image``; ``pie``: for a position-independent executable."""
    numbered = {reference.number: bound for reference, bound in bindings.items()}
    _Emitter(image, image_id, numbered, ids, pie=pie).write(path)


def relr(places: Iterable[int], *, name: str) -> Iterator[int]:
    """Yield the offsets of words as ``DT_RELR`` packs them: an offset, then bits for the words that follow it.

    Raises `NativeError` for an odd offset, which the format cannot hold; ``name`` is the image's.
    """
    ordered = sorted(set(places))
    at = 0
    while at < len(ordered):
        first = ordered[at]
        if first % 2:
            raise NativeError(
                f"{name} has an address at an odd place ({first:#x}).", hint="Link without --pie, or have it rebuilt."
            )
        yield first
        at += 1
        base = first + 8
        while True:
            bits = 0
            while at < len(ordered) and ordered[at] < base + 63 * 8 and (ordered[at] - base) % 8 == 0:
                bits |= 1 << (ordered[at] - base) // 8
                at += 1
            if not bits:
                break
            yield bits << 1 | 1
            base += 63 * 8


class _Emitter:
    """One object in the making."""

    def __init__(
        self, image: Image, image_id: str, bindings: dict[int, Binding], ids: Sequence[str], *, pie: bool
    ) -> None:
        self._pie = pie
        self._image = image
        self._id = image_id
        self._bindings = bindings
        self._ids = ids
        self._writer = ObjectWriter()
        self._memory = bytearray(image.span)
        for segment in image.loads:
            self._memory[segment.vaddr : segment.vaddr + segment.filesz] = image.data[
                segment.offset : segment.offset + segment.filesz
            ]

    def write(self, path: Path) -> None:
        image, writer = self._image, self._writer
        tls = image.tls
        template = bytearray(tls.memsz) if tls else bytearray()
        section = writer.add_section(
            f"{IMAGE_SECTION}.{self._id}",
            flags=SectionFlag.ALLOC | SectionFlag.RETAIN,
            align=image.alignment,
            data=self._memory,
        )
        writer.define(base_symbol(self._id), section, 0, type=SymbolType.OBJECT, size=image.span)
        for module in image.init_functions:
            value = image.symbols.values[image.definitions[f"PyInit_{module}"]]
            writer.define(init_symbol(self._id, module), section, value, type=SymbolType.FUNC)
        words, pointers = self._relocate(section)
        if self._pie:
            self._write_fixups(pointers)
        if tls:
            # Every thread gets a copy of .tdata: blocks of zeros only (OpenBLAS: 140 KB) must not be part of it.
            block = writer.add_section(
                f"{TLS_SECTION if tls.filesz else ZERO_TLS_SECTION}.{self._id}",
                flags=SectionFlag.ALLOC | SectionFlag.WRITE | SectionFlag.TLS | SectionFlag.RETAIN,
                align=max(tls.align, 16),
                data=template if tls.filesz else None,
                nobits=0 if tls.filesz else tls.memsz,
            )
            writer.define(tls_symbol(self._id), block, 0, type=SymbolType.TLS, size=tls.memsz)
            if tls.filesz:
                self._fill_template(block, template, tls, words)
        writer.write(path)

    def _relocate(self, section: SectionId) -> tuple[dict[int, tuple[int, str, int]], list[int]]:
        """Apply all relocations.

        Return those within the TLS template, offset -> (kind, symbol, addend), and the offsets of all words that hold
        addresses.
        """
        relocations = self._image.relocations
        tls = self._image.tls
        first, last = (tls.vaddr, tls.vaddr + tls.filesz) if tls else (0, 0)
        template: dict[int, tuple[int, str, int]] = {}
        offsets: list[int] = []
        addends: list[int] = []
        pointers: list[int] = []
        address = R_X86_64_PC64 if self._pie else R_X86_64_64
        base = base_symbol(self._id)
        for offset, info, addend in zip(relocations.offsets, relocations.infos, relocations.addends, strict=True):
            if info == R_RELATIVE:
                offsets.append(offset)
                addends.append(addend)
                if first <= offset < last:
                    template[offset] = (R_X86_64_64, base, addend)
                continue
            for place, kind, symbol, value in self._symbolic(offset, info & 0xFFFF_FFFF, info >> 32, addend):
                if symbol is None:
                    struct.pack_into("<Q", self._memory, place, value & _MASK)
                    continue
                if kind == R_X86_64_64:
                    pointers.append(place)
                signed = (value & _MASK ^ _SIGN) - _SIGN
                self._writer.relocate(section, place, address if kind == R_X86_64_64 else kind, symbol, signed)
                if first <= place < last:
                    template[place] = (kind, symbol, signed)
        self._writer.relocate_many(section, address, base, offsets, addends)
        return template, [*pointers, *offsets]

    def _write_fixups(self, pointers: Sequence[int]) -> None:
        """Add the table of the words that the stub turns into addresses."""
        for segment in self._image.loads:
            if not segment.flags & _WRITABLE and any(
                segment.vaddr <= place < segment.vaddr + segment.memsz for place in pointers
            ):
                raise NativeError(
                    f"{self._image.name} has relocations in read-only pages.",
                    hint="Link without --pie, or have it rebuilt.",
                )
        data = b"".join(struct.pack("<Q", entry) for entry in relr(pointers, name=self._image.name))
        section = self._writer.add_section(f"{FIXUP_SECTION}.{self._id}", align=8, data=data or bytes(8))
        for symbol, offset in zip(fixup_symbols(self._id), (0, len(data)), strict=True):
            self._writer.define(symbol, section, offset, type=SymbolType.OBJECT)

    def _symbolic(self, offset: int, kind: int, index: int, addend: int) -> list[tuple[int, int, str | None, int]]:
        """Return (place, kind, symbol, addend) of what one relocation becomes; without symbol it is a plain number."""
        if kind == R_NONE:
            return []
        if kind in (R_64, R_GLOB_DAT, R_JUMP_SLOT):
            return [(offset, R_X86_64_64, *self._address(index, addend))]
        if kind == R_DTPMOD64:
            words: list[tuple[int, int, str | None, int]] = [(offset, R_X86_64_64, None, 1)]
            if index == 0:
                # No relocation fills the second word: it holds the offset in the image's own block.
                inner = struct.unpack_from("<Q", self._memory, offset + 8)[0]
                words.append((offset + 8, R_TPOFF64, *self._thread_local(0, inner)))
            return words
        if kind in (R_DTPOFF64, R_TPOFF64):
            return [(offset, R_TPOFF64, *self._thread_local(index, addend))]
        if kind == R_TLSDESC:
            self._writer.undefined(TLS_DESCRIPTOR)
            return [
                (offset, R_X86_64_64, TLS_DESCRIPTOR, 0),
                (offset + 8, R_TPOFF64, *self._thread_local(index, addend)),
            ]
        raise NativeError(f"{self._image.name}: relocation kind {kind} is unknown.", hint="Have it rebuilt with -fPIC.")

    def _address(self, index: int, addend: int) -> tuple[str | None, int]:
        if index == 0:
            return None, addend
        bound = self._bindings[index]
        if isinstance(bound, ToNumber):
            return None, bound.value + addend
        if isinstance(bound, ToProgram):
            self._writer.undefined(bound.name)
            return bound.name, addend
        if bound.tls:
            raise self._mixed(index)
        return self._of_image(base_symbol(self._ids[bound.image])), bound.value + addend

    def _thread_local(self, index: int, addend: int) -> tuple[str | None, int]:
        if index == 0:
            return tls_symbol(self._id), addend
        bound = self._bindings[index]
        if isinstance(bound, ToNumber):
            return None, bound.value + addend
        if isinstance(bound, ToProgram):
            self._writer.undefined(bound.name, type=SymbolType.TLS)
            return bound.name, addend
        if not bound.tls:
            raise self._mixed(index)
        return self._of_image(tls_symbol(self._ids[bound.image]), tls=True), bound.value + addend

    def _of_image(self, symbol: str, *, tls: bool = False) -> str:
        if symbol not in (base_symbol(self._id), tls_symbol(self._id)):
            self._writer.undefined(symbol, type=SymbolType.TLS if tls else SymbolType.NOTYPE)
        return symbol

    def _mixed(self, index: int) -> NativeError:
        name = self._image.symbols.names[index]
        return NativeError(
            f"{self._image.name} uses {name} as thread-local and another library defines it otherwise, or vice versa.",
            hint="Two distributions bring libraries that do not belong together; reinstall them in matching versions.",
        )

    def _fill_template(
        self, block: SectionId, template: bytearray, tls: Segment, words: dict[int, tuple[int, str, int]]
    ) -> None:
        template[: tls.filesz] = self._memory[tls.vaddr : tls.vaddr + tls.filesz]
        for place, (kind, symbol, addend) in sorted(words.items()):
            self._writer.relocate(block, place - tls.vaddr, kind, symbol, addend)
