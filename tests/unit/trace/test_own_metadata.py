"""Metadata of distributions in the application's folders: what is found, its names, and what its groups bring."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_trace.analyser.own_metadata import own_metadata
from tests.unit.trace.making import write
from tests.unit.trace.test_own_files import data, traced
from tests.unit.trace.tracing import own

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython
    from tests.unit.trace.tracing import Tracer

INFO = "Metadata-Version: 1.1\nName: My-Thing\nVersion: 0.5\n"


@pytest.mark.parametrize(
    ("folder", "files", "found"),
    [
        ("0a1b2c", {"EGG-INFO/PKG-INFO": INFO, "EGG-INFO/x/y.txt": ""}, ["My_Thing-0.5.egg-info"]),
        ("other-2-py3.13.egg", {"EGG-INFO/PKG-INFO": INFO}, ["other-2-py3.13.egg-info"]),
        ("x.egg", {"EGG-INFO/SOURCES.txt": ""}, []),
        ("x", {"a-1.egg-info": INFO, "b.egg-info/PKG-INFO": INFO}, ["a-1.egg-info", "b.egg-info"]),
        ("x", {"a-1.dist-info/METADATA": INFO, "b.dist-info": "a file"}, ["a-1.dist-info"]),
        ("x", {"sub/a-1.dist-info/METADATA": INFO}, []),
    ],
)
def test_what_is_metadata(tmp_path: Path, folder: str, files: dict[str, str], found: list[str]) -> None:
    assert [item.place for item in own_metadata([write(tmp_path / folder, files), tmp_path / "none"])] == found


def test_files_of_a_folder_without_those_of_one_installation(tmp_path: Path) -> None:
    write(tmp_path, {"a-1.dist-info/METADATA": INFO, "a-1.dist-info/direct_url.json": "{}", "a-1.dist-info/l/x": ""})
    (item,) = own_metadata([tmp_path])
    assert [name for name, _ in item.files()] == ["a-1.dist-info/METADATA", "a-1.dist-info/l/x"]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import importlib.metadata", {"my.egg-info/PKG-INFO", "single-1.egg-info"}),
        ("import json", set()),
    ],
)
def test_metadata_go_in_where_they_are_read(
    tmp_path: Path, python: TargetPython, source: str, expected: set[str]
) -> None:
    egg = write(tmp_path / "my.egg", {"EGG-INFO/PKG-INFO": INFO})
    outcome = traced(tmp_path, python, {"app.py": source, "single-1.egg-info": INFO}, paths=(egg,))
    assert data(outcome) == expected


def test_entry_points_in_the_applications_folders_bring_their_modules(tracer: Tracer) -> None:
    source = "from importlib.metadata import entry_points\nfor point in entry_points(group='shop.goods'): point.load()"
    points = "[shop.goods]\na = deep.goods:make\nb = nowhere:make\n[shop.other]\nc = other:make\n"
    files = {"app.py": source, "deep/goods.py": "", "other.py": "", "x.egg-info/entry_points.txt": points}
    assert own(tracer(files)) == {"__main__", "deep", "deep.goods"}
