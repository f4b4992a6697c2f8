"""Contents as raw deflate streams, which the stub inflates (``stub/payload/inflate.c``).

What was compressed once is kept by the hash of its content, so that a second link compresses nothing.
Source: RFC 1951.
"""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_common.content import FileContent, chunks_of
from castiron_common.pools import thread_pool
from castiron_common.row_cache import RowCache

if TYPE_CHECKING:
    from pathlib import Path

WORTH = 512
"""Bytes; less is not compressed."""
_KEPT = 16 << 20
"""Bytes; larger contents are compressed anew each time, so that no row of the cache is larger."""
_LEVEL = 9


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A content to compress."""

    data: bytes | FileContent = field(repr=False)
    most: int
    """Bytes it may have when it is compressed; if it has more, it is not worth it."""


Deflate = Callable[[Sequence[Wanted]], list[bytes]]
"""Returns the streams in the order of the contents; an empty one for what is not worth it."""


def deflate(wanted: Sequence[Wanted]) -> list[bytes]:
    """Compress on all processors: zlib works outside of the interpreter's lock."""
    return in_threads(_deflated, wanted)


def in_threads(compressed: Callable[[Wanted], bytes], wanted: Sequence[Wanted]) -> list[bytes]:
    """Return what ``compressed`` makes of each content on all processors; nothing for those that are too small.

    A thread costs more than to look at a small content, and an application of a thousand distributions has thousands.
    """
    made = [b""] * len(wanted)
    worth = [index for index, item in enumerate(wanted) if len(item.data) >= WORTH]
    if worth:
        with thread_pool() as pool:
            for index, piece in zip(worth, pool.map(compressed, (wanted[index] for index in worth)), strict=True):
                made[index] = piece
    return made


def deflate_once(file: Path) -> Deflate:
    """Return a `deflate` that keeps what it made in a file of the cache."""
    return compress_once(file, deflate, f"{_LEVEL}:{zlib.ZLIB_RUNTIME_VERSION}")


def compress_once(file: Path, compressor: Deflate, parameters: str) -> Deflate:
    """Return a compressor that keeps what it made in a file of the cache.

    ``parameters`` are what its streams depend on beside the content.
    """

    def compress(wanted: Sequence[Wanted]) -> list[bytes]:
        keys = [_key(item, parameters) for item in wanted]
        with RowCache(file) as cache:
            known = cache.get(sorted(key for key in set(keys) if key))
            missing = [index for index, key in enumerate(keys) if key not in known]
            made = dict(zip(missing, compressor([wanted[index] for index in missing]), strict=True))
            cache.put({key: (None, made[index]) for index in missing if (key := keys[index])})
        return [made[index] if index in made else known[key][1] for index, key in enumerate(keys)]

    return compress


def _key(item: Wanted, parameters: str) -> str:
    """Return what the stream depends on; empty for what is not kept."""
    if not WORTH <= len(item.data) <= _KEPT:
        return ""
    digest = hashlib.sha256()
    for chunk in chunks_of(item.data):
        digest.update(chunk)
    return f"{digest.hexdigest()}:{item.most}:{parameters}"


def _deflated(item: Wanted) -> bytes:
    """Return the compressed content; nothing as soon as it is larger than it may be."""
    compressor = zlib.compressobj(level=_LEVEL, wbits=-zlib.MAX_WBITS)
    stored = bytearray()
    for chunk in chunks_of(item.data):
        stored += compressor.compress(chunk)
        if len(stored) > item.most:
            return b""
    stored += compressor.flush()
    return bytes(stored) if len(stored) <= item.most else b""
