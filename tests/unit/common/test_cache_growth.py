"""When the cache is measured again."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import pytest

from castiron_common import cache, cache_content, cache_growth, sessions
from castiron_common.cache import cache_root, folder_entry
from castiron_common.seal import seal_path

if TYPE_CHECKING:
    from pathlib import Path

MEGABYTE = 1_000_000


def test_a_cache_that_was_never_measured_may_be_too_large(tmp_path: Path) -> None:
    assert cache_growth.may_exceed(tmp_path, 10, 0)


def test_what_was_added_since_counts_with_what_is_unseen(tmp_path: Path) -> None:
    cache_growth.record(tmp_path, 100)
    assert not cache_growth.may_exceed(tmp_path, 100, 0)
    assert not cache_growth.may_exceed(tmp_path, 140, 10)
    cache_growth.add(tmp_path, 10)
    assert not cache_growth.may_exceed(tmp_path, 140, 0)
    assert cache_growth.may_exceed(tmp_path, 140, 1)
    cache_growth.record(tmp_path, 110)
    assert not cache_growth.may_exceed(tmp_path, 140, 1)


def test_a_limit_below_the_last_measurement(tmp_path: Path) -> None:
    cache_growth.record(tmp_path, 100)
    assert cache_growth.may_exceed(tmp_path, 99, 0)


@pytest.mark.parametrize("seconds", [cache_growth.VALID + 5, -5])
def test_a_measurement_of_long_ago_or_of_the_future_does_not_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    cache_growth.record(tmp_path, 100)
    now = time.time()
    monkeypatch.setattr(time, "time", lambda: now + seconds)
    assert cache_growth.may_exceed(tmp_path, 1000, 0)


@pytest.mark.parametrize("data", [b"", b"x\n", b"1 2 3\n", b"100 5\nmany\n"])
def test_what_cannot_be_read_is_measured_again(tmp_path: Path, data: bytes) -> None:
    (tmp_path / cache_growth.FILE).write_bytes(data)
    assert cache_growth.may_exceed(tmp_path, 1000, 0)


def test_the_cache_is_walked_only_if_it_may_be_too_large(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path))
    monkeypatch.setenv("CASTIRON_CACHE_SIZE", "9.5MB")
    monkeypatch.setattr(cache, "_intact", set())
    sessions.begin.cache_clear()
    walks = []
    measure = cache_content.size
    monkeypatch.setattr(cache_content, "size", lambda root: walks.append(root) or measure(root))

    def add(name: str) -> cache_content.Pruned | None:
        entry = folder_entry(
            cache_root() / "components" / name, lambda folder: (folder / "file").write_bytes(bytes(MEGABYTE)) and None
        )
        os.utime(seal_path(entry), (1000.0, 1000.0))
        return cache_content.keep_below_bound([entry])

    counts, removed = [], []
    for name in "abcdefghijk":
        removed.append(add(name) is not None)
        counts.append(len(walks))
    # 1 MB is measured; 1 + 4 x 2 is not more than 9.5, 1 + 4 x 3 is.
    assert counts[:4] == [1, 1, 1, 2]
    assert removed.count(True) == 1
    assert measure(cache_root()) <= 9.5 * MEGABYTE
