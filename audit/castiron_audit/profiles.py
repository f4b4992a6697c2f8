"""Reads what an ICC colour profile says about itself: its tags ``desc`` and ``cprt``.

Source: ICC.1:2022, sections 7.2 (header), 7.3 (tag table), 10.15 (multiLocalizedUnicodeType); ICC.1:2001-04, section
6.5.17 (textDescriptionType).
"""

from __future__ import annotations

import re
import struct

from castiron_common.frozen import dataclass

_LICENSES = (
    ("CC0-1.0", re.compile(r"CC0", re.IGNORECASE)),
    ("LicenseRef-public-domain", re.compile(r"public domain|no copyright", re.IGNORECASE)),
    ("Zlib", re.compile(r"zlib", re.IGNORECASE)),
)
_ICC = re.compile(r"international color consortium", re.IGNORECASE)
_MOST_TAGS = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """The texts of a profile; empty if it does not have them."""

    description: str
    copyright: str

    @property
    def license(self) -> str | None:
        """Return the license that the copyright tag names, None if it names none.

        The notice on the page of the International Color Consortium lets its profiles be copied and embedded freely.
        """
        if _ICC.search(self.copyright):
            return "LicenseRef-ICC-profile"
        return next((expression for expression, pattern in _LICENSES if pattern.search(self.copyright)), None)


def read_profile(data: bytes) -> Profile | None:
    """Return the texts of a profile, None if ``data`` is none or damaged."""
    if data[36:40] != b"acsp":
        return None
    texts = {}
    try:
        (count,) = struct.unpack_from(">I", data, 128)
        for index in range(min(count, _MOST_TAGS)):
            tag, offset, size = struct.unpack_from(">4sII", data, 132 + 12 * index)
            if tag in {b"desc", b"cprt"}:
                texts[tag] = _text(data[offset : offset + size])
    except struct.error:
        return None
    return Profile(description=texts.get(b"desc", ""), copyright=texts.get(b"cprt", ""))


def _text(data: bytes) -> str:
    """Return the text of a tag.  Raises struct.error."""
    kind = data[:4]
    if kind == b"mluc":
        (size, offset) = struct.unpack_from(">II", data, 20)
        return " ".join(data[offset : offset + size].decode("utf-16-be", "replace").split())
    if kind == b"desc":
        (size,) = struct.unpack_from(">I", data, 8)
        return " ".join(data[12 : 12 + size].decode("ascii", "replace").strip("\0").split())
    return " ".join(data[8:].decode("ascii", "replace").strip("\0").split())
