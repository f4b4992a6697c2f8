"""Packages of npm by texts that they need to work."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_audit.script_marks import NAME, marked_packages
from castiron_audit.tables import table
from tests.unit.audit.test_detection import detect_in, write

if TYPE_CHECKING:
    from pathlib import Path

ROWS = table(NAME)["mark"]


def test_each_row_is_of_one_package_and_says_where_its_texts_were_read() -> None:
    assert len(ROWS) > 100
    assert len({frozenset(row["texts"]) for row in ROWS}) == len(ROWS)
    for row in ROWS:
        assert row.keys() == {"package", "texts", "from"}
        assert all(len(text) >= 6 for text in row["texts"] if len(row["texts"]) == 1)
        assert row["from"].endswith(" (npm)")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['package']}-{row['texts'][0]}")
def test_all_texts_of_a_row_show_its_package_and_no_other(row: dict[str, list[str]]) -> None:
    script = b"!" + b'"),a=("'.join(text.encode() for text in row["texts"]) + b"!"
    assert [package.name for package in marked_packages(script)] == [row["package"]]


def test_a_part_of_a_row_shows_nothing() -> None:
    assert marked_packages(b'x="dataUpdateCount";y="errorUpdateCount"') == ()


def test_what_a_bundle_shows_is_reported_with_its_license(tmp_path: Path) -> None:
    text = '(()=>{var n=e("__lodash_hash_undefined__");t.type="@@redux/INIT"+r,"@@redux/REPLACE"})()'
    found = detect_in(tmp_path, write(tmp_path, "d/static/main.4f2a.js", text)).components
    assert {item.name: item.verdict.expression for item in found} == {"lodash": "MIT", "redux": "MIT"}
