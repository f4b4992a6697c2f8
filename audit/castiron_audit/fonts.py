"""Reads what a font says about itself and its license: the ``name`` table of TrueType, OpenType and WOFF fonts.

Programs have fonts within their data; these are found by their directories of tables.
The tables of WOFF 2 are compressed with brotli, which Python does not have: such a font is known by its file's name.
Source: OpenType specification 1.9, chapters "Font file", "name"; WOFF File Format 1.0, sections 3 to 5; WOFF 2.0,
section 4.
"""

from __future__ import annotations

import re
import struct
import zlib
from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

_FAMILY, _VERSION, _COPYRIGHT, _LICENSE, _LICENSE_URL = 1, 5, 0, 13, 14
_WANTED = {_FAMILY, _VERSION, _COPYRIGHT, _LICENSE, _LICENSE_URL}

SUFFIXES = (".ttf", ".otf", ".woff", ".woff2")
_LARGEST_TABLE = 1 << 20
"""Bytes of a name table."""
TABLE_OF_ALL = b"maxp"
"""The tag of a table that each TrueType and OpenType font has."""
_VERSIONS = frozenset({b"\0\1\0\0", b"OTTO", b"true"})
_MOST_TABLES = 64
_HEADER, _ENTRY = 12, 16
"""Bytes of the beginning of a font, and of an entry of the directory behind it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Font:
    """The entries of a font's ``name`` table that matter here; empty if it does not have them."""

    family: str
    version: str
    copyright: str
    license: str
    license_url: str


def read_font(data: bytes) -> Font | None:
    """Return the names in a font, None if ``data`` is not a font or its table is damaged."""
    try:
        names = _names(data)
    except (struct.error, ValueError, IndexError):
        return None
    if names is None:
        return None
    return Font(
        family=names.get(_FAMILY, ""),
        version=_version(names.get(_VERSION, "")),
        copyright=names.get(_COPYRIGHT, ""),
        license=names.get(_LICENSE, ""),
        license_url=names.get(_LICENSE_URL, ""),
    )


def fonts_within(data: bytes, places: Iterable[int]) -> tuple[Font, ...]:
    """Return the fonts that lie within other data and have a family, each once, sorted by family and version.

    ``places`` are those of `TABLE_OF_ALL`.
    """
    found = {
        font
        for place in places
        if (whole := _font_around(data, place)) is not None and (font := read_font(whole)) is not None and font.family
    }
    return tuple(sorted(found, key=lambda font: (font.family, font.version, font.copyright, font.license)))


def _font_around(data: bytes, place: int) -> bytes | None:
    """Return the font in whose directory an entry stands at ``place``, None if it stands in none."""
    for index in range(_MOST_TABLES):
        start = place - _ENTRY * index - _HEADER
        if start < 0:
            return None
        if data[start : start + 4] in _VERSIONS:
            (count,) = struct.unpack_from(">H", data, start + 4)
            if index < count <= _MOST_TABLES and start + _HEADER + _ENTRY * count <= len(data):
                entries = [struct.unpack_from(">4sIII", data, start + _HEADER + _ENTRY * item) for item in range(count)]
                end = max(offset + length for _, _, offset, length in entries)
                return data[start : start + end] if start + end <= len(data) else None
    return None


def _version(text: str) -> str:
    """Return the number in ``Version 4.7.0 2016``, or the project's in ``773.01 (Project version: 6.5.1)``."""
    project = re.search(r"\bversion: ([\w.]+)\)", text)
    own = re.match(r"(?:Version )?([^\s;]*)", text)
    return project[1] if project else own[1] if own else ""


def _names(data: bytes) -> dict[int, str] | None:
    if data[:4] == b"wOF2":
        return {}
    if data[:4] == b"wOFF":
        return _woff_names(data)
    if data[:4] not in _VERSIONS:
        return None
    (count,) = struct.unpack_from(">H", data, 4)
    for index in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * index)
        if tag == b"name":
            break
    else:
        return {}
    return _named(data[offset:])


def _woff_names(data: bytes) -> dict[int, str]:
    """Return the names of a WOFF font.  Raises struct.error, ValueError."""
    (count,) = struct.unpack_from(">H", data, 12)
    for index in range(count):
        tag, offset, packed, size, _ = struct.unpack_from(">4sIIII", data, 44 + 20 * index)
        if tag == b"name":
            table = data[offset : offset + packed]
            if packed < size:
                try:
                    table = zlib.decompressobj().decompress(table, _LARGEST_TABLE)
                except zlib.error as error:
                    raise ValueError(str(error)) from error
            return _named(table)
    return {}


def _named(table: bytes) -> dict[int, str]:
    """Return the entries of a name table that matter here.  Raises struct.error, UnicodeDecodeError."""
    _, rows, strings = struct.unpack_from(">HHH", table, 0)
    names: dict[int, str] = {}
    for index in range(rows):
        platform, _, _, name, length, start = struct.unpack_from(">HHHHHH", table, 6 + 12 * index)
        if name not in _WANTED:
            continue
        raw = table[strings + start :][:length]
        text = raw.decode("utf-16-be") if platform in {0, 3} else raw.decode("mac-roman")
        # Windows' names come last and are the complete ones.
        names[name] = " ".join(text.split())
    return names
