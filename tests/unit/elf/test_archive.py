"""Static libraries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castiron_common.errors import RuntimePackError
from castiron_elf.archive import read_members

if TYPE_CHECKING:
    from pathlib import Path


def ar(members: list[tuple[str, bytes]]) -> bytes:
    """An archive as GNU ar writes it, with long names in a table."""
    table = b""
    body = b""
    for name, data in members:
        if len(name) < 16:
            field = f"{name}/"
        else:
            field = f"/{len(table)}"
            table += f"{name}/\n".encode()
        body += f"{field:<16}{'0':<12}{'0':<6}{'0':<6}{'644':<8}{len(data):<10}`\n".encode() + data
        body += b"\n" * (len(data) & 1)
    if table:
        body = f"{'//':<16}{'':<32}{len(table):<10}`\n".encode() + table + b"\n" * (len(table) & 1) + body
    return b"!<arch>\n" + body


names = st.text(alphabet="abcxyz-_0123456789", min_size=1, max_size=40).map(lambda name: f"{name}.o")


@settings(deadline=None)
@given(st.lists(st.tuples(names, st.binary(max_size=50)), max_size=6))
def test_members_of_static_libraries(
    tmp_path_factory: pytest.TempPathFactory, members: list[tuple[str, bytes]]
) -> None:
    archive = tmp_path_factory.mktemp("ar") / "libx.a"
    archive.write_bytes(ar(members))
    assert read_members(archive) == members


def test_something_else_is_no_static_library(tmp_path: Path) -> None:
    (tmp_path / "x.a").write_bytes(b"\x7fELF")
    with pytest.raises(RuntimePackError, match="not a static library"):
        read_members(tmp_path / "x.a")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (slice(48, 58), b"x         "),
        (slice(48, 58), b"-1        "),
        (slice(48, 58), b"99        "),
        (slice(0, 3), b"/9 "),
    ],
)
def test_damaged_headers_are_told(tmp_path: Path, field: slice, value: bytes) -> None:
    data = bytearray(ar([("a.o", b"one")]))
    data[8 + field.start : 8 + field.stop] = value
    (tmp_path / "x.a").write_bytes(data)
    with pytest.raises(RuntimePackError, match="damaged"):
        read_members(tmp_path / "x.a")
