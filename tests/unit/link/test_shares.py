"""Shares of what is compressed together."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_common.errors import LinkError
from castiron_elf.sections import FileLayout
from castiron_link.model import Compressed, CompressedSegment, Piece, Taken
from castiron_link.shares import apportioned, shared, taken_compressed

SEGMENT = CompressedSegment(sections=frozenset({".text"}), size=1000, stored=100)


@given(st.lists(st.integers(0, 1 << 40), min_size=1).filter(any), st.integers(0, 1 << 40))
def test_shares_add_up_and_are_proportional(sizes: list[int], total: int) -> None:
    shares = apportioned(sizes, total)
    assert sum(shares) == total
    whole = sum(sizes)
    assert all(abs(share * whole - size * total) < whole for share, size in zip(shares, sizes, strict=True))
    assert all(share == 0 for share, size in zip(shares, sizes, strict=True) if size == 0)


def test_a_segment_is_shared_by_what_is_in_it() -> None:
    pieces = (Piece(source="a.o", member=None, size=600), Piece(source="l.a", member="b.o", size=300))
    taken = Taken(pieces=pieces, merged=50, padding=20)
    assert shared(taken, SEGMENT) == Taken(
        pieces=(Piece(source="a.o", member=None, size=60), Piece(source="l.a", member="b.o", size=30)),
        merged=5,
        padding=5,
    )


def test_a_map_of_something_else_is_refused() -> None:
    with pytest.raises(LinkError, match="has 1 bytes more than a segment"):
        shared(Taken(pieces=(), merged=1001, padding=0), SEGMENT)


MAP = """\
             VMA              LMA     Size Align Out     In      Symbol
          200000           200000       24     4 .note.x
          200000           200000       24     4         app.o:(.note.x)
          201000           201000      3e8     4 .text
          201000           201000      3e8     4         l.a(b.o):(.text)
          202000           202000       40     4 .bss
          202000           202000       40     4         l.a(z.o):(.bss)
          203000           203000       10     4 .castiron.payload
          203000           203000       10     4         app.o:(.castiron.payload)
"""


def test_everything_in_an_executable_is_counted_once() -> None:
    segment = CompressedSegment(sections=frozenset({".note.x", ".text"}), size=0x400, stored=100)
    compressed = Compressed(segments=(segment,), table=7, own=11, zstd=13)
    layout = FileLayout(parts=((".note.x", 64, 0x24), (".castiron.payload", 128, 0x10)), padding=0, size=1)
    taken = taken_compressed(MAP.splitlines(keepends=True), layout, compressed, stub=Path("s.a"), stage=Path("stage"))
    assert {(piece.source, piece.member): piece.size for piece in taken.pieces} == {
        ("app.o", None): 0x24 + 0x10,
        ("l.a", "b.o"): 98,
        ("l.a", "z.o"): 0,
        ("s.a", "stage.o"): 11,
        ("stage", None): 13,
    }
    assert (taken.merged, taken.padding) == (7, 2)
