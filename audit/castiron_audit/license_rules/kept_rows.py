"""The file that keeps what was found in texts: one that looks at many opens it once, and writes what is new at the end.

To open it and to write takes as long as to look at a short text.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.row_cache import RowCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_OPEN: ContextVar[KeptRows | None] = ContextVar("kept rows", default=None)


class KeptRows:
    """What was found in texts before and what is found now, by keys."""

    def __init__(self, opened: Callable[[], RowCache]) -> None:
        self._opened = opened
        self._cache: RowCache | None = None
        self._made: dict[str, tuple[str | None, bytes]] = {}

    def get(self, key: str) -> bytes | None:
        """Return what is kept under ``key``.  Raises `OutputError` if the cache cannot be written."""
        if self._cache is None:
            self._cache = self._opened()
        row = self._cache.get([key]).get(key)
        return None if row is None else row[1]

    def add(self, key: str, data: bytes) -> None:
        """Keep ``data`` under ``key`` when the context ends."""
        self._made[key] = (None, data)

    def write(self) -> None:
        """Keep what was added."""
        if self._cache is not None and self._made:
            self._cache.put(self._made)


@contextmanager
def kept_rows() -> Iterator[KeptRows]:
    """Give the rows; within another such context they are those of that one, which writes them when it ends."""
    if (outer := _OPEN.get()) is not None:
        yield outer
        return
    with ExitStack() as stack:
        rows = KeptRows(lambda: stack.enter_context(RowCache(cache_root() / "audit" / "licenses.sqlite")))
        token = _OPEN.set(rows)
        try:
            yield rows
        finally:
            _OPEN.reset(token)
            rows.write()
