"""Writes one image as a relocatable object whose bytes do not depend on where it will lie, nor on the other images.

The object holds the image's memory as one read-only section, segments at their mutual distances, zero tails included;
symbolic references to other images are made against the base symbol of the image that was chosen, so the object can be
cached by its content and its bindings.

Thread-local storage.  The template becomes a part of the executable's own, with its relocations applied.  The words
that a dynamic loader fills with (module, offset) pairs get (1, distance from the thread pointer), and the image's
``__tls_get_addr`` is a function of ours that adds the two: in a static executable that distance is a link-time constant
(``R_X86_64_TPOFF64``), whatever else lies in the segment.

Source: x86-64 psABI 1.0, 4.4 (relocations); "ELF Handling For Thread-Local Storage" 0.21; RFC-TLSDESC-x86.
"""

from __future__ import annotations

import hashlib
import struct
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import NativeError
from castiron_link.absorb.facts import require_content
from castiron_link.absorb.image import (
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
from castiron_link.absorb.scope import Binding, ToImage, ToNumber, ToProgram
from castiron_link.elf_object import R_X86_64_64, ObjectWriter, SectionFlag, SectionId, SymbolType

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_link.absorb.closure import ImagePlan
    from castiron_link.absorb.facts import Reference

EMIT_VERSION = 2
"""Part of the cache key; raised when the same image and bindings give other bytes."""

IMAGE_SECTION = ".castiron.image"
TLS_SECTION = ".tdata.castiron"
ZERO_TLS_SECTION = ".tbss.castiron"
TLS_DESCRIPTOR = "castiron_tlsdesc"
"""The stub's resolver of TLS descriptors: returns the second word of the descriptor it is called with."""

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_SIGN = 0x8000_0000_0000_0000


def base_symbol(image_id: str) -> str:
    """The symbol at the first byte of an image."""
    return f"castiron_image_{image_id}"


def tls_symbol(image_id: str) -> str:
    """The symbol at the start of an image's block of thread-local storage."""
    return f"castiron_tls_{image_id}"


def init_symbol(image_id: str, module: str) -> str:
    """The symbol of ``PyInit_<module>`` in an image."""
    return f"castiron_image_{image_id}_PyInit_{module}"


def object_key(plan: ImagePlan, bindings: Sequence[Binding], ids: Sequence[str]) -> str:
    """Return the cache key of an image's object; ``ids`` are those of all images."""
    digest = hashlib.sha256(f"{EMIT_VERSION}\n{plan.id}\n{plan.facts.sha256}\n".encode())
    digest.update("\n".join(_describe(binding, ids) for binding in bindings).encode())
    return digest.hexdigest()


def _describe(binding: Binding, ids: Sequence[str]) -> str:
    if isinstance(binding, ToImage):
        return f"{ids[binding.image]}{'T' if binding.tls else '+'}{binding.value:x}"
    if isinstance(binding, ToProgram):
        return binding.name
    return f"={binding.value:x}"


def cached_object(path: Path, plan: ImagePlan, bindings: Sequence[Binding], ids: Sequence[str]) -> Path:
    """Return the object of an image whose file is at ``path``, made if it is not in the cache."""
    key = object_key(plan, bindings, ids)

    def build(making: Path) -> None:
        image = Image.open(path, name=plan.name)
        require_content(image, plan.facts.sha256)
        write_object(image, making, plan.id, dict(zip(plan.facts.references, bindings, strict=True)), ids)

    return file_entry(cache_root() / "absorb" / f"objects-{EMIT_VERSION}" / key[:2] / f"{key}.o", build)


def write_object(
    image: Image, path: Path, image_id: str, bindings: dict[Reference, Binding], ids: Sequence[str]
) -> None:
    """Write the object of ``image``."""
    _Emitter(image, image_id, {reference.number: bound for reference, bound in bindings.items()}, ids).write(path)


class _Emitter:
    """One object in the making."""

    def __init__(self, image: Image, image_id: str, bindings: dict[int, Binding], ids: Sequence[str]) -> None:
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
        words = self._relocate(section)
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

    def _relocate(self, section: SectionId) -> dict[int, tuple[int, str, int]]:
        """Apply all relocations; return those within the TLS template: offset -> (kind, symbol, addend)."""
        relocations = self._image.relocations
        tls = self._image.tls
        first, last = (tls.vaddr, tls.vaddr + tls.filesz) if tls else (0, 0)
        template: dict[int, tuple[int, str, int]] = {}
        offsets: list[int] = []
        addends: list[int] = []
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
                self._writer.relocate(section, place, kind, symbol, (value & _MASK ^ _SIGN) - _SIGN)
                if first <= place < last:
                    template[place] = (kind, symbol, value)
        self._writer.relocate_many(section, R_X86_64_64, base, offsets, addends)
        return template

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
