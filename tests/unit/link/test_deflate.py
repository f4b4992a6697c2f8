"""Compressed contents, and those that were kept."""

from __future__ import annotations

import sqlite3
import zlib
from typing import TYPE_CHECKING

import pytest

from castiron_common.content import file_content
from castiron_link import deflate as module
from castiron_link.deflate import Wanted, deflate, deflate_once

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

TEXT = b"a line of text\n" * 100
NOISE = bytes((index * index * 2654435761 >> 13) & 255 for index in range(2000))
WANTED = (
    Wanted(data=TEXT, most=len(TEXT) // 2),
    Wanted(data=NOISE, most=len(NOISE) // 2),
    Wanted(data=b"short" * 10, most=50),
    Wanted(data=TEXT, most=10),
)


def inflated(stream: bytes) -> bytes:
    return zlib.decompress(stream, wbits=-zlib.MAX_WBITS)


def test_what_is_not_worth_it_stays_as_it_is() -> None:
    text, *others = deflate(WANTED)
    assert inflated(text) == TEXT
    assert others == [b"", b"", b""]


def test_what_was_compressed_once_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compress = deflate_once(tmp_path / "deflated.sqlite")
    first = compress(WANTED)
    assert first == deflate(WANTED)
    asked: list[Sequence[Wanted]] = []

    def watched(wanted: Sequence[Wanted]) -> list[bytes]:
        asked.append(wanted)
        return deflate(wanted)

    monkeypatch.setattr(module, "deflate", watched)
    compress = deflate_once(tmp_path / "deflated.sqlite")
    assert compress(WANTED) == first
    # Short ones are not kept: nothing is done for them.
    assert [[item.data for item in items] for items in asked] == [[b"short" * 10]]
    another = Wanted(data=TEXT + b"end", most=len(TEXT))
    assert inflated(compress([another, WANTED[0]])[0]) == another.data
    assert list(asked[-1]) == [another]


@pytest.mark.parametrize("change", ["data = x'00'", "sha256 = x'00'", "error = 'odd'"])
def test_a_changed_row_is_made_again(tmp_path: Path, change: str) -> None:
    compress = deflate_once(tmp_path / "deflated.sqlite")
    first = compress(WANTED)
    with sqlite3.connect(tmp_path / "deflated.sqlite") as connection:
        assert connection.execute(f"UPDATE results SET {change}").rowcount == 3
    connection.close()
    assert compress(WANTED) == first


def test_a_large_file_is_neither_held_nor_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEPT", 1 << 20)
    (tmp_path / "large").write_bytes(TEXT * 1000)
    content = file_content(tmp_path / "large")
    compress = deflate_once(tmp_path / "deflated.sqlite")
    (stream,) = compress([Wanted(data=content, most=len(content))])
    assert inflated(stream) == TEXT * 1000
    with sqlite3.connect(tmp_path / "deflated.sqlite") as connection:
        assert connection.execute("SELECT count(*) FROM results").fetchone() == (0,)
    connection.close()
