from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from castiron_common.errors import RuntimePackError
from castiron_runtime.source_archive import unpack
from castiron_runtime.static_library import distinct

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


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_garbage_is_no_source_archive(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    archive = folder / "x.tar.gz"
    archive.write_bytes(data)
    (folder / "out").mkdir()
    with pytest.raises(RuntimePackError, match="cannot be unpacked"):
        unpack(archive, folder / "out")


def test_equal_base_names_are_made_distinct() -> None:
    assert distinct(["a/init.o", "b/init.o", "x.o"]) == ["init.o", "init-2.o", "x.o"]
