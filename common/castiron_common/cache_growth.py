"""What was added to the cache since it was last measured, so that not every command walks all of it.

``<cache>/measured`` says in its first line how large the cache was, in bytes, and when, in seconds since 1970.  Each
command that adds something appends a line with its bytes: one write(2) at the end of the file, which needs no lock.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from castiron_common.files import atomic_write

if TYPE_CHECKING:
    from pathlib import Path

FILE = "measured"

VALID = 3600.0
"""Seconds for which a measurement counts."""
_UNSEEN = 4
"""Tools that commands start (uv, the compiler) fill caches of their own: for each byte that we know of, there may be
three more."""


def record(root: Path, size: int) -> None:
    """Write down how many bytes the cache has now."""
    root.mkdir(parents=True, exist_ok=True)
    with atomic_write(root / FILE, sync=False) as file:
        file.write(b"%d %d\n" % (size, time.time()))


def add(root: Path, size: int) -> None:
    """Write down that a command has added so many bytes; the cache was measured before."""
    with (root / FILE).open("ab", buffering=0) as file:
        file.write(b"%d\n" % size)


def may_exceed(root: Path, limit: int, added: int) -> bool:
    """Say whether the cache may have more than ``limit`` bytes by now, with the ``added`` that are not written down.

    So it may if it was not measured within the last hour, and if what is written down cannot be read.
    """
    try:
        first, *lines = (root / FILE).read_bytes().splitlines()
        size, at = map(int, first.split())
        growth = added + sum(map(int, lines))
    except (FileNotFoundError, ValueError):
        return True
    return not 0 <= time.time() - at < VALID or size + _UNSEEN * growth > limit
