"""What was found in a text is kept in the cache: the same as what would be found anew, and never what is damaged."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from castiron_audit.license_rules import kept
from castiron_audit.license_rules.kept import decode, encode, licenses_of
from castiron_audit.license_rules.licenses import find_licenses
from castiron_audit.spdx_list import license_text
from castiron_common.row_cache import RowCache

if TYPE_CHECKING:
    from pathlib import Path

TEXT = f"Copyright (c) 2026 A. Author\n\n{license_text('MIT')}\n\nor under the Apache License, Version 2.0\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path))
    licenses_of.cache_clear()
    return tmp_path


def keys(folder: Path) -> list[str]:
    with closing(sqlite3.connect(file(folder))) as connection:
        return [key for (key,) in connection.execute("SELECT key FROM results ORDER BY key")]


def file(folder: Path) -> Path:
    (found,) = folder.rglob("licenses.sqlite")
    return found


def test_a_text_is_looked_at_once(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = licenses_of(TEXT)
    assert found == find_licenses(TEXT)
    assert {item.expression for item in found.found} == {"MIT", "Apache-2.0"}
    assert len(keys(own_cache)) == 1
    licenses_of.cache_clear()  # as another process
    monkeypatch.setattr(kept, "find_licenses", None)  # looking again would be an error
    assert licenses_of(TEXT) == found


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"found": [["MIT"]], "words": 1, "open_words": 0}', b"\xff"])
def test_what_is_damaged_is_found_anew(own_cache: Path, content: bytes) -> None:
    found = licenses_of(TEXT)
    (key,) = keys(own_cache)
    with RowCache(file(own_cache)) as cached:
        cached.put({key: (None, content)})
    licenses_of.cache_clear()
    assert licenses_of(TEXT) == found
    with RowCache(file(own_cache)) as cached:
        assert decode(cached.get([key])[key][1]) == found


def test_a_damaged_file_is_made_again(own_cache: Path) -> None:
    found = licenses_of(TEXT)
    file(own_cache).write_bytes(b"no database" * 1000)
    licenses_of.cache_clear()
    assert licenses_of(TEXT) == found
    assert len(keys(own_cache)) == 1


def test_other_rules_have_other_entries(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    licenses_of(TEXT)
    licenses_of.cache_clear()
    monkeypatch.setattr(kept, "_rules_key", lambda: "other")
    licenses_of(TEXT)
    assert [key.startswith("other:") for key in keys(own_cache)].count(True) == 1
    assert len(keys(own_cache)) == 2


def test_any_text_has_a_name() -> None:
    assert licenses_of("\udcff under the MIT License") == decode(encode(find_licenses("\udcff under the MIT License")))
