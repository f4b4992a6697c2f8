"""Fixtures of the tests of distributions."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_runtime.zig import Zig
from castiron_wheels import zig_library
from castiron_wheels.tags import with_wheels
from tests.support.targets import TARGET, target_for
from tests.unit.wheels.indexes import Index

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_common.target import PythonTarget


@pytest.fixture
def target() -> PythonTarget:
    """The default target, with wheels for its own C library alone."""
    return replace(target_for(), target=with_wheels(TARGET, TARGET.libc.name))


@pytest.fixture
def any_target() -> PythonTarget:
    """The default target, with wheels for any C library that can be absorbed."""
    return target_for()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own, where builds compile nothing: 20,000 files of zig's are not linked into it."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CASTIRON_CACHE", str(folder))
    library = tmp_path / "zig" / "lib"
    library.mkdir(parents=True)
    (library / "readme").write_text("No compiler.\n")
    monkeypatch.setattr(zig_library, "find_zig", lambda: Zig(program=library.with_name("zig"), version="0"))
    return folder


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cache: Path) -> Iterator[Index]:
    """An empty package index, the only one that uv knows, with an empty cache of uv's."""
    for name in [name for name in os.environ if name.startswith(("UV_", "PIP_"))]:
        monkeypatch.delenv(name)
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    with Index(tmp_path / "index") as served:
        monkeypatch.setenv("UV_DEFAULT_INDEX", served.url)
        monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "uv"))
        monkeypatch.setenv("UV_NO_CONFIG", "1")
        yield served
