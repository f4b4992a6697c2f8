"""Changes of bytes and of nested values that readers of files tend to trip over."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from random import Random

INTEGERS = (
    *(
        0,
        1,
        2,
        3,
        4,
        7,
        8,
        15,
        16,
        31,
        32,
        63,
        64,
        100,
        127,
        128,
        255,
        256,
        4095,
        4096,
        0x7FFF,
        0x8000,
        0xFFFF,
        0x10000,
    ),
    *(0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF, 0x1_0000_0000, (1 << 62), (1 << 63) - 1, 1 << 63),
    *((1 << 64) - 4096, (1 << 64) - 24, (1 << 64) - 8, (1 << 64) - 1),
)
"""Unsigned numbers at the edges of types, pages and tables."""

TEXTS = (
    *(
        "",
        " ",
        "\0",
        "a\0b",
        ".",
        "..",
        "../x",
        "../../../../etc/passwd",
        "/etc/passwd",
        "a//b",
        "a/",
        "./a",
        "a\\..\\b",
    ),
    *("C:\\x", "\n", "\r\n", "a\nb", "\x1b[31m", "[/bold]", "[bold]", "[[]", "{}", "{0.x}", "%s%n", "$(id)", "-c", "-"),
    *("\ufeff", "\u202e", "\u0130", "\U0010ffff", "ﬀ", "nul", "__main__", "__init__", "None", "0", "3", "3.", "3.13.1"),
    *(
        "1e999",
        "inf",
        "99999999999999999999",
        "\u0664",
        "x" * 255,
        "x" * 256,
        "x" * 5000,
        "x/" * 2000,
        "." * 300,
        "a." * 500,
    ),
)


def change_bytes(data: bytes, random: Random, others: Sequence[bytes] = ()) -> bytes:
    """Return ``data`` with one change: a flipped bit, another number, a piece removed, doubled, moved or foreign."""
    if not data:
        return random.randbytes(random.randrange(1, 16))
    out = bytearray(data)
    at = random.randrange(len(out))
    length = min(len(out) - at, 1 << random.randrange(0, 10))
    match random.randrange(11):
        case 0 | 1:
            out[at] ^= 1 << random.randrange(8)
        case 2:
            out[at] = random.choice((0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)))
        case 3:
            write_number(out, at, random)
        case 4:
            del out[at:]
        case 5:
            del out[at : at + length]
        case 6:
            out[at:at] = out[at : at + length]
        case 7:
            to = random.randrange(len(out))
            piece = out[at : at + length]
            out[to : to + length] = piece
        case 8:
            out[at:at] = random.randbytes(length)
        case 9:
            out[at : at + length] = bytes([random.choice((0, 0xFF, 0x41))]) * length
        case _:
            other = random.choice(others) if others else data
            start = random.randrange(max(1, len(other)))
            out[at : at + length] = other[start : start + length]
    return bytes(out)


def write_number(out: bytearray, at: int, random: Random) -> None:
    """Put a number of 2, 4 or 8 bytes over what is there."""
    size, code = random.choice(((2, "H"), (4, "I"), (8, "Q")))
    number = random.choice(INTEGERS) if random.random() < 0.7 else random.randrange(1 << 8 * size)
    if random.random() < 0.2 and at + size <= len(out):
        number = int.from_bytes(out[at : at + size], "little") + random.randrange(-9, 10)
    piece = struct.pack(f"<{code}", number & ((1 << 8 * size) - 1))
    out[at : at + size] = piece[: len(out) - at]


def change_text(text: str, random: Random, others: Sequence[str] = ()) -> str:
    """Return another text, or ``text`` with something before, behind, or in it."""
    piece = random.choice(TEXTS if not others or random.random() < 0.6 else others)
    match random.randrange(6):
        case 0 | 1:
            return piece
        case 2:
            return piece + text
        case 3:
            return text + piece
        case 4:
            at = random.randrange(len(text) + 1)
            return text[:at] + piece + text[at:]
        case _:
            at = random.randrange(len(text) + 1)
            return text[:at] + text[at + 1 :]


class Places:
    """All places in a nested value, to change some of them.  Maps are dicts; a place is (container, key)."""

    def __init__(self, value: Any) -> None:
        self.places: list[tuple[Any, Any]] = []
        self.texts: list[str] = []
        self._walk(value)

    def _walk(self, value: Any) -> None:
        items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
        for key, item in items:
            self.places.append((value, key))
            if isinstance(item, str):
                self.texts.append(item)
            self._walk(item)
