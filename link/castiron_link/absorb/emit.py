"""Writes one image as a relocatable object whose bytes do not depend on where it will lie, nor on the other images.

The object holds the image's memory as one read-only section, segments at their mutual distances, zero tails included;
symbolic references to other images are made against the base symbol of the image that was chosen, so the object can be
cached by its content and its bindings.

Thread-local storage.  The template becomes a part of the executable's own, with its relocations applied.  The words
that a dynamic loader fills with (module, offset) pairs get (1, distance from the thread pointer), and the image's
``__tls_get_addr`` is a function of ours that adds the two: in a static executable that distance is a link-time constant
(`Role.TLS_DISTANCE`), whatever else lies in the segment.

Position-independent executables.  No word can hold an address before the program runs, and relocating all images when
it starts would take longer than most programs do.  So a word that points somewhere gets the distance from itself to
there (`Role.DISTANCE`, a link-time constant), and a table of these words, packed as ``DT_RELR`` is, lets the stub add
their own addresses when the image is first used.

Small executables.  The image's section takes no bytes, and its content stands compressed beside it (`packed.py`).

Wide gaps.  Of an image whose segments lie far apart, the section takes no bytes either, and the pages that its file
fills stand beside it (`folded.py`).  Relocations fill them there.

Source: the processors' supplements of the ABI (relocations); generic ABI, "Relative Relocation Table" (``DT_RELR``);
"ELF Handling For Thread-Local Storage" 0.21; RFC-TLSDESC-x86.
"""

from __future__ import annotations

import hashlib
import struct
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import NativeError
from castiron_common.source_key import source_key
from castiron_common.target import Role
from castiron_elf import writer as writer_module
from castiron_elf.abi import SegmentFlag
from castiron_elf.tables import Tables
from castiron_elf.writer import ObjectWriter, SectionFlag, SectionId, SymbolType
from castiron_link.absorb.folded import FOLDED_SECTION, PAGES_SECTION, Folding, pages_symbol, runs_of
from castiron_link.absorb.packed import PackedImage
from castiron_link.absorb.read import content
from castiron_link.absorb.relr import relr
from castiron_link.absorb.scope import Binding, ToImage, ToNumber, ToProgram
from castiron_link.zstd import PARAMETERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_common.target import Elf
    from castiron_elf.headers import Segment
    from castiron_elf.shared_object import Reference, SharedObject
    from castiron_link.absorb.closure import ImagePlan

IMAGE_SECTION = ".castiron.image"
FIXUP_SECTION = ".castiron.fixups"
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


def fixup_symbols(image_id: str) -> tuple[str, str]:
    """The symbols at start and end of the table of words that point somewhere; in position-independent executables."""
    return f"castiron_fixups_{image_id}", f"castiron_fixups_end_{image_id}"


def init_symbol(image_id: str, module: str) -> str:
    """The symbol of ``PyInit_<module>`` in an image."""
    return f"castiron_image_{image_id}_PyInit_{module}"


@cache
def writer_key(elf: Elf) -> str:
    """Return a hash of what makes an object of an image, its bindings and a machine."""
    elf_folder = Path(writer_module.__file__).parent
    here = Path(__file__)
    own = [here, *(here.with_name(name) for name in ("folded.py", "packed.py", "relr.py"))]
    return source_key([*own, *elf_folder.glob("*.py")], also=repr(elf))


def object_key(
    plan: ImagePlan, bindings: Sequence[Binding], ids: Sequence[str], *, pie: bool, packed: bool = False
) -> str:
    """Return a hash of what an image's object is made from; ``ids`` are those of all images."""
    how = f"{pie} {PARAMETERS}" if packed else f"{pie}"
    digest = hashlib.sha256(f"{plan.id}\n{plan.facts.sha256}\n{how}\n".encode())
    digest.update("\n".join(_describe(binding, ids) for binding in bindings).encode())
    return digest.hexdigest()


def _describe(binding: Binding, ids: Sequence[str]) -> str:
    if isinstance(binding, ToImage):
        return f"{ids[binding.image]}{'T' if binding.tls else '+'}{binding.value:x}"
    if isinstance(binding, ToProgram):
        return binding.name
    return f"={binding.value:x}"


def cached_object(
    path: Path, plan: ImagePlan, bindings: Sequence[Binding], ids: Sequence[str], *, elf: Elf, pie: bool, packed: bool
) -> Path:
    """Return the object of an image whose file is at ``path``, made if it is not in the cache."""
    key = object_key(plan, bindings, ids, pie=pie, packed=packed)

    def build(making: Path) -> None:
        data = content(path, plan.facts, name=plan.name)
        write_object(data, plan, bindings, ids, making, elf=elf, pie=pie, packed=packed)

    return file_entry(cache_root() / "absorb" / writer_key(elf) / key[:2] / f"{key}.o", build)


