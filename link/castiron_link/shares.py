"""Whose the bytes of compressed segments are: of each frame, everybody has the share that he has of what is in it.

So the sizes of a report add up to the file.  How well somebody's own bytes shrink is not known: they are compressed
together with the others'.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_common.errors import LinkError
from castiron_link.map_file import taken_by
from castiron_link.model import Piece, Taken

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castiron_elf.sections import FileLayout
    from castiron_link.model import Compressed, CompressedSegment


def taken_compressed(
    lines: Iterable[str], layout: FileLayout, compressed: Compressed, *, stub: Path, stage: Path
) -> Taken:
    """Return what went into an executable whose segments are compressed.

    ``lines`` are the linker's map, ``layout`` what lies where in the file, ``stage`` is the first stage.
    Raises `LinkError` if the map is not one that we understand, or not that of the segments.
    """
    parts = [layout.sections, *(segment.sections - layout.sections for segment in compressed.segments)]
    kept, *inside = taken_by(lines, parts)
    added = (
        Piece(source=str(stub), member="stage.o", size=compressed.own),
        Piece(source=str(stage), member=None, size=compressed.zstd),
    )
    others = Taken(pieces=added, merged=compressed.table, padding=0)
    shares = [shared(taken, segment) for taken, segment in zip(inside, compressed.segments, strict=True)]
    return together([kept, others, *shares])


def shared(taken: Taken, segment: CompressedSegment) -> Taken:
    """Return what was taken into a segment, with sizes that add up to its frame.

    What no section has, headers and gaps between sections, counts as padding, and so do notes, which stand in the file
    once more.  Raises `LinkError` if more was taken than there is.
    """
    gaps = segment.size - sum(piece.size for piece in taken.pieces) - taken.merged - taken.padding
    if gaps < 0:
        raise LinkError(
            f"The linker's map has {-gaps} bytes more than a segment of the executable.",
            hint="The license report would be wrong. This is a bug in castiron, please report it.",
        )
    sizes = [*(piece.size for piece in taken.pieces), taken.merged, taken.padding + gaps]
    *pieces, merged, padding = apportioned(sizes, segment.stored)
    return Taken(
        pieces=tuple(replace(piece, size=size) for piece, size in zip(taken.pieces, pieces, strict=True)),
        merged=merged,
        padding=padding,
    )


def apportioned(sizes: Sequence[int], total: int) -> list[int]:
    """Return whole numbers in the proportion of ``sizes`` that add up to ``total``.

    The largest remainders are rounded up (Hamilton's method), of equal ones the first.
    """
    whole = sum(sizes)
    if not whole:
        raise ValueError("nothing has a share")
    shares = [size * total // whole for size in sizes]
    order = sorted(range(len(sizes)), key=lambda index: (-(sizes[index] * total % whole), index))
    for index in order[: total - sum(shares)]:
        shares[index] += 1
    return shares


def together(parts: Sequence[Taken]) -> Taken:
    """Return what was taken into an executable, of what was taken into its parts."""
    sizes: dict[tuple[str, str | None], int] = {}
    for piece in (piece for part in parts for piece in part.pieces):
        key = piece.source, piece.member
        sizes[key] = sizes.get(key, 0) + piece.size
    rows = sorted(sizes.items(), key=lambda row: (row[0][0], row[0][1] or ""))
    return Taken(
        pieces=tuple(Piece(source=source, member=member, size=size) for (source, member), size in rows),
        merged=sum(part.merged for part in parts),
        padding=sum(part.padding for part in parts),
    )
