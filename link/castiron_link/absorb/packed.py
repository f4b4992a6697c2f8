"""An image's bytes as frames of Zstandard, for executables of ``--profile small``.

The image itself takes no bytes of the file then, only addresses; what fills them stands in a section of its own, which
``stub/images/packed.c`` reads when the image is first used: a header, the values that are known at link time only, and
two frames.  The first frame is the image's memory, in which each word that the image fills with an address of its own
holds the distance from its base; the second says where those words are, and where the values go.

So the frames depend on the shared object alone, not on where it will lie nor on the rest of the application, and are
made once for each.  Source: RFC 8878 (Zstandard); generic ABI, "Relative Relocation Table".
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_elf.writer import SectionFlag, SymbolType
from castiron_link.absorb.relr import relr
from castiron_link.zstd import PARAMETERS, frame

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_elf.writer import ObjectWriter

PACKED_SECTION = ".castiron.packed"

_HEADER = struct.Struct("<8Q")
"""Bytes of memory in the first frame; bytes of the frame; those of the second and of its frame; number of values, of
which that many come first that are addresses; whether an address is stored as the distance from where it is stored; 0.
Source: ``stub/images/packed.h``."""
_USE = struct.Struct("<QQ")
"""Offset of a word, number of the value that it gets."""
_MASK = 0xFFFF_FFFF_FFFF_FFFF


def packed_symbols(image_id: str) -> tuple[str, str]:
    """The symbols at start and end of an image's section."""
    return f"castiron_packed_{image_id}", f"castiron_packed_end_{image_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What an image is packed into."""

    values: tuple[tuple[bool, int, str, int], ...]
    """Distinct values, sorted: whether it is no address; kind of relocation, symbol and addend that give it."""
    memory: bytes = field(repr=False)
    """Without zeros at its end."""
    fixups: bytes = field(repr=False)
    """Which words are filled with what: ``struct fixups`` of the stub."""


class PackedImage:
    """The bytes of one image in the making."""

    def __init__(self, memory: bytearray, *, name: str) -> None:
        """``memory`` is the image's, segments at their mutual distances; ``name`` is for messages."""
        self._memory = memory
        self._name = name
        self._own: list[int] = []
        self._places: dict[int, tuple[bool, int, str, int]] = {}

    def own_addresses(self, places: Sequence[int], offsets: Sequence[int], *, kind: int, base: str) -> None:
        """Have the addresses of the bytes ``offsets`` of this image, whose symbol is ``base``, stored at ``places``."""
        for place, offset in zip(places, offsets, strict=True):
            if place % 2:  # What the packed list cannot hold.
                self.value(place, kind, base, offset, address=True)
            else:
                struct.pack_into("<Q", self._memory, place, offset & _MASK)
                self._own.append(place)

    def value(self, place: int, kind: int, symbol: str, addend: int, *, address: bool) -> None:
        """Have stored at ``place`` what a relocation of this kind gives; ``address``: it gives an address."""
        struct.pack_into("<Q", self._memory, place, 0)
        self._places[place] = (not address, kind, symbol, addend)

    def parts(self) -> Parts:
        """Return what the image consists of."""
        values = sorted(set(self._places.values()))
        index = {value: number for number, value in enumerate(values)}
        own = list(relr(self._own, name=self._name))
        rows = b"".join(_USE.pack(place, index[value]) for place, value in sorted(self._places.items()))
        fixups = struct.pack(f"<QQ{len(own)}Q", len(own), len(self._places), *own) + rows
        return Parts(values=tuple(values), memory=bytes(self._memory.rstrip(b"\0")), fixups=fixups)

    def write(self, writer: ObjectWriter, image_id: str, *, distances: bool) -> None:
        """Add the section.  ``distances``: the kind of an address gives the distance from where it is stored."""
        parts = self.parts()
        frames = [_frame_once(parts.memory), _frame_once(parts.fixups)]
        addresses = sum(not constant for constant, *_ in parts.values)
        header = _HEADER.pack(
            *(len(parts.memory), len(frames[0]), len(parts.fixups), len(frames[1])),
            *(len(parts.values), addresses, distances, 0),
        )
        data = b"".join((header, bytes(8 * len(parts.values)), *frames))
        section = writer.add_section(
            f"{PACKED_SECTION}.{image_id}", flags=SectionFlag.ALLOC | SectionFlag.RETAIN, align=8, data=data
        )
        for symbol, offset in zip(packed_symbols(image_id), (0, len(data)), strict=True):
            writer.define(symbol, section, offset, type=SymbolType.OBJECT)
        for number, (_, kind, symbol, addend) in enumerate(parts.values):
            writer.relocate(section, _HEADER.size + 8 * number, kind, symbol, addend)


def _frame_once(content: bytes) -> bytes:
    """Return the frame of a content, kept in the cache: a large library takes ten seconds."""
    key = hashlib.sha256(content + PARAMETERS.encode()).hexdigest()

    def build(making: Path) -> None:
        making.write_bytes(frame(content))

    return file_entry(cache_root() / "absorb" / "frames" / key[:2] / key, build).read_bytes()