def write_object(
    data: bytes,
    plan: ImagePlan,
    bindings: Sequence[Binding],
    ids: Sequence[str],
    path: Path,
    *,
    elf: Elf,
    pie: bool = False,
    packed: bool = False,
) -> None:
    """Write the object of an image whose file has the bytes ``data``.

    ``bindings`` are those of its references, in their order; ``pie``: for a position-independent executable;
    ``packed``: with its bytes compressed.
    """
    _Emitter(data, plan, bindings, ids, elf=elf, pie=pie, packed=packed).write(path)


class _Emitter:
    """One object in the making."""

    def __init__(
        self,
        data: bytes,
        plan: ImagePlan,
        bindings: Sequence[Binding],
        ids: Sequence[str],
        *,
        elf: Elf,
        pie: bool,
        packed: bool,
    ) -> None:
        self._elf = elf
        self._pie = pie
        self._image: SharedObject = plan.facts
        self._name = plan.name
        self._id = plan.id
        self._references: dict[int, tuple[Reference, Binding]] = {
            reference.number: (reference, bound)
            for reference, bound in zip(plan.facts.references, bindings, strict=True)
        }
        self._ids = ids
        self._tls_word = elf.kinds[elf.tls.word]
        self._writer = ObjectWriter(elf)
        self._absolute = self._writer.absolute
        self._data = data
        self._memory = bytearray(self._image.span)
        for segment in self._image.loads:
            self._memory[segment.vaddr : segment.vaddr + segment.filesz] = data[
                segment.offset : segment.offset + segment.filesz
            ]
        self._packed = PackedImage(self._memory, name=self._name) if packed else None
        runs = () if packed else runs_of(self._image, page=elf.page_size)
        self._folded = Folding(runs, name=self._name) if runs else None

    def write(self, path: Path) -> None:
        image, writer = self._image, self._writer
        tls = image.tls
        template = bytearray(tls.memsz) if tls else bytearray()
        apart = self._packed or self._folded
        section = writer.add_section(
            f"{FOLDED_SECTION if self._folded else IMAGE_SECTION}.{self._id}",
            flags=SectionFlag.ALLOC | SectionFlag.RETAIN,
            align=image.alignment,
            data=None if apart else self._memory,
            nobits=image.span if apart else 0,
        )
        writer.define(base_symbol(self._id), section, 0, type=SymbolType.OBJECT, size=image.span)
        for module in image.init_functions:
            own = image.definitions.get(f"PyInit_{module}")
            assert own is not None
            writer.define(init_symbol(self._id, module), section, own.value, type=SymbolType.FUNC)
        pages = bytearray(self._folded.before[-1]) if self._folded else bytearray()
        words, pointers = self._relocate(self._add_pages(pages) if self._folded else section)
        if self._folded:
            pages[:] = self._folded.content(self._memory)
        if self._packed:
            self._packed.write(writer, self._id, distances=self._pie)
        elif self._pie:
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

    def _add_pages(self, pages: bytearray) -> SectionId:
        """Add the section of the pages that the image's file fills."""
        section = self._writer.add_section(
            f"{PAGES_SECTION}.{self._id}",
            flags=SectionFlag.ALLOC | SectionFlag.RETAIN,
            align=self._elf.page_size,
            data=pages,
        )
        self._writer.define(pages_symbol(self._id), section, 0, type=SymbolType.OBJECT, size=len(pages))
        return section

    def _relocate(self, section: SectionId) -> tuple[dict[int, tuple[int, str, int]], list[int]]:
        """Apply all relocations.

        Return those within the TLS template, offset -> (kind, symbol, addend), and the offsets of all words that hold
        addresses.
        """
        relative = self._elf.kinds[Role.RELATIVE]
        tables = Tables(self._data, self._image.segments, self._image.dynamic)
        relocations = tables.relocations(relative=relative)
        tls = self._image.tls
        first, last = (tls.vaddr, tls.vaddr + tls.filesz) if tls else (0, 0)
        template: dict[int, tuple[int, str, int]] = {}
        offsets: list[int] = []
        addends: list[int] = []
        pointers: list[int] = []
        address = self._elf.kinds[Role.DISTANCE] if self._pie else self._absolute
        base = base_symbol(self._id)
        for offset, info, addend in zip(relocations.offsets, relocations.infos, relocations.addends, strict=True):
            if info == relative:
                offsets.append(offset)
                addends.append(addend)
                if first <= offset < last:
                    template[offset] = (self._absolute, base, addend)
                continue
            for place, kind, symbol, value in self._symbolic(offset, info & 0xFFFF_FFFF, info >> 32, addend):
                if symbol is None:
                    struct.pack_into("<Q", self._memory, place, value & _MASK)
                    continue
                is_address = kind == self._absolute
                if is_address:
                    pointers.append(place)
                signed = (value & _MASK ^ _SIGN) - _SIGN
                stored = address if is_address else kind
                if self._packed:
                    self._packed.value(place, stored, symbol, signed, address=is_address)
                else:
                    at = self._folded.place(place) if self._folded else place
                    self._writer.relocate(section, at, stored, symbol, signed)
                if first <= place < last:
                    template[place] = (kind, symbol, signed)
        if self._packed:
            self._packed.own_addresses(offsets, addends, kind=address, base=base)
        else:
            places = list(map(self._folded.place, offsets)) if self._folded else offsets
            self._writer.relocate_many(section, address, base, places, addends)
        return template, [*pointers, *offsets]

    def _write_fixups(self, pointers: Sequence[int]) -> None:
        """Add the table of the words that the stub turns into addresses."""
        for segment in self._image.loads:
            if not segment.flags & SegmentFlag.WRITE and any(
                segment.vaddr <= place < segment.vaddr + segment.memsz for place in pointers
            ):
                raise NativeError(
                    f"{self._name} has relocations in read-only pages.",
                    hint="Link without --pie, or have it rebuilt.",
                )
        data = b"".join(struct.pack("<Q", entry) for entry in relr(pointers, name=self._name))
        section = self._writer.add_section(f"{FIXUP_SECTION}.{self._id}", align=8, data=data or bytes(8))
        for symbol, offset in zip(fixup_symbols(self._id), (0, len(data)), strict=True):
            self._writer.define(symbol, section, offset, type=SymbolType.OBJECT)

    def _symbolic(self, offset: int, kind: int, index: int, addend: int) -> list[tuple[int, int, str | None, int]]:
        """Return (place, kind, symbol, addend) of what one relocation becomes; without symbol it is a plain number."""
        role = self._elf.roles.get(kind)
        if role is Role.NONE:
            return []
        if role in (Role.ABSOLUTE, Role.GLOBAL, Role.JUMP):
            return [(offset, self._absolute, *self._address(index, addend))]
        if role is Role.TLS_MODULE:
            words: list[tuple[int, int, str | None, int]] = [(offset, self._absolute, None, 1)]
            if index == 0:
                # No relocation fills the second word: it holds the offset in the image's own block.
                inner = struct.unpack_from("<Q", self._memory, offset + 8)[0]
                words.append((offset + 8, self._tls_word, *self._thread_local(0, inner)))
            return words
        if role in (Role.TLS_OFFSET, Role.TLS_DISTANCE):
            return [(offset, self._tls_word, *self._thread_local(index, addend))]
        if role is Role.TLS_DESCRIPTOR:
            self._writer.undefined(TLS_DESCRIPTOR)
            return [
                (offset, self._absolute, TLS_DESCRIPTOR, 0),
                (offset + 8, self._tls_word, *self._thread_local(index, addend)),
            ]
        raise NativeError(f"{self._name}: relocation kind {kind} is unknown.", hint="Have it rebuilt with -fPIC.")

    def _address(self, index: int, addend: int) -> tuple[str | None, int]:
        if index == 0:
            return None, addend
        bound = self._references[index][1]
        if isinstance(bound, ToNumber):
            return None, bound.value + addend
        if isinstance(bound, ToProgram):
            self._writer.undefined(bound.name)
            return bound.name, addend
        if bound.tls:
            raise self._mixed(index)
        return self._of_image(base_symbol(self._ids[bound.image])), bound.value + addend

    def _thread_local(self, index: int, addend: int) -> tuple[str | None, int]:
        """Return symbol and addend of a distance from the thread pointer; without symbol it is a plain number."""
        symbol, value = self._thread_local_symbol(index, addend)
        return symbol, value if symbol is None else value + self._elf.tls.bias

    def _thread_local_symbol(self, index: int, addend: int) -> tuple[str | None, int]:
        if index == 0:
            return tls_symbol(self._id), addend
        bound = self._references[index][1]
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
        name = self._references[index][0].name
        return NativeError(
            f"{self._name} uses {name} as thread-local and another library defines it otherwise, or vice versa.",
            hint="Two distributions bring libraries that do not belong together; reinstall them in matching versions.",
        )

    def _fill_template(
        self, block: SectionId, template: bytearray, tls: Segment, words: dict[int, tuple[int, str, int]]
    ) -> None:
        template[: tls.filesz] = self._memory[tls.vaddr : tls.vaddr + tls.filesz]
        for place, (kind, symbol, addend) in sorted(words.items()):
            self._writer.relocate(block, place - tls.vaddr, kind, symbol, addend)
