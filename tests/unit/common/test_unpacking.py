"""Source archives: nothing is written outside, with this Python's tarfile and with that for an older one."""

from __future__ import annotations

import io
import os
import tarfile
import zipfile
from typing import TYPE_CHECKING

import pytest

from castiron_common.unpacking import UnusableArchiveError, unpack

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["own", "later"], autouse=True)
def _filters(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.param == "later":  # Python 3.11.2, as Debian 12 has it
        monkeypatch.delattr(tarfile, "data_filter")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "deep" / "out"
    folder.mkdir(parents=True)
    return folder


def member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, target
    return entry


def tarball(path: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        for entry in members:
            tar.addfile(entry, io.BytesIO(bytes(entry.size)))
    return path


def test_the_one_folder(tmp_path: Path, out: Path) -> None:
    archive = tarball(tmp_path / "x.tar.gz", member("pax_global_header"), member("x-1.0/README"))
    assert unpack(archive, out) == out / "x-1.0"
    (tmp_path / "zipped").mkdir()
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        zipped.writestr("x-1.0/README", "")
    assert unpack(tmp_path / "x.zip", tmp_path / "zipped") == tmp_path / "zipped" / "x-1.0"


def test_owners_and_modes_are_plain(tmp_path: Path, out: Path) -> None:
    entry = member("x/file")
    entry.mode, entry.uid, entry.uname = 0o4777, 12345, "somebody"
    found = (unpack(tarball(tmp_path / "x.tar.gz", entry), out) / "file").stat()
    assert (found.st_mode & 0o7777, found.st_uid) == (0o755, os.getuid())


@pytest.mark.parametrize(
    "bad",
    [
        member("../outside"),
        member("x/../../outside"),
        member("x/link", tarfile.SYMTYPE, "/etc/passwd"),
        member("x/link", tarfile.SYMTYPE, "../../outside"),
        member("x/link", tarfile.LNKTYPE, "../outside"),
        member("x/device", tarfile.CHRTYPE),
        member("x/pipe", tarfile.FIFOTYPE),
    ],
    ids=lambda entry: f"{entry.name} {entry.type.decode()} {entry.linkname}",
)
def test_nothing_is_written_outside(bad: tarfile.TarInfo, tmp_path: Path, out: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    archive = tarball(tmp_path / "x.tar.gz", member("x/README"), bad)
    with pytest.raises(UnusableArchiveError):
        unpack(archive, out)
    outside = [path for path in tmp_path.rglob("*") if not path.is_relative_to(out)]
    assert sorted({*outside, out} - {archive}) == before


@pytest.mark.parametrize(
    "links",
    [
        [("x/d/e/l", "../.."), ("x/m", "d/e/l/../..")],
        [("x/out", "sub"), ("x/out/y", "file")],
        [("x/a", "."), ("x/a/b", "../.."), ("x/a/b/c", "file")],
    ],
)
def test_links_by_way_of_links_lead_nowhere_else(links: list[tuple[str, str]], tmp_path: Path, out: Path) -> None:
    entries = [member(name, tarfile.SYMTYPE, target) for name, target in links]
    with pytest.raises(UnusableArchiveError):
        unpack(tarball(tmp_path / "x.tar.gz", member("x/file"), *entries), out)


def test_links_inside(tmp_path: Path, out: Path) -> None:
    links = [member("x/inner", tarfile.SYMTYPE, "file"), member("x/sub/inner", tarfile.SYMTYPE, "../file")]
    top = unpack(tarball(tmp_path / "x.tar.gz", member("x/file"), *links), out)
    assert (top / "sub" / "inner").resolve() == (top / "inner").resolve() == (top / "file").resolve()


@pytest.mark.parametrize("name", ["../b", "a/../../b", "/etc/x", "a\\..\\b"])
def test_names_in_zip_files(name: str, tmp_path: Path, out: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        zipped.writestr("x/file", "")
        zipped.writestr(name, "")
    with pytest.raises(UnusableArchiveError, match="outside"):
        unpack(tmp_path / "x.zip", out)
    assert list(out.iterdir()) == []


@pytest.mark.parametrize("name", ["x.tar.gz", "x.zip"])
def test_what_is_no_archive(name: str, tmp_path: Path, out: Path) -> None:
    (tmp_path / name).write_bytes(b"no archive")
    with pytest.raises(UnusableArchiveError):
        unpack(tmp_path / name, out)


def test_two_folders_are_not_a_source_tree(tmp_path: Path, out: Path) -> None:
    with pytest.raises(UnusableArchiveError, match="exactly one folder"):
        unpack(tarball(tmp_path / "x.tar.gz", member("a/1"), member("b/1")), out)
