"""What was found in a text is kept in the cache: the same as what would be found anew, and never what is damaged."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_audit.license_rules import kept
from castiron_audit.license_rules.kept import decode, encode, licenses_of
from castiron_audit.license_rules.licenses import find_licenses
from castiron_audit.spdx_list import license_text
from castiron_common import cache

if TYPE_CHECKING:
    from pathlib import Path

TEXT = f"Copyright (c) 2026 A. Author\n\n{license_text('MIT')}\n\nor under the Apache License, Version 2.0\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path))
    licenses_of.cache_clear()
    return tmp_path


def as_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    licenses_of.cache_clear()
    monkeypatch.setattr(cache, "_intact", set())


def entries(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("licenses/*/*/*") if len(path.name) == 64]


def test_a_text_is_looked_at_once(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = licenses_of(TEXT)
    assert found == find_licenses(TEXT)
    assert {item.expression for item in found.found} == {"MIT", "Apache-2.0"}
    assert len(entries(own_cache)) == 1
    as_another_process(monkeypatch)
    monkeypatch.setattr(kept, "find_licenses", None)  # looking again would be an error
    assert licenses_of(TEXT) == found


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b'{"found": [["MIT"]], "words": 1, "open_words": 0}', b"\xff"])
def test_what_is_damaged_is_found_anew(own_cache: Path, monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    found = licenses_of(TEXT)
    (entry,) = entries(own_cache)
    entry.write_bytes(content)
    licenses_of.cache_clear()  # in this process, which has looked at the seal already
    assert licenses_of(TEXT) == found
    entry.write_bytes(content)
    as_another_process(monkeypatch)
    assert licenses_of(TEXT) == found
    assert decode(entry.read_bytes()) == found


def test_other_rules_have_other_entries(own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    licenses_of(TEXT)
    licenses_of.cache_clear()
    monkeypatch.setattr(kept, "_rules_key", lambda: "other")
    licenses_of(TEXT)
    assert {entry.parts[-3] for entry in entries(own_cache)} > {"other"}


def test_any_text_has_a_name() -> None:
    assert licenses_of("\udcff under the MIT License") == decode(encode(find_licenses("\udcff under the MIT License")))
