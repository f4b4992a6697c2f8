"""Bytes on their way into the executable: held in memory, or left in a file of the host until they are written.

A data file of gigabytes is copied from its file into the object in small chunks, and never held in memory as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Buffer = bytes | bytearray | memoryview

_CHUNK = 1 << 20
"""Bytes that are read at a time."""

STREAMED_FROM = 1 << 20
"""Bytes; smaller files are read at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """The content of a file on the host."""

    path: Path
    size: int
    """Bytes, as they were when the file was looked at."""

    def __len__(self) -> int:
        return self.size

    def chunks(self) -> Iterator[bytes]:
        """Read the file.  Raises `InputError` if it cannot be read, or if its size is another one by now."""
        left = self.size
        try:
            with self.path.open("rb", buffering=0) as file:
                while chunk := file.read(_CHUNK):
                    left -= len(chunk)
                    yield chunk
        except OSError as error:
            raise InputError(
                f"{self.path} cannot be read: {error.strerror or error}.", hint="Make it readable, and link again."
            ) from error
        if left:
            raise InputError(f"{self.path} changed while it was linked.", hint="Link again when nothing changes it.")


Content = Buffer | FileContent


def file_content(path: Path) -> bytes | FileContent:
    """Return the content of a file: read, if it is small."""
    size = path.stat().st_size
    return path.read_bytes() if size < STREAMED_FROM else FileContent(path=path, size=size)


@dataclass(frozen=True, slots=True)
class Pieces:
    """Contents that stand one behind the other.  What is mutable among them must be left alone."""

    parts: tuple[Content, ...]

    @property
    def size(self) -> int:
        """Bytes of all together."""
        return sum(map(size_of, self.parts))

    def chunks(self) -> Iterator[Buffer]:
        """Yield the bytes in order."""
        for part in self.parts:
            yield from chunks_of(part)

    def __bytes__(self) -> bytes:
        return b"".join(self.chunks())


def size_of(content: Content | Pieces) -> int:
    """Return how many bytes there are."""
    if isinstance(content, (Pieces, FileContent)):
        return content.size
    return memoryview(content).nbytes


def chunks_of(content: Content | Pieces) -> Iterator[Buffer]:
    """Yield the bytes in order."""
    if isinstance(content, (Pieces, FileContent)):
        yield from content.chunks()
    else:
        yield content
