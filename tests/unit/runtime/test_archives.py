from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castiron_common.errors import RuntimePackError
from castiron_runtime.archives import distinct, read_members, unpack

if TYPE_CHECKING:
    from pathlib import Path


def tarball(path: Path, members: list[tarfile.TarInfo]) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for member in members:
            tar.addfile(member, io.BytesIO(bytes(member.size)))
    return path


def member(name: str, *, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type = kind
    entry.linkname = target
    return entry


def test_unpacking_returns_the_one_folder(tmp_path: Path) -> None:
    archive = tarball(tmp_path / "x.tar.gz", [member("x-1.0/README")])
    target = tmp_path / "out"
    target.mkdir()
    assert unpack(archive, target) == target / "x-1.0"


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside"),
        member("x/../../outside"),
        member("x/link", kind=tarfile.SYMTYPE, target="/etc/passwd"),
        member("x/link", kind=tarfile.SYMTYPE, target="../../outside"),
        member("x/device", kind=tarfile.CHRTYPE),
    ],
)
def test_nothing_is_unpacked_outside(tmp_path: Path, bad: tarfile.TarInfo) -> None:
    archive = tarball(tmp_path / "x.tar.gz", [member("x/README"), bad])
    target = tmp_path / "deep" / "out"
    target.mkdir(parents=True)
    with pytest.raises(RuntimePackError, match="cannot be unpacked"):
        unpack(archive, target)
    assert not (tmp_path / "outside").exists()
    assert not (tmp_path / "deep" / "outside").exists()


def test_two_folders_are_not_a_source_tree(tmp_path: Path) -> None:
    archive = tarball(tmp_path / "x.tar.gz", [member("a/1"), member("b/1")])
    target = tmp_path / "out"
    target.mkdir()
    with pytest.raises(RuntimePackError, match="exactly one folder"):
        unpack(archive, target)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_no_source_archive(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    archive = folder / "x.tar.gz"
    archive.write_bytes(data)
    (folder / "out").mkdir()
    with pytest.raises(RuntimePackError):
        unpack(archive, folder / "out")


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


def test_equal_base_names_are_made_distinct() -> None:
    assert distinct(["a/init.o", "b/init.o", "x.o"]) == ["init.o", "init-2.o", "x.o"]
