"""Compressed images of linked binaries: the stub's own code for them, compiled with sanitizers."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_link.absorb.packed import PackedImage
from castiron_link.zstd import frame
from tests.fuzz.mutations import INTEGERS, change_bytes
from tests.fuzz.payloads import StubReader

if TYPE_CHECKING:
    from random import Random

_HEADER = struct.Struct("<8Q")
_SPAN = 64 << 12
"""Bytes of the place that the harness gives."""


def example(*, distances: bool) -> tuple[bytes, bytes, bytes, bytes]:
    """Return what an image is packed into: header, values, memory, fixups; the last two not compressed yet."""
    image = PackedImage(bytearray(bytes(range(256)) * 100 + bytes(4096)), name="example")
    image.own_addresses([8, 16, 24, 1024, 1031], [0, 100, 200, 300, 400], kind=1, base="base")
    for place in range(2048, 2048 + 160, 16):
        image.value(place, 1, f"function{place % 5}", 0, address=True)
    image.value(9001, 18, "variable", 8, address=False)
    parts = image.parts()
    addresses = sum(not constant for constant, *_ in parts.values)
    header = (len(parts.memory), 0, len(parts.fixups), 0, len(parts.values), addresses, distances, 0)
    return _HEADER.pack(*header), bytes(8 * len(parts.values)), parts.memory, parts.fixups


def packed(header: bytes, values: bytes, memory: bytes, fixups: bytes) -> bytes:
    """Return the parts put together, with the sizes of the frames."""
    frames = [frame(memory), frame(fixups)]
    fields = list(_HEADER.unpack(header))
    fields[1], fields[3] = map(len, frames)
    return _HEADER.pack(*fields) + values + b"".join(frames)


class PackedImages(StubReader):
    """The code that unpacks images."""

    suffix = ".packed"

    def prepare(self) -> None:
        self.build(Path(__file__).with_name("packed_harness.c"), ("images/packed.c", "payload/zstd.c"))
        self._seeds = [example(distances=False), example(distances=True)]
        for seed in self._seeds:
            if self.run(packed(*seed)) != "unpacked":
                raise RuntimeError("a sound image is not unpacked")

    def make(self, random: Random) -> bytes:
        header, values, memory, fixups = random.choice(self._seeds)
        way = random.random()
        if way < 0.5:  # fixups that lie, in a sound frame
            words = list(struct.unpack(f"<{len(fixups) // 8}Q", fixups))
            for _ in range(random.choice((1, 1, 2, 4))):
                at = random.randrange(len(words))
                changes = (*INTEGERS, words[at] + 1, words[at] - 1, _SPAN - 8, _SPAN - 7, _SPAN, random.getrandbits(64))
                words[at] = random.choice(changes) & (1 << 64) - 1
            return packed(header, values, memory, struct.pack(f"<{len(words)}Q", *words))
        out = bytearray(packed(header, values, memory, fixups))
        if way < 0.9:  # the header
            at = 8 * random.randrange(8)
            old = struct.unpack_from("<Q", out, at)[0]
            number = random.choice((*INTEGERS, old + 1, old - 1, old * 2, old + 8, len(out), _SPAN, _SPAN + 1))
            struct.pack_into("<Q", out, at, number & (1 << 64) - 1)
            return bytes(out)
        return change_bytes(bytes(out), random)[: 1 << 20]
