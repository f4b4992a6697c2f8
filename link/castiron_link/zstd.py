"""Contents as frames of Zstandard, which the stub reads by the library (``stub/payload/zstd.c``).

Each frame carries a checksum of its content.  Frames of bytecode and files refer to a dictionary that all of them share
(`castiron_link.dictionary`); those of images stand for themselves.  Source: RFC 8878.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import zstandard

from castiron_common.content import chunks_of
from castiron_link.deflate import WORTH, Wanted, compress_once, in_threads

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_link.deflate import Deflate

_LEVEL = 19
PARAMETERS = f"zstd {_LEVEL}:{'.'.join(map(str, zstandard.ZSTD_VERSION))}"
"""What a frame depends on beside its content."""
_WITH_DICTIONARY = 256 << 10
"""Bytes; what is larger has enough in itself to refer to."""


def frame(content: bytes) -> bytes:
    """Return the frame of a content."""
    return zstandard.ZstdCompressor(level=_LEVEL, write_checksum=True).compress(content)


def zstd(wanted: Sequence[Wanted], dictionary: bytes = b"") -> list[bytes]:
    """Compress on all processors: the library works outside of the interpreter's lock."""
    shared = None
    # To get the dictionary ready takes longer than all else that a link does which finds its frames in the cache.
    if dictionary and any(len(item.data) >= WORTH for item in wanted):
        shared = zstandard.ZstdCompressionDict(dictionary, dict_type=zstandard.DICT_TYPE_FULLDICT)
        shared.precompute_compress(level=_LEVEL)

    def compressed(item: Wanted) -> bytes:
        """Return the frame; nothing if it is larger than it may be."""
        content = b"".join(chunks_of(item.data))
        made = frame(content) if shared is None or len(content) > _WITH_DICTIONARY else _referring(content, shared)
        return made if len(made) <= item.most else b""

    return in_threads(compressed, wanted)


def _referring(content: bytes, dictionary: zstandard.ZstdCompressionDict) -> bytes:
    """Return a frame that refers to a dictionary: there is one alone, so no frame names it."""
    compressor = zstandard.ZstdCompressor(
        level=_LEVEL, dict_data=dictionary, write_checksum=True, write_dict_id=False, write_content_size=True
    )
    return compressor.compress(content)


def zstd_once(file: Path, dictionary: bytes) -> Deflate:
    """Return a `zstd` with a dictionary that keeps what it made in a file of the cache."""
    parameters = f"{PARAMETERS}:{hashlib.sha256(dictionary).hexdigest()}"
    return compress_once(file, lambda wanted: zstd(wanted, dictionary), parameters)
