from __future__ import annotations

import importlib.metadata
import sys
from typing import TYPE_CHECKING

import pytest

from castiron_common.versions import installed_version

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("name", ["castiron", "ziglang", "license-expression", "ahocorasick_rs", "Rich"])
def test_it_is_what_the_metadata_say(name: str) -> None:
    assert installed_version(name) == importlib.metadata.version(name)


def test_the_first_on_the_path_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder, version in (("one", "1.0"), ("two", "2.0")):
        (tmp_path / folder / f"Some_Thing-{version}.dist-info").mkdir(parents=True)
        monkeypatch.syspath_prepend(tmp_path / folder)
    assert installed_version("some.thing") == "2.0"


def test_what_is_described_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "old_thing.egg-info").mkdir()
    (tmp_path / "old_thing.egg-info" / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: old-thing\nVersion: 0.9\n")
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "is not there"), *sys.path])
    assert installed_version("old-thing") == "0.9"


def test_what_is_not_installed() -> None:
    with pytest.raises(importlib.metadata.PackageNotFoundError):
        installed_version("no-such-thing")
