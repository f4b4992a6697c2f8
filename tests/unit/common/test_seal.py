"""Seals: an entry that is not what was put there is found, made again, or refused by name."""

from __future__ import annotations

import logging
import os
import time
from typing import TYPE_CHECKING

import pytest

from castiron_common import cache
from castiron_common.cache import file_entry, folder_entry, usable
from castiron_common.errors import RuntimePackError
from castiron_common.seal import check, checked_path, read_seal, seal_path

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def another_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing was compared or made before."""
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(cache, "_intact", set())


def forget() -> None:
    cache._intact.clear()


def build(folder: Path) -> None:
    (folder / "lib").mkdir()
    (folder / "lib" / "a.py").write_text("a = 1\n")
    (folder / "lib" / "big.so").write_bytes(b"\x7fELF" + bytes(3_000_000))
    (folder / "run").write_text("#!/bin/sh\n")
    (folder / "run").chmod(0o755)
    (folder / "link").symlink_to("lib/a.py")


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    made = folder_entry(tmp_path / "entry", build)
    forget()
    return made


def flip(path: Path, position: int = 0) -> None:
    status = path.stat()
    data = bytearray(path.read_bytes())
    data[position] ^= 1
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def settle(entry: Path) -> None:
    time.sleep(0.1)
    assert check(entry) is None
    assert checked_path(entry).is_file()


@pytest.mark.parametrize("settled", [False, True])
@pytest.mark.parametrize(("path", "position"), [("lib/a.py", 3), ("lib/big.so", 2_999_999), ("run", 5)])
def test_a_flipped_byte_is_found_although_size_and_mtime_are_the_same(
    entry: Path, path: str, position: int, settled: bool
) -> None:
    if settled:
        settle(entry)
    flip(entry / path, position)
    damage = check(entry)
    assert str(damage) == f"{path} has changed"


def test_an_unchanged_file_is_not_read_again(entry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settle(entry)
    read: list[str] = []
    monkeypatch.setattr("castiron_common.seal.sha256_file", lambda path: read.append(path.name) or "")
    assert check(entry) is None
    assert read == []
    (entry / "lib" / "a.py").touch()
    assert str(check(entry)) == "lib/a.py has changed"
    assert read == ["a.py"]


def test_everything_is_read_when_asked_for(entry: Path) -> None:
    settle(entry)
    # As a failing medium would: other content, the same status.
    (checked_path(entry)).write_bytes(checked_path(entry).read_bytes())
    flip(entry / "lib" / "big.so", 1000)
    assert str(check(entry, everything=True)) == "lib/big.so has changed"


@pytest.mark.parametrize("settled", [False, True])
def test_other_damage_has_its_words(entry: Path, settled: bool) -> None:
    if settled:
        settle(entry)
    (entry / "lib" / "new.py").write_text("")
    assert str(check(entry)) == "lib/new.py is no part of it"
    (entry / "lib" / "new.py").unlink()
    (entry / "run").chmod(0o644)
    assert str(check(entry)) == "run is of another kind, or has other permissions"
    (entry / "run").chmod(0o755)
    (entry / "link").unlink()
    assert str(check(entry)) == "link is missing"
    (entry / "link").symlink_to("run")
    assert str(check(entry)) == "link has changed"


def test_bytecode_that_python_added_is_removed_and_no_damage(entry: Path) -> None:
    (entry / "lib" / "__pycache__").mkdir()
    (entry / "lib" / "__pycache__" / "a.cpython-313.pyc").write_bytes(b"anything")
    assert check(entry) is None
    assert not list(entry.rglob("*.pyc"))


@pytest.mark.parametrize("position", [0, 20, 90, 200, -2])
def test_a_damaged_seal_vouches_for_nothing(entry: Path, position: int) -> None:
    settle(entry)
    flip(seal_path(entry), position)
    assert check(entry) is not None
    assert read_seal(entry) is None


@pytest.mark.parametrize("position", [0, 70, 200, -2])
def test_a_damaged_note_of_what_was_checked_does_no_harm(entry: Path, position: int) -> None:
    settle(entry)
    flip(checked_path(entry), position)
    assert check(entry) is None
    flip(entry / "lib" / "a.py")
    assert str(check(entry)) == "lib/a.py has changed"


def test_a_damaged_entry_is_made_again_and_that_is_told(entry: Path, caplog: pytest.LogCaptureFixture) -> None:
    flip(entry / "lib" / "a.py")
    with caplog.at_level(logging.WARNING):
        folder_entry(entry, build)
    assert f"{entry} in the cache is damaged (lib/a.py has changed); it is made again" in caplog.text
    assert (entry / "lib" / "a.py").read_text() == "a = 1\n"
    forget()
    assert usable(entry)


def test_a_costly_entry_is_refused_by_name(entry: Path) -> None:
    flip(entry / "lib" / "a.py")
    with pytest.raises(RuntimePackError, match=r"entry in the cache is damaged: lib/a\.py has changed") as caught:
        folder_entry(entry, build, costly=True)
    assert "castiron cache verify --repair" in caught.value.hint
    assert entry.is_dir(), "whoever wants to know what happened can still look"


def test_an_entry_without_a_seal_is_made_again(entry: Path) -> None:
    # An end between the two renames leaves one.
    seal_path(entry).unlink()
    (entry / "lib" / "a.py").write_text("half")
    folder_entry(entry, build, costly=True)
    assert (entry / "lib" / "a.py").read_text() == "a = 1\n"


def test_a_damaged_file_is_made_again(tmp_path: Path) -> None:
    file = file_entry(tmp_path / "file", lambda making: making.write_bytes(b"right") and None)
    forget()
    flip(file)
    assert not usable(file)
    assert file_entry(file, lambda making: making.write_bytes(b"right") and None).read_bytes() == b"right"


def test_a_use_is_marked(entry: Path) -> None:
    os.utime(seal_path(entry), (1000, 1000))
    assert usable(entry)
    assert seal_path(entry).stat().st_mtime > time.time() - 60
