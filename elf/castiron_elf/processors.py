"""Which level of processors a file says it needs: property notes, which linkers collect from compilers' objects.

Source: Linux Extensions to gABI 0.4, ``.note.gnu.property``; the property's number is the target's.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_common.target import Elf
    from castiron_elf.headers import Segment

PT_GNU_PROPERTY = 0x6474_E553

_NT_GNU_PROPERTY_TYPE_0 = 5
_HEADER = struct.Struct("<III")
_PROPERTY = struct.Struct("<II")


def level_needed(data: bytes, elf: Elf, segments: Sequence[Segment]) -> int:
    """Return the index in the target's levels of the newest one that the file says it needs; 0 if it says nothing."""
    if elf.processors is None:
        return 0
    needed = 0
    for segment in segments:
        if segment.type == PT_GNU_PROPERTY:
            for kind, value in _properties(data[segment.offset : segment.offset + segment.filesz]):
                if kind == elf.processors.property and len(value) >= 4:
                    needed |= int.from_bytes(value[:4], "little")
    return max((bit for bit in range(len(elf.processors.levels)) if needed >> bit & 1), default=0)


def _properties(notes: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield (type, value) of the properties in the first note; what is cut off ends them."""
    if len(notes) < _HEADER.size:
        return
    name_size, size, kind = _HEADER.unpack_from(notes)
    if kind != _NT_GNU_PROPERTY_TYPE_0 or name_size != 4 or notes[12:16] != b"GNU\0":
        return
    rest = notes[16 : 16 + size]
    while len(rest) >= _PROPERTY.size:
        kind, size = _PROPERTY.unpack_from(rest)
        yield kind, rest[_PROPERTY.size : _PROPERTY.size + size]
        rest = rest[_PROPERTY.size + (size + 7 & -8) :]
