"""Seals: what a cache entry, a file or a folder, consisted of when it was made, and whether it still does.

Beside an entry stands ``<entry>.seal``: the SHA-256 and the executable bit of each of its files, behind a hash of the
seal itself.  ``<entry>.checked`` holds what stat(2) said of each file when its content was last compared with the seal.
A file whose inode, size and times are still those is not read again: its ctime changes with every write to it, and no
ordinary means set it back.  What a medium does by itself changes no time; `verify` reads everything.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_common.files import sha256_bytes, sha256_file

if TYPE_CHECKING:
    from collections.abc import Iterator

SUFFIX = ".seal"
CHECKED = ".checked"
_FORMAT = "castiron-seal-1"
_SMALL = 1 << 20
"""Bytes; a single file up to this size is read whenever it is used."""
_SETTLED = 50_000_000
"""Nanoseconds.  A file that changed less than this ago may change again without another ctime: clocks of file systems
tick every 1 to 10 ms.  The same problem as Git's "racy" index entries."""
_DERIVED = "__pycache__/"
"""In the paths of files that Python makes by itself where it finds a folder writable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What an entry consists of."""

    files: dict[str, tuple[str, str]]
    """Path in the entry (empty for an entry that is a file) to (kind, SHA-256 of the content or of a link's target)."""
    size: int
    """Bytes that would be free without the entry: files that it shares with others do not count."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What is wrong with an entry."""

    path: str
    """In the entry; empty for the entry as a whole."""
    reason: str

    def __str__(self) -> str:
        """For messages: ``lib/os.py has changed``."""
        return f"{self.path} {self.reason}".strip()


def seal_path(entry: Path) -> Path:
    """Return the file that holds an entry's seal."""
    return entry.with_name(entry.name + SUFFIX)


def checked_path(entry: Path) -> Path:
    """Return the file that tells which state of the entry's files was compared with the seal."""
    return entry.with_name(entry.name + CHECKED)


def write_seal(content: Path, entry: Path) -> None:
    """Write the seal of ``entry``, whose content is for now at ``content``, beside which it is written first."""
    files, size = {}, 0
    for path, status, full in _walk(content):
        files[path] = (_kind(status.st_mode), _digest(full, status))
        size += status.st_size if status.st_nlink == 1 else 0
    body = json.dumps({"size": size, "files": files}, separators=(",", ":"), sort_keys=True).encode()
    checked_path(entry).unlink(missing_ok=True)
    making = seal_path(content)
    making.write_bytes(f"{_FORMAT} {sha256_bytes(body)}\n".encode() + body)
    making.replace(seal_path(entry))


def read_seal(entry: Path) -> Seal | None:
    """Return an entry's seal; None if it has none or one that is itself damaged."""
    data = _sealed_bytes(entry)
    return None if data is None else _parse(data)


def check(entry: Path, *, everything: bool = False) -> Damage | None:
    """Compare an entry with its seal; with ``everything`` read also files that have not changed since the last time."""
    data = _sealed_bytes(entry)
    if data is None:
        return Damage("", "has no valid list of its content")
    seal: Seal | None = None
    try:
        found = list(_walk(entry))
        if any(_DERIVED in path for path, _, _ in found):
            seal = _parse(data)
            found = _without_derived(found, seal)
    except OSError as error:
        return Damage("", f"cannot be read ({error.strerror or error})")
    rows = {path: _row(status) for path, status, _ in found}
    state = f"{sha256_bytes(data)}\n".encode() + json.dumps(rows, separators=(",", ":"), sort_keys=True).encode()
    small = len(found) == 1 and not found[0][0] and found[0][1].st_size <= _SMALL
    known = b"" if everything or small else _read(checked_path(entry))
    if known == state:
        return None
    now = time.time_ns()
    damage = _compare(found, seal or _parse(data), {} if everything or small else _known_rows(known, data))
    settled = all(status.st_ctime_ns < now - _SETTLED for _, status, _ in found)
    if damage is None and settled and not small:
        _note(checked_path(entry), state)
    return damage


def _without_derived(found: list[tuple[str, os.stat_result, str]], seal: Seal) -> list[tuple[str, os.stat_result, str]]:
    """Remove bytecode that was not there when the entry was made: nobody knows whether it is intact."""
    kept = []
    for path, status, full in found:
        if _DERIVED in path and path not in seal.files:
            Path(full).unlink(missing_ok=True)
        else:
            kept.append((path, status, full))
    return kept


def _compare(found: list[tuple[str, os.stat_result, str]], seal: Seal, known: dict[str, list[Any]]) -> Damage | None:
    missing = set(seal.files)
    for path, status, full in found:
        sealed = seal.files.get(path)
        if sealed is None:
            return Damage(path, "is no part of it")
        missing.discard(path)
        if known.get(path) == _row(status):
            continue
        if _kind(status.st_mode) != sealed[0]:
            return Damage(path, "is of another kind, or has other permissions")
        try:
            if _digest(full, status) != sealed[1]:
                return Damage(path, "has changed")
        except OSError as error:
            return Damage(path, f"cannot be read ({error.strerror or error})")
    return Damage(min(missing), "is missing") if missing else None


def _walk(top: Path) -> Iterator[tuple[str, os.stat_result, str]]:
    """Yield (path in the entry, status, full path) of every file and link, sorted within each folder."""
    status = os.lstat(top)
    if not stat.S_ISDIR(status.st_mode) and not (stat.S_ISLNK(status.st_mode) and top.is_dir()):
        yield "", status, os.fspath(top)
        return
    waiting = [("", os.fspath(top))]
    while waiting:
        prefix, folder = waiting.pop()
        with os.scandir(folder) as items:
            for item in sorted(items, key=lambda item: item.name):
                if not item.is_dir(follow_symlinks=False):
                    yield prefix + item.name, item.stat(follow_symlinks=False), item.path
                else:
                    waiting.append((f"{prefix}{item.name}/", item.path))


def _kind(mode: int) -> str:
    if stat.S_ISLNK(mode):
        return "link"
    if not stat.S_ISREG(mode):
        return "special"
    return "program" if mode & 0o100 else "file"


def _row(status: os.stat_result) -> list[int]:
    return [status.st_ino, status.st_mode, status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _digest(path: str, status: os.stat_result) -> str:
    if stat.S_ISLNK(status.st_mode):
        return sha256_bytes(os.fsencode(Path(path).readlink()))
    return sha256_file(Path(path)) if stat.S_ISREG(status.st_mode) else ""


def _sealed_bytes(entry: Path) -> bytes | None:
    """Return the body of the entry's seal, if it has the hash that stands before it."""
    head, _, body = _read(seal_path(entry)).partition(b"\n")
    return body if head == f"{_FORMAT} {hashlib.sha256(body).hexdigest()}".encode() else None


def _parse(data: bytes) -> Seal:
    values = json.loads(data)
    return Seal(files={path: (kind, digest) for path, (kind, digest) in values["files"].items()}, size=values["size"])


def _known_rows(known: bytes, sealed: bytes) -> dict[str, list[Any]]:
    head, _, body = known.partition(b"\n")
    if head != sha256_bytes(sealed).encode():
        return {}
    try:
        rows = json.loads(body)
    except ValueError:
        return {}
    return rows if isinstance(rows, dict) else {}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _note(path: Path, data: bytes) -> None:
    """Write what was checked.  A torn note, of an interrupted process or of two at once, only makes files be read."""
    try:
        path.write_bytes(data)
    except OSError:
        return  # a full disk, or somebody else's cache: the files are read again the next time
