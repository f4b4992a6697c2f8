"""A ZIP writer that can lie: in each header, about sizes, names, places and counts.  Source: PKWARE's APPNOTE 6.3."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field


@dataclass
class Entry:
    """One member; what is None is written as it really is."""

    name: bytes
    data: bytes
    method: int = 8
    flags: int = 0x800
    """Bit 11: the name is UTF-8; bit 0: encrypted."""
    mode: int = 0o100644
    local_name: bytes | None = None
    stored: bytes | None = None
    """The bytes in the archive."""
    crc: int | None = None
    compressed: int | None = None
    size: int | None = None
    offset: int | None = None
    """Where the directory says that the member's header is."""
    extra: bytes = b""
    version: int = 20
    disk: int = 0


@dataclass
class Archive:
    """A whole archive."""

    entries: list[Entry]
    count: int | None = None
    directory_size: int | None = None
    directory_offset: int | None = None
    prefix: bytes = b""
    comment: bytes = b""
    comment_length: int | None = None
    zip64: dict[str, int] | None = field(default=None)
    """Fields of a ZIP64 end record, to write one."""


def _deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def write(archive: Archive) -> bytes:
    """Return the bytes."""
    out = bytearray(archive.prefix)
    directory = bytearray()
    for entry in archive.entries:
        stored = entry.stored
        if stored is None:
            stored = _deflate(entry.data) if entry.method == 8 else entry.data
        crc = zlib.crc32(entry.data) if entry.crc is None else entry.crc
        size = len(entry.data) if entry.size is None else entry.size
        compressed = len(stored) if entry.compressed is None else entry.compressed
        numbers = (crc & 0xFFFFFFFF, compressed & 0xFFFFFFFF, size & 0xFFFFFFFF)
        offset = len(out) if entry.offset is None else entry.offset
        local = entry.name if entry.local_name is None else entry.local_name
        head = (entry.version & 0xFFFF, entry.flags & 0xFFFF, entry.method & 0xFFFF, 0, 0x21, *numbers)
        out += struct.pack("<4sHHHHHIIIHH", b"PK\3\4", *head, len(local) & 0xFFFF, 0) + local + stored
        directory += struct.pack(
            "<4sHHHHHHIIIHHHHHII",
            *(b"PK\1\2", 0x314, *head, len(entry.name) & 0xFFFF, len(entry.extra) & 0xFFFF, 0, entry.disk),
            *(0, (entry.mode << 16) & 0xFFFFFFFF, offset & 0xFFFFFFFF),
        )
        directory += entry.name + entry.extra
    start = len(out) - len(archive.prefix) if archive.directory_offset is None else archive.directory_offset
    size = len(directory) if archive.directory_size is None else archive.directory_size
    count = len(archive.entries) if archive.count is None else archive.count
    out += directory
    if archive.zip64 is not None:
        fields = {"count": count, "size": size, "offset": start} | archive.zip64
        at = len(out)
        numbers = [fields[name] & ((1 << 64) - 1) for name in ("count", "count", "size", "offset")]
        out += struct.pack("<4sQHHIIQQQQ", b"PK\6\6", 44, 45, 45, 0, 0, *numbers)
        out += struct.pack("<4sIQI", b"PK\6\7", 0, fields.get("locator", at) & ((1 << 64) - 1), 1)
        size = start = 0xFFFFFFFF
        count = 0xFFFF
    length = len(archive.comment) if archive.comment_length is None else archive.comment_length
    out += struct.pack(
        "<4sHHHHIIH",
        *(b"PK\5\6", 0, 0, count & 0xFFFF, count & 0xFFFF, size & 0xFFFFFFFF, start & 0xFFFFFFFF, length & 0xFFFF),
    )
    return bytes(out + archive.comment)
