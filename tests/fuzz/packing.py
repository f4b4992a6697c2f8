"""A msgpack writer that also writes what others refuse: lies about lengths, keys twice, lone surrogates."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import msgpack


@dataclass(frozen=True)
class Raw:
    """Bytes that stand for a value as they are."""

    data: bytes


@dataclass(frozen=True)
class Pairs:
    """A map with its pairs in order; keys may repeat and be of any type."""

    items: tuple[tuple[Any, Any], ...]


_LARGEST = 8 << 20
"""Bytes of an input."""


class TooLargeError(Exception):
    """A value that would make a needlessly large input."""


def pack(value: Any) -> bytes:
    """Return the msgpack of a value that may hold `Raw` and `Pairs`.  Raises `TooLargeError`."""
    out = bytearray()
    _pack(value, out)
    return bytes(out)


def _pack(value: Any, out: bytearray) -> None:
    if len(out) > _LARGEST:
        raise TooLargeError
    if isinstance(value, Raw):
        out += value.data
    elif isinstance(value, (list, tuple)):
        out += struct.pack(">BI", 0xDD, len(value)) if len(value) > 15 else bytes([0x90 | len(value)])
        for item in value:
            _pack(item, out)
    elif isinstance(value, (dict, Pairs)):
        items = tuple(value.items()) if isinstance(value, dict) else value.items
        out += struct.pack(">BI", 0xDF, len(items)) if len(items) > 15 else bytes([0x80 | len(items)])
        for key, item in items:
            _pack(key, out)
            _pack(item, out)
    elif isinstance(value, int) and not isinstance(value, bool) and not -(1 << 63) <= value < 1 << 64:
        _pack(value & ((1 << 64) - 1), out)
    else:
        out += msgpack.packb(value, use_bin_type=True, unicode_errors="surrogatepass")


def nested(depth: int, *, maps: bool = False) -> Raw:
    """A value nested ``depth`` times."""
    return Raw((b"\x81\xa1a" if maps else b"\x91") * depth + b"\xc0")


LIES = (
    Raw(b"\xdd\xff\xff\xff\xff"),  # an array of 4 G items
    Raw(b"\xdd\x00\x10\x00\x00"),
    Raw(b"\xdf\xff\xff\xff\xff"),  # a map of 4 G pairs
    Raw(b"\xdb\xff\xff\xff\xffx"),  # a string of 4 GiB
    Raw(b"\xc6\x7f\xff\xff\xffx"),  # bytes
    Raw(b"\xc9\x7f\xff\xff\xff\x05x"),  # an extension
    Raw(b"\xd6\xff\x00\x00\x00\x00"),  # a time
    Raw(b"\xd7\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
    Raw(b"\xc7\x0c\xff" + b"\xff" * 12),
    Raw(b"\xd4\x05x"),
    Raw(b"\xc1"),  # never used
    Raw(b"\xa2\xff\xfe"),  # not UTF-8
    Raw(b"\xa3\xed\xa0\x80"),  # a surrogate
    Raw(b"\x81\x90\x90"),  # a map whose key is a list
    Raw(b"\x81\xd4\x05x\x01"),  # a map whose key is an extension
    Raw(b"\x82\xa1a\x01\xa1a\x02"),  # a key twice
)
