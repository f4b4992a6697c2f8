"""Reads the rules of style sheets that give fonts their names: ``@font-face``.

A page calls a font by the family that such a rule gives it, whatever its file is called: bundlers call files of fonts
by hashes, and put small ones into the style sheet itself (``data:``).  Style sheets stand in scripts, too.
Source: CSS Fonts Module Level 4, section 4.
"""

from __future__ import annotations

import base64
import binascii
import posixpath
import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_RULE = b"@font-face"
_LONGEST_RULE = 4 << 20
"""Bytes of a rule that has the font in it."""
_FAMILY = re.compile(rb"""font-family\s*:\s*(?:\\?["']([^"'\\;}]{2,60})\\?["']|([A-Za-z][\w -]{1,60}))""")
_ADDRESS = re.compile(rb"""url\(\s*\\?["']?([^"'()\\]+)\\?["']?\s*\)""")
_WITHIN = re.compile(r"data:[\w./+-]*(?:;[\w=-]+)*;base64,([A-Za-z0-9+/=\s]+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class FontFace:
    """What a rule says of one file of a font."""

    family: str
    file: str
    """Its path, as far as the rule has it; empty if the font is in the rule."""
    data: bytes
    """The font, if it is in the rule."""


def font_faces(sheet: bytes) -> Iterator[FontFace]:
    """Yield the fonts that the rules of a style sheet, or of a script that has one, name."""
    place = sheet.find(_RULE)
    while place >= 0:
        end = sheet.find(b"}", place, place + _LONGEST_RULE)
        if end < 0:
            return
        rule = sheet[place:end]
        family = _FAMILY.search(rule)
        for address in dict.fromkeys(_ADDRESS.findall(rule)) if family else ():
            name = (family[1] or family[2]).decode("utf-8", "replace").strip() if family else ""
            yield from _face(name, address.decode("ascii", "replace"))
        place = sheet.find(_RULE, end)


def _face(family: str, address: str) -> Iterator[FontFace]:
    within = _WITHIN.fullmatch(address)
    if within:
        try:
            yield FontFace(family=family, file="", data=base64.b64decode(within[1]))
        except binascii.Error:
            return
    elif not address.startswith("data:"):
        file = unquote(re.split(r"[?#]", address, maxsplit=1)[0])
        if file:
            yield FontFace(family=family, file=posixpath.normpath(file), data=b"")
