"""Reads strings of compiled modules that no NUL ends: those of Rust, with a length, and those that Cython packs."""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAME = re.compile(rb"[A-Za-z_]\w*(?:\.\w+)*")
_LONGEST = 100
_LARGEST = 8 << 20
"""Bytes of one packed table of strings."""
_ZLIB = re.compile(rb"\x78[\x01\x5e\x9c\xda]")
_LOAD, _DYNAMIC, _RELA, _RELA_SIZE = 1, 2, 7, 8
_SYMBOL = 32
"""Bits of a relocation's kind that stand below the number of its symbol."""


def interned(data: bytes) -> set[bytes]:
    """Return the names that constant data of a shared object point to, with a length behind the pointer.

    So lies `&'static str` of Rust, as PyO3's ``intern!`` has it.  The pointer is a relocation without a symbol
    (System V ABI, Relocation), whatever number a machine has for its kind.
    """
    try:
        return set(_interned(data))
    except (struct.error, IndexError, KeyError):
        return set()  # damaged, or for another machine: `castiron_elf` tells


def _interned(data: bytes) -> Iterator[bytes]:
    if data[:6] != b"\x7fELF\x02\x01":
        return
    (table,) = struct.unpack_from("<Q", data, 32)
    (count,) = struct.unpack_from("<H", data, 56)
    segments = [struct.unpack_from("<IIQQQQ", data, table + 56 * index) for index in range(count)]
    places = [(address, address + size, offset) for kind, _, offset, address, _, size in segments if kind == _LOAD]

    def at(address: int) -> int:
        return next((offset + address - start for start, end, offset in places if start <= address < end), -1)

    dynamic = {
        tag: value
        for kind, _, offset, _, _, size in segments
        if kind == _DYNAMIC
        for tag, value in struct.iter_unpack("<QQ", data[offset : offset + size])
    }
    if _RELA not in dynamic:
        return
    start = at(dynamic[_RELA])
    for where, info, target in struct.iter_unpack("<QQq", data[start : start + dynamic[_RELA_SIZE]]):
        if info >> _SYMBOL:
            continue
        pointer, text = at(where), at(target)
        if pointer < 0 or text < 0 or pointer + 16 > len(data):
            continue
        (length,) = struct.unpack_from("<Q", data, pointer + 8)
        if 1 < length <= _LONGEST and _NAME.fullmatch(data, text, text + length):
            yield data[text : text + length]


def packed_strings(data: bytes) -> str:
    """Return the text of the tables in which Cython packs the strings of a module, by zlib.

    Source: Cython 3.2, Cython/Compiler/Code.py: ``CYTHON_COMPRESS_STRINGS``, whose default is zlib.
    """
    found = [_unpacked(data, match.start()) for match in _ZLIB.finditer(data)]
    return "\0".join(text for text in found if len(text) > _LONGEST)


def _unpacked(data: bytes, start: int) -> str:
    unpacker = zlib.decompressobj()
    try:
        # Whatever only looks like the head of a stream fails within its first bytes.
        text = unpacker.decompress(data[start : start + 64], _LARGEST)
        text += unpacker.decompress(data[start + 64 : start + _LARGEST], _LARGEST)
    except zlib.error:
        return ""
    return text.decode("utf-8", "replace")
