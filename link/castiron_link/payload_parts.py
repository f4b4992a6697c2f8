"""The parts of the payload behind its tables: texts, and contents at aligned offsets."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from castiron_common.content import chunks_of
from castiron_common.errors import LinkError

if TYPE_CHECKING:
    from castiron_common.content import FileContent

_TEXT_LIMIT = 1 << 32
"""Texts are found by 32-bit offsets; they stand before all data, so this is no limit on the data."""


def impossible(what: str) -> LinkError:
    """Return the error for what no trace makes."""
    return LinkError(what, hint="Run trace again; if it happens again, this is a bug in castiron, please report it.")


def encode(text: str) -> bytes:
    """Return a text as the payload has it; `LinkError` if it cannot be encoded."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise impossible(f"{text!r} cannot be encoded.") from None


class Texts:
    """The texts of the payload, each once and followed by a zero byte."""

    def __init__(self, base: int) -> None:
        self.data = bytearray()
        self._base = base
        self._known: dict[bytes, int] = {}

    def add(self, text: bytes) -> int:
        """Return the reference to a text: its offset in the payload below, its length above 32 bits."""
        if b"\0" in text:
            raise impossible(f"{text!r} contains a zero byte.")
        offset = self._known.get(text)
        if offset is None:
            offset = self._known[text] = self._base + len(self.data)
            self.data += text + b"\0"
            if self._base + len(self.data) > _TEXT_LIMIT:
                raise impossible("The names in the binary are longer than 4 GiB together.")
        return offset | len(text) << 32

    @property
    def end(self) -> int:
        """Offset in the payload behind the texts."""
        return self._base + len(self.data)


class Data:
    """What follows the texts: pieces of bytes at aligned offsets."""

    def __init__(self, start: int) -> None:
        self.parts: list[bytes | FileContent] = []
        self.end = start
        self.padding = 0
        """Bytes so far."""
        self._alone: dict[int, tuple[bytes | FileContent, int] | None] = {}
        """Size -> the only piece with it among those that are there once, and its offset; None if there are several."""
        self._several: dict[tuple[int, bytes], int] = {}
        """Size and hash of those whose size another one has -> offset."""

    def add(self, piece: bytes | FileContent, alignment: int) -> int:
        """Append a piece; return its offset in the payload."""
        padding = -self.end % alignment
        if padding:
            self.parts.append(bytes(padding))
            self.padding += padding
        self.parts.append(piece)
        offset = self.end + padding
        self.end = offset + len(piece)
        return offset

    def add_once(self, piece: bytes | FileContent, alignment: int) -> tuple[int, int]:
        """Return the offset of a piece, and how many bytes were appended for it: none if an equal one was there.

        Only what has the same size is compared, and only that is read.
        """
        size = len(piece)
        if size not in self._alone:
            offset = self.add(piece, alignment)
            self._alone[size] = piece, offset
            return offset, size
        if (other := self._alone[size]) is not None:
            self._alone[size] = None
            self._several[size, _hash(other[0])] = other[1]
        key = size, _hash(piece)
        if key in self._several:
            return self._several[key], 0
        offset = self._several[key] = self.add(piece, alignment)
        return offset, size


def _hash(piece: bytes | FileContent) -> bytes:
    digest = hashlib.sha256()
    for chunk in chunks_of(piece):
        digest.update(chunk)
    return digest.digest()
