"""Reads what a font says about itself and its license: the ``name`` table of TrueType and OpenType fonts.

Source: OpenType specification 1.9, chapters "Font file", "name".
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass

_FAMILY, _VERSION, _COPYRIGHT, _LICENSE, _LICENSE_URL = 1, 5, 0, 13, 14
_WANTED = {_FAMILY, _VERSION, _COPYRIGHT, _LICENSE, _LICENSE_URL}

SUFFIXES = (".ttf", ".otf")


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
    except (struct.error, UnicodeDecodeError, IndexError):
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


def _version(text: str) -> str:
    """Return the number in ``Version 4.7.0 2016``, or the project's in ``773.01 (Project version: 6.5.1)``."""
    project = re.search(r"\bversion: ([\w.]+)\)", text)
    own = re.match(r"(?:Version )?([^\s;]*)", text)
    return project[1] if project else own[1] if own else ""


def _names(data: bytes) -> dict[int, str] | None:
    if data[:4] not in {b"\0\1\0\0", b"OTTO", b"true"}:
        return None
    (count,) = struct.unpack_from(">H", data, 4)
    for index in range(count):
        tag, _, offset, _ = struct.unpack_from(">4sIII", data, 12 + 16 * index)
        if tag == b"name":
            break
    else:
        return {}
    _, rows, strings = struct.unpack_from(">HHH", data, offset)
    names: dict[int, str] = {}
    for index in range(rows):
        platform, _, _, name, length, start = struct.unpack_from(">HHHHHH", data, offset + 6 + 12 * index)
        if name not in _WANTED:
            continue
        raw = data[offset + strings + start :][:length]
        text = raw.decode("utf-16-be") if platform in {0, 3} else raw.decode("mac-roman")
        # Windows' names come last and are the complete ones.
        names[name] = " ".join(text.split())
    return names
