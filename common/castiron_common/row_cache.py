"""A cache of many small results: one SQLite file, so that those of thousands of modules are one open and one query."""

from __future__ import annotations

import contextlib
import hashlib
import sqlite3
from typing import TYPE_CHECKING, Self

from castiron_common.errors import OutputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path
    from types import TracebackType

_SCHEMA = """CREATE TABLE IF NOT EXISTS results
(key TEXT PRIMARY KEY, error TEXT, data BLOB NOT NULL, sha256 BLOB NOT NULL)"""
"""With row numbers: without them the data would lie in the tree that is searched by the keys, and reading many results
would take four times as long.  Source: "Clustered Indexes and the WITHOUT ROWID Optimization" of SQLite's manual, which
advises it for small rows.  A file that has another layout works, too.
"""
_BATCH = 500
"""Keys in one query; SQLite's oldest limit on variables is 999."""


class RowCache:
    """Maps keys to (error or None, data).

    Safe against concurrent use and interruption.  Each row carries its hash, and one that does not fit is not there; a
    damaged file is made again.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None

    def __enter__(self) -> Self:
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = self._open()
        except OSError as error:
            raise OutputError(
                f"The cache folder {self._path.parent} cannot be written: {error.strerror or error}.",
                hint="Make it writable, or set CASTIRON_CACHE to a folder that is.",
            ) from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._connection is not None:
            self._connection.close()

    def get(self, keys: Sequence[str]) -> dict[str, tuple[str | None, bytes]]:
        """Return what is there of ``keys``."""
        rows: dict[str, tuple[str | None, bytes]] = {}
        if self._connection is None:
            return rows
        # Damage is no reason to fail: whatever cannot be read is made again.
        with contextlib.suppress(sqlite3.DatabaseError):
            for start in range(0, len(keys), _BATCH):
                batch = keys[start : start + _BATCH]
                marks = ",".join("?" * len(batch))
                query = f"SELECT key, error, data, sha256 FROM results WHERE key IN ({marks})"
                for key, error, data, sha256 in self._connection.execute(query, batch):
                    if _hash(key, error, data) == sha256:
                        rows[key] = (error, data)
        return rows

    def put(self, entries: Mapping[str, tuple[str | None, bytes]]) -> None:
        """Keep ``entries``; a cache that cannot be written (full disk, read-only) keeps nothing and does not fail."""
        if self._connection is None:
            return
        with contextlib.suppress(sqlite3.Error), self._connection:
            self._connection.executemany(
                "INSERT OR REPLACE INTO results VALUES (?, ?, ?, ?)",
                [(key, error, data, _hash(key, error, data)) for key, (error, data) in sorted(entries.items())],
            )

    def _open(self) -> sqlite3.Connection | None:
        for attempt in range(2):
            connection = None
            try:
                connection = sqlite3.connect(self._path, timeout=30)
                # Nobody waits for the disk: what a loss of power damages is made again.
                connection.execute("PRAGMA synchronous = OFF")
                connection.execute(_SCHEMA)
                connection.commit()
            except sqlite3.OperationalError:
                # Read-only folder or file: go without.
                if connection is not None:
                    connection.close()
                return None
            except sqlite3.DatabaseError:
                if connection is not None:
                    connection.close()
                if attempt == 0:
                    self._path.unlink(missing_ok=True)
                    continue
                return None
            else:
                return connection
        return None


def _hash(key: object, error: object, data: object) -> bytes:
    """Return the hash of a row; of one whose values are of other types than we wrote, one that fits nothing."""
    if not isinstance(key, str) or not isinstance(error, str | None) or not isinstance(data, bytes):
        return b""
    digest = hashlib.sha256(f"{key}\0{error!r}\0".encode("utf-8", "surrogatepass"))
    digest.update(data)
    return digest.digest()
