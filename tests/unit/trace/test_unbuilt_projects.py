"""A project that is read as sources has no metadata: `trace` says so where its code reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.trace.test_own_files import traced

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython

PROJECT = """
[build-system]
requires = ["setuptools"]
[project]
name = "My.Shop"
version = "1"
"""
POINTS = """
[project.entry-points."shop.goods"]
a = "goods:make"
"""
NOTE = (
    "__main__ may read the metadata of My.Shop (its version ...), which only a built project has: --with . "
    "builds the one in this folder"
)


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("from importlib.metadata import version\nprint(version('my-shop'))", True),
        ("from importlib import metadata\nprint(metadata.version('my_shop'))", True),
        ("import importlib.metadata as m\nprint(m.version(__package__))", True),
        ("import json\nNAME = 'my-shop'", False),
    ],
)
def test_an_application_that_reads_its_own_metadata(
    source: str, told: bool, tmp_path: Path, python: TargetPython
) -> None:
    outcome = traced(tmp_path, python, {"app.py": source, "goods.py": "", "pyproject.toml": PROJECT})
    assert [note for note in outcome.notes if "metadata" in note] == ([NOTE] if told else [])


@pytest.mark.parametrize(
    "changed",
    [
        {"pyproject.toml": PROJECT.replace("[build-system]", "[tool.other]")},
        {"My_Shop.egg-info": "Metadata-Version: 2.1\nName: My.Shop\nVersion: 1\n"},
    ],
    ids=["installed nowhere", "metadata beside it"],
)
def test_nothing_is_missing(changed: dict[str, str], tmp_path: Path, python: TargetPython) -> None:
    source = "from importlib.metadata import version\nprint(version('my-shop'))"
    outcome = traced(tmp_path, python, {"app.py": source, "pyproject.toml": PROJECT, **changed})
    assert [note for note in outcome.notes if "metadata" in note] == []


def test_entry_points_of_its_own_are_told_whoever_loads_them(tmp_path: Path, python: TargetPython) -> None:
    outcome = traced(tmp_path, python, {"app.py": "", "goods.py": "", "pyproject.toml": PROJECT + POINTS})
    (note,) = [note for note in outcome.notes if "entry points" in note]
    assert note == (
        "entry points of My.Shop (shop.goods) are not included, as only a built project has them: --with . builds the "
        "one in this folder"
    )
