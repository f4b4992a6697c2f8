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
_OWN = b"LZSS string data decompression failed"
"""Cython's message, in every module that unpacks its strings with Cython's own format."""
_OWN_START = re.compile(
    rb"[\x0f\x1f\x2f\x3f\x4f\x5f\x6f\x7f\x8f\x9f\xaf\xbf\xcf\xdf\xef\xff](?=[\t-\r\x20-\x7e\x80-\xf4\0]{4})"
)
"""How such data start: four bytes stand for themselves, as nothing stands before them that could be repeated."""
_ALIGNED = 16
"""Compilers place strings as long as these at multiples of it, or each behind the NUL that ends another."""
_PROBE = 200
"""Bytes by which it shows whether there is such data."""
_NO_TEXT = re.compile(rb"[\x01-\x08\x0e-\x1f\x7f]|\0.*\0", re.DOTALL)
_CONTROL = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")
_PIECE = 4096
_MANY = _PIECE // 50
"""Control characters in a piece that is no text."""
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
    """Return the text of the tables in which Cython packs the strings of a module.

    Source: Cython 3.3, Cython/Compiler/Code.py: ``compression_algorithms``.  Since 3.3 the usual one is Cython's own
    (Cython/Utility/StringTools.c: ``DecompressString_LZSS``), in 3.2 it is zlib.
    """
    found = [_unpacked(data, match.start()) for match in _ZLIB.finditer(data)]
    if _OWN in data:
        starts = [match.start() for match in _OWN_START.finditer(data)]
        found += [_own_unpacked(data, at) for at in starts if at % _ALIGNED == 0 or not data[at - 1]]
    return "\0".join(text for text in found if len(text) > _LONGEST)


def _own_unpacked(data: bytes, start: int) -> str:
    """Return text that Cython's own format packs; nothing if no such data starts there.

    Neither length is stored with the data.  The table has the text first, then the bytes objects, and nonsense is read
    behind its end: it is taken until it no longer looks like text.
    """
    head = _from_references(data, start, _PROBE)[:_PROBE]
    if len(head) < _PROBE or _NO_TEXT.search(head) is not None:
        return ""
    try:
        head.decode()
    except UnicodeDecodeError as error:
        if error.end < len(head):
            return ""  # a character at the end may be cut off
    return _from_references(data, start, _LARGEST).decode("utf-8", "replace")


def _from_references(data: bytes, position: int, limit: int) -> bytes:
    """Return at least ``limit`` bytes of text, or what stands before an impossible reference or other data.

    A byte of flags tells of each of the next eight items whether it is a byte or a reference: how far before its own
    end the repeated text ends, and its length less three.
    """
    out = bytearray()
    seen = 0
    try:
        while len(out) < limit:
            if len(out) - seen >= _PIECE:
                if len(_CONTROL.findall(out, seen)) >= _MANY:
                    break
                seen = len(out)
            flags = data[position] | 0x100
            position += 1
            while flags > 1:
                if flags & 1:
                    out.append(data[position])
                    position += 1
                else:
                    low, high = data[position], data[position + 1]
                    position += 2
                    if not low & 0x80:
                        distance, length = low, high
                    elif not high & 0x80:
                        distance, length = 0x80 + (high << 2 & 0x180 | low & 0x7F), high & 0x1F
                    else:
                        distance, length = 0x80 + ((high & 0x7F) << 7 | low & 0x7F), data[position]
                        position += 1
                    length += 3
                    repeated = len(out) - distance - length
                    if repeated < 0:
                        break
                    out += out[repeated : repeated + length]
                flags >>= 1
            else:
                continue
            break
    except IndexError:
        pass  # the end of the file
    return bytes(out)


def _unpacked(data: bytes, start: int) -> str:
    unpacker = zlib.decompressobj()
    try:
        # Whatever only looks like the head of a stream fails within its first bytes.
        text = unpacker.decompress(data[start : start + 64], _LARGEST)
        text += unpacker.decompress(data[start + 64 : start + _LARGEST], _LARGEST)
    except zlib.error:
        return ""
    return text.decode("utf-8", "replace")
