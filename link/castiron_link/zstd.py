"""Contents as frames of Zstandard, which the stub reads by the library (``stub/payload/zstd.c``).

Each frame stands for itself and carries a checksum of its content.  Source: RFC 8878.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import zstandard

from castiron_common.content import chunks_of
from castiron_common.pools import thread_pool
from castiron_link.deflate import WORTH, Wanted, compress_once

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_link.deflate import Deflate

_LEVEL = 19
PARAMETERS = f"zstd {_LEVEL}:{'.'.join(map(str, zstandard.ZSTD_VERSION))}"
"""What a frame depends on beside its content."""


def frame(content: bytes) -> bytes:
    """Return the frame of a content."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(content)


def zstd(wanted: Sequence[Wanted]) -> list[bytes]:
    """Compress on all processors: the library works outside of the interpreter's lock."""
    with thread_pool() as pool:
        return list(pool.map(_compressed, wanted, chunksize=16))


def zstd_once(file: Path) -> Deflate:
    """Return a `zstd` that keeps what it made in a file of the cache."""
    return compress_once(file, zstd, PARAMETERS)


def _compressed(item: Wanted) -> bytes:
    """Return the frame; nothing if it is larger than it may be."""
    if len(item.data) < WORTH:
        return b""
    made = frame(b"".join(chunks_of(item.data)))
    return made if len(made) <= item.most else b""
