"""zig's library at one place for all environments."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from castiron_common.errors import HostToolError
from castiron_runtime.zig import Zig
from castiron_wheels import zig_library
from castiron_wheels.zig_library import zig_variables


def installed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Pretend that zig is installed in ``folder``; return a file of its library."""
    file = folder / "lib" / "libcxx" / "include" / "vector"
    file.parent.mkdir(parents=True)
    file.write_text("#pragma once\n")
    monkeypatch.setattr(zig_library, "find_zig", lambda: Zig(program=folder / "zig", version="0.17.1"))
    return file


def test_a_second_environment_has_the_files_of_the_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = installed(tmp_path / "first", monkeypatch)
    cache = tmp_path / "cache"
    variables = zig_variables(cache)
    shared = Path(variables["ZIG_LIB_DIR"], "libcxx", "include", "vector")
    assert shared.stat().st_ino == first.stat().st_ino
    assert variables["ZIG_GLOBAL_CACHE_DIR"] == variables["ZIG_LOCAL_CACHE_DIR"] == str(cache / "zig")
    shutil.rmtree(tmp_path / "first")
    installed(tmp_path / "second", monkeypatch)
    before = shared.stat().st_ino
    assert zig_variables(cache) == variables
    assert shared.stat().st_ino == before


def test_on_another_file_system_files_are_copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = installed(tmp_path / "first", monkeypatch)

    def refuse(source: str, target: str) -> None:
        raise OSError(18, "Invalid cross-device link", source, None, target)

    monkeypatch.setattr(os, "link", refuse)
    shared = Path(zig_variables(tmp_path / "cache")["ZIG_LIB_DIR"], "libcxx", "include", "vector")
    assert shared.read_bytes() == file.read_bytes()
    assert shared.stat().st_ino != file.stat().st_ino


def test_without_zig_it_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("castiron_runtime.zig.util.find_spec", lambda _: None)
    with pytest.raises(HostToolError, match="ziglang"):
        zig_variables(tmp_path)
