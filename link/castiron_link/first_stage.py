"""Compresses the interpreter, the libraries and the stub in a finished executable (``link --profile small``).

The segments that the linker made of them keep their addresses and lose their bytes.  These stand behind everything else
as frames of Zstandard, one for each segment, and the first stage (``runtime/castiron_runtime/first_stage``), which the
kernel enters instead of the executable's own start, fills them again.  Only images and payload stay as they are: both
are compressed already, piece by piece.
"""

from __future__ import annotations

import hashlib
import mmap
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

import zstandard

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import LinkError
from castiron_common.pools import thread_pool
from castiron_elf.abi import SegmentFlag
from castiron_elf.executable import read_executable
from castiron_elf.rewriter import Added, Rewriter
from castiron_elf.sections import read_sections
from castiron_link.absorb.packed import PACKED_SECTION
from castiron_link.app_object import PAYLOAD_SECTION
from castiron_link.model import Compressed, CompressedSegment
from castiron_runtime.first_stage import OWN_CODE, OWN_CONSTANTS, SECTIONS, ZSTD_CODE, ZSTD_CONSTANTS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_elf.executable import Executable, Segment

FRAMES_SECTION = ".castiron.frames"
_PREFIX = ".castiron.stage"
KEPT = frozenset({PACKED_SECTION, PAYLOAD_SECTION})
"""Sections whose segments stay as they are."""

_LEVEL = 19
_PARAMETERS = f"zstd {_LEVEL}, window of the content, {'.'.join(map(str, zstandard.ZSTD_VERSION))}"
_PLACE = struct.Struct("<qQQ")
"""``struct stage_place`` of ``stage.h``."""
_TABLE = struct.Struct("<qQqQ")
"""``struct stage_table`` before its parts."""
_PART = struct.Struct("<qQqQQQ")
"""``struct stage_part``."""
_MOST_PARTS = 16
_PT_PHDR = 6
_PROTECTIONS = (
    (SegmentFlag.READ, mmap.PROT_READ),
    (SegmentFlag.WRITE, mmap.PROT_WRITE),
    (SegmentFlag.EXECUTE, mmap.PROT_EXEC),
)


def compress_executable(path: Path, stage: Path, *, page: int) -> Compressed:
    """Compress a linked executable in place; ``stage`` is the first stage, ``page`` the target's page size in bytes.

    The bytes depend on the executable, the first stage and the version of Zstandard alone.
    Raises `LinkError` if it cannot be done, `InputError` if one of the files is no executable.
    """
    source = read_executable(path)
    emptied = [load for load in source.loads if load.file_size and not source.sections_of(load) & KEPT]
    if len(emptied) > _MOST_PARTS:
        raise LinkError(
            f"The linked executable has {len(emptied)} segments, more than can be compressed.",
            hint="This is a bug in castiron, please report it.",
        )
    contents = [_content(path, load) for load in emptied]
    with thread_pool() as pool:
        frames = list(pool.map(_frame_once, contents))

    front = _front(stage)
    code = min(item.at for item in front if item.executable)
    made = Rewriter(source, emptied=emptied, constants=code, code=max(_end(item) for item in front) - code, page=page)
    table = frame(_table(source, emptied, contents, frames, origin=made.front, page=page))
    data = b"".join((table, *frames))
    place = _PLACE.pack(made.last - made.front, len(data), len(table))
    told = replace(front[0], data=place + front[0].data[len(place) :])
    target = path.with_name(f"{path.name}.compressed")
    entry = read_executable(stage).entry
    made.write(target, entry=entry, front=(told, *front[1:]), last=Added(name=FRAMES_SECTION, data=data))
    target.chmod(path.stat().st_mode)
    target.replace(path)
    sizes = {item.name: len(item.data) for item in front}
    return Compressed(
        segments=tuple(
            CompressedSegment(sections=source.sections_of(load), size=load.file_size, stored=len(stored))
            for load, stored in zip(emptied, frames, strict=True)
        ),
        table=len(table),
        own=sum(sizes[f"{_PREFIX}{name}"] for name in (OWN_CONSTANTS, OWN_CODE)),
        zstd=sum(sizes[f"{_PREFIX}{name}"] for name in (ZSTD_CONSTANTS, ZSTD_CODE)),
    )


def _front(stage: Path) -> list[Added]:
    """Return the sections of the first stage, in their order; the first begins with what is filled in here."""
    known = read_executable(stage)
    contents = read_sections(stage, SECTIONS)
    rows = {known.section_name(row): row for row in known.sections}
    found = []
    for name in SECTIONS:
        if name not in contents:
            continue
        executable = name in {OWN_CODE, ZSTD_CODE}
        found.append(Added(name=f"{_PREFIX}{name}", data=contents[name], at=rows[name][3], executable=executable))
    return found


def _end(item: Added) -> int:
    return item.at + len(item.data)


def _content(path: Path, load: Segment) -> bytes:
    """Return the bytes of a segment, without zeros at its end: pages are filled with zeros already."""
    with path.open("rb") as file:
        file.seek(load.offset)
        return file.read(load.file_size).rstrip(b"\0")


def _table(
    source: Executable,
    emptied: Sequence[Segment],
    contents: Sequence[bytes],
    frames: Sequence[bytes],
    *,
    origin: int,
    page: int,
) -> bytes:
    """Return ``struct stage_table``; ``origin`` is the address that distances are counted from."""
    headers = next(item for item in source.segments if item.type == _PT_PHDR)
    rows = []
    for load, content, stored in zip(emptied, contents, frames, strict=True):
        start, end = load.pages(page)
        allowed = sum(right for flag, right in _PROTECTIONS if load.flags & flag)
        rows.append(_PART.pack(start - origin, end - start, load.address - origin, len(content), len(stored), allowed))
    head = _TABLE.pack(headers.address - origin, len(source.segments), source.entry - origin, len(rows))
    return head + b"".join(rows)


def frame(content: bytes) -> bytes:
    """Return the frame of a content, with its checksum; matches may lie as far back as its start."""
    parameters = zstandard.ZstdCompressionParameters.from_level(
        _LEVEL, source_size=len(content), write_checksum=True, write_content_size=True
    )
    return zstandard.ZstdCompressor(compression_params=parameters).compress(content)


def _frame_once(content: bytes) -> bytes:
    """Return the frame of a content, kept in the cache: the interpreter's code takes seconds."""
    key = hashlib.sha256(_PARAMETERS.encode() + content).hexdigest()

    def build(making: Path) -> None:
        making.write_bytes(frame(content))

    return file_entry(cache_root() / "link" / "segments" / key[:2] / key, build).read_bytes()
