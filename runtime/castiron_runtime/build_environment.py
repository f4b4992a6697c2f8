"""The environment of every program that a build calls."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.working import temporary_folder

if TYPE_CHECKING:
    from collections.abc import Mapping


def clean_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Return the environment of a build: nothing of the caller's but PATH, so that his flags change no byte."""
    zig_cache = str(cache_root() / "zig")
    environment = {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "TZ": "UTC",
        "TMPDIR": str(temporary_folder()),
        # 1980-01-01: the first day zip files know; __DATE__ and __TIME__ become this.
        "SOURCE_DATE_EPOCH": "315532800",
        "ZIG_GLOBAL_CACHE_DIR": zig_cache,
        "ZIG_LOCAL_CACHE_DIR": zig_cache,
    }
    return environment | dict(extra or {})
