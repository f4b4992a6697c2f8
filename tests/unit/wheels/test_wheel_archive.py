"""Wheels that are no sound ZIP archives, or better ones than they should be."""

from __future__ import annotations

import tracemalloc
import zlib
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_wheels.install import install
from castiron_wheels.record import parse_record
from castiron_wheels.wheel_archive import open_wheel
from castiron_wheels.wheel_metadata import read_metadata
from tests.fuzz.archives import Archive, Entry, write
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget


def refusal(folder: Path, *entries: Entry, **archive: int) -> str:
    path = folder / "demo-1.0-py3-none-any.whl"
    path.write_bytes(write(Archive(list(entries), **archive)))  # type: ignore[arg-type]
    with pytest.raises(DependencyError) as caught, open_wheel(path) as wheel:
        _ = [wheel.read(member) for member in wheel.files.values()]
    assert caught.value.hint
    return caught.value.what


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (Entry(b"a", b"x" * 99, flags=1), "is encrypted"),
        (Entry(b"a", b"x", method=12), "compressed otherwise"),
        (Entry(b"a", b"x", method=14), "compressed otherwise"),
        (Entry(b"a", b"x", method=99), "compressed otherwise"),
        (Entry(b"a", b"x" * 99, crc=1), "is damaged (Bad CRC-32"),
        (Entry(b"a", b"x" * 99, stored=b"\xff" * 9), "is damaged (Error -3"),
        (Entry(b"a", b"x" * 99, local_name=b"b"), "is damaged (File name in directory"),
        (Entry(b"a", b"x" * 99, offset=900), "lies outside of the file"),
        (Entry(b"a", b"x" * 99, compressed=1 << 31), "lies outside of the file"),
        (Entry(b"a", b"x" * 99, size=(1 << 32) - 2), "bytes expand to 4294967295"),
        (Entry(b"a\xff", b"x"), "'utf-8' codec"),
        *(
            (Entry(name, b"x"), "outside the target folder")
            for name in (b"../a", b"/a", b"a//b", b"./a", b"a/.", b"a\\b")
        ),
        *(
            (Entry(name, b"x"), "outside the target folder")
            for name in (b"", b"a\0b", b"a\nb", b"a\x1b", b"\xe2\x80\xa8")
        ),
        *((Entry(name, b"x"), "outside the target folder") for name in (b"x" * 256, b"x/" * 1200 + b"y")),
    ],
)
def test_members_that_lie(entry: Entry, reason: str, tmp_path: Path) -> None:
    assert reason in refusal(tmp_path, Entry(b"first", b"1"), entry)


def test_members_that_overlap_are_a_bomb(tmp_path: Path) -> None:
    kernel = Entry(b"a", b"x" * 999)
    again = Entry(b"b", b"", offset=0, compressed=9, size=999)
    assert "overlaps another" in refusal(tmp_path, kernel, again)


def test_two_members_of_one_name(tmp_path: Path) -> None:
    assert "two different members 'a'" in refusal(tmp_path, Entry(b"a", b"1"), Entry(b"a", b"2"))
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(write(Archive([Entry(b"a", b"1"), Entry(b"a", b"1")])))
    with open_wheel(path) as wheel:
        assert list(wheel.files) == ["a"]


def test_counts_and_places_of_the_directory(tmp_path: Path) -> None:
    assert "lies outside" in refusal(tmp_path, Entry(b"a", b"1"), directory_offset=1 << 31)
    assert "is damaged" in refusal(tmp_path, Entry(b"a", b"1"), directory_size=1 << 31)


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ("Requires-Dist: a ; " + "(" * 4000 + "\n", "invalid requirement"),
        ("Requires-Dist: a>=" + "1" * 5000 + "\n", "invalid requirement"),
    ],
)
def test_requirements_that_are_too_much_for_their_parser(metadata: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match=reason):
        read_metadata(make_wheel(tmp_path, metadata=metadata))


@pytest.mark.parametrize(("name", "version"), [("other", "1.0"), ("demo", "../1.0")])
def test_metadata_of_somebody_else(name: str, version: str, tmp_path: Path) -> None:
    files = {"demo-1.0.dist-info/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"}
    entries = [Entry(path.encode(), text.encode()) for path, text in files.items()]
    path = tmp_path / "demo-1.0-py3-none-any.whl"
    path.write_bytes(write(Archive(entries)))
    with pytest.raises(DependencyError, match=r"METADATA"):
        read_metadata(path)


@pytest.mark.parametrize("folder", ["other-2.dist-info", "demo.dist-info"])
def test_a_second_dist_info_folder(folder: str, tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="exactly one"):
        read_metadata(make_wheel(tmp_path, files={f"{folder}/METADATA": "Name: other\nVersion: 2\n"}))


@pytest.mark.parametrize("record", [b"\xff", b'"' + b"x" * 200_000])
def test_a_record_that_is_no_csv(record: bytes, cache: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = make_wheel(tmp_path, files={"demo-1.0.dist-info/RECORD": record}, record=False)
    (tmp_path / "prefix").mkdir()
    with pytest.raises(DependencyError, match="RECORD is malformed"):
        install([wheel], tmp_path / "prefix", target)


def test_what_record_says_wrongly_is_not_repeated(cache: Path, tmp_path: Path, target: PythonTarget) -> None:
    record = "demo.py,sha256=AAAA,5\ndemo-1.0.dist-info/METADATA,,\n"
    files = {"demo.py": "x = 1\n", "demo-1.0.dist-info/RECORD": record}
    prefix = tmp_path / "prefix"
    prefix.mkdir()
    install([make_wheel(tmp_path, files=files, record=False)], prefix, target)
    written = (prefix / "lib/python3.13/site-packages/demo-1.0.dist-info/RECORD").read_bytes()
    assert parse_record(written)["demo.py"] == ("", "")


def test_entry_points_that_are_no_text(cache: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = make_wheel(tmp_path, files={"demo-1.0.dist-info/entry_points.txt": b"\xff\xfe"})
    (tmp_path / "prefix").mkdir()
    with pytest.raises(DependencyError, match=r"entry_points\.txt is malformed"):
        install([wheel], tmp_path / "prefix", target)


def test_a_script_is_not_kept_in_memory(
    cache: Path, tmp_path: Path, target: PythonTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only one that names no interpreter is rewritten, and that is a text; a program of any size is copied."""
    monkeypatch.setattr("castiron_wheels.wheel_archive._LONGEST_TEXT", 400)
    (tmp_path / "prefix").mkdir()
    big = make_wheel(tmp_path, files={"demo-1.0.data/scripts/tool": "#!/bin/sh\n" + "x" * 5000})
    install([big], tmp_path / "prefix", target)
    assert (tmp_path / "prefix/bin/tool").stat().st_size == 5010
    script = make_wheel(tmp_path, files={"demo-1.0.data/scripts/tool": "#!python\n" + "x" * 5000})
    with pytest.raises(DependencyError, match=r"tool has 5009 bytes"):
        install([script], tmp_path / "prefix", target)


def test_a_member_gets_no_more_memory_than_it_declares(tmp_path: Path) -> None:
    """256 MiB of zeros behind a directory that says 10 bytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    stored = (packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_FULL_FLUSH)) * 256 + packer.flush()
    tracemalloc.start()
    try:
        assert "is damaged (Bad CRC-32" in refusal(tmp_path, Entry(b"a", bytes(9), stored=stored, size=10))
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()
