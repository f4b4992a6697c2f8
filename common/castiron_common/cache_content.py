"""What is in the cache: how much, whether it is intact, and what goes first when it is too much."""

from __future__ import annotations

import os
import re
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common import cache_growth, sessions, shared_files
from castiron_common.cache import LAYOUT, cache_base, cache_root, discard, locked
from castiron_common.errors import UsageError
from castiron_common.seal import SUFFIX, Damage, check, read_seal, seal_path

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

DEFAULT_SIZE = 10 * 10**9
"""Bytes that the cache may have."""

_TOOLS = {
    "apt": "package lists, signed by Debian",
    "audit": "what is in distributions, and under which licenses",
    "link": "bytecode of modules",
    "logs": "logs of builds",
    "scans": "what modules import",
    "uv": "uv's own cache",
    "zig": "the compiler's own cache",
}
"""Folders without seals, removed as a whole.  What they hold is checked by whoever wrote it."""

_NOT_COUNTED = frozenset({"sessions", "running", "work", shared_files.FOLDER})
"""Folders that running commands look after, and the store, whose files belong to entries."""

_UNITS = {"": 1, "K": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([KMGT]?)(?:i?B)?", re.IGNORECASE)
_AGE = re.compile(r"(\d+)\s*([hdw])")
_SECONDS = {"h": 3600, "d": 24 * 3600, "w": 7 * 24 * 3600}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Something in the cache that can be removed on its own."""

    path: Path
    kind: str
    """The folder of the cache that it is in."""
    size: int
    """Bytes, without what is in the store."""
    used: float
    """When it was last used, in seconds since 1970."""
    sealed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed."""

    items: int
    freed: int
    """Bytes."""
    kept: int
    """Bytes of the cache afterwards."""


def parse_size(text: str) -> int:
    """Return the bytes that ``10G``, ``500MB`` or ``0`` mean.  Raises `UsageError`."""
    match = _SIZE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not a size.", hint="Write, for example, 500M or 10G.")
    return int(float(match[1]) * _UNITS[match[2].upper()])


def parse_age(text: str) -> float:
    """Return the seconds that ``12h``, ``30d`` or ``4w`` mean.  Raises `UsageError`."""
    match = _AGE.fullmatch(text.strip())
    if match is None:
        raise UsageError(f"{text!r} is not an age.", hint="Write hours, days or weeks: 12h, 30d, 4w.")
    return int(match[1]) * _SECONDS[match[2]]


def bound() -> int:
    """Return how many bytes the cache may have: ``CASTIRON_CACHE_SIZE``, else 10 GB.  Raises `UsageError`."""
    own = os.environ.get("CASTIRON_CACHE_SIZE", "")
    try:
        return parse_size(own) if own else DEFAULT_SIZE
    except UsageError as error:
        raise UsageError(f"CASTIRON_CACHE_SIZE: {error.what}", hint=error.hint) from error


def items(root: Path) -> list[Item]:
    """Return everything below ``root`` that can be removed on its own, least recently used first."""
    found = []
    for folder in sorted(root.iterdir()) if root.is_dir() else ():
        if folder.name in _NOT_COUNTED or not folder.is_dir():
            continue
        found += list(_sealed(folder, folder.name))
        if folder.name in _TOOLS:
            found.append(_unsealed(folder))
    return sorted(found, key=lambda item: (item.used, item.path))


def size(root: Path) -> int:
    """Return the bytes that the cache takes."""
    return sum(item.size for item in items(root)) + shared_files.store_size(root / shared_files.FOLDER)


def verify(root: Path, *, repair: bool = False) -> Iterator[tuple[Path, Damage | None]]:
    """Read every entry and compare it with its seal; with ``repair`` remove those that are damaged.

    Yields each entry with what is wrong with it.  What has no entry beside its seal, or no seal, is no entry.
    """
    for item in items(root):
        if not item.sealed:
            continue
        damage = check(item.path, everything=True)
        if damage is not None and repair:
            with locked(item.path):
                damage = check(item.path, everything=True)
                if damage is not None:
                    discard(item.path)
        yield item.path, damage


def prune(root: Path, *, unused_since: float | None = None, down_to: int | None = None) -> Pruned:
    """Remove what was not used since then (seconds since 1970), and from the rest until ``down_to`` bytes are left.

    The least recently used goes first.  What was used since the oldest running command began stays.
    """
    store = root / shared_files.FOLDER
    began = sessions.oldest(root)
    total = size(root)
    # The store has many more files than an item: it is gone through before and after all items, not for each.
    freed = shared_files.sweep(store)
    count = expected = 0
    for item in items(root):
        old = unused_since is not None and item.used < unused_since
        over = down_to is not None and total - freed - expected > down_to
        if item.used >= began or not (old or over):
            continue
        shared = shared_files.freed_by(item.path) if _shares(item) else 0
        if _removed(item, began):
            count += 1
            freed += item.size
            expected += shared
    freed += shared_files.sweep(store)
    kept = max(0, total - freed)
    cache_growth.record(root, kept)
    return Pruned(items=count, freed=freed, kept=kept)


def earlier_layouts() -> list[Path]:
    """Return what other versions of Castiron left in the user's cache folder."""
    base = cache_base()
    return sorted(path for path in base.iterdir() if path.name != LAYOUT) if base.is_dir() else []


def remove_earlier_layouts() -> int:
    """Remove that; return how many bytes it was."""
    freed = 0
    for path in earlier_layouts():
        freed += _size_of(path)
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    return freed


def keep_below_bound(made: Collection[Path]) -> Pruned | None:
    """Prune the cache if it is larger than its bound; return what was removed, None if that was not necessary.

    ``made`` are the entries that this command has added.  The cache is measured only if these, and what others added
    since it was last measured, may have made it too large.
    """
    limit = bound()
    root = cache_root()
    added = sum(map(_size_of, made))
    if not cache_growth.may_exceed(root, limit, added):
        cache_growth.add(root, added)
        return None
    if (total := size(root)) <= limit:
        cache_growth.record(root, total)
        return None
    # A little more than necessary, so that not every command has to.
    pruned = prune(root, down_to=limit * 9 // 10)
    return pruned if pruned.items else None


def _sealed(folder: Path, kind: str) -> Iterator[Item]:
    try:
        with os.scandir(folder) as found:
            entries = {item.name: item for item in found}
    except FileNotFoundError:
        return  # another command removes it
    for name, item in sorted(entries.items()):
        if name.endswith(SUFFIX):
            entry = folder / name.removesuffix(SUFFIX)
            seal = read_seal(entry)
            with suppress(FileNotFoundError):
                size = seal.size if seal is not None else _size_of(entry)
                yield Item(path=entry, kind=kind, size=size, used=item.stat().st_mtime, sealed=True)
        elif item.is_dir(follow_symlinks=False) and name + SUFFIX not in entries and not name.startswith("."):
            yield from _sealed(folder / name, kind)


def _unsealed(folder: Path) -> Item:
    size, used = 0, 0.0
    for path, status in _below(folder):
        if not path.name.endswith(SUFFIX) and not seal_path(path).exists():
            size += status.st_size
            used = max(used, status.st_mtime)
    return Item(path=folder, kind=folder.name, size=size, used=used, sealed=False)


def _shares(item: Item) -> bool:
    return item.kind == "sites"


def _removed(item: Item, began: float) -> bool:
    """Remove an item that nobody has begun to use meanwhile."""
    if not item.sealed:
        shutil.rmtree(item.path, ignore_errors=True)
        return True
    seal = seal_path(item.path)
    if not seal.exists():
        return False  # another command was faster, which must not find the folder with a new lock in it
    with locked(item.path):
        # Whoever uses an entry marks its seal first: once that has another name, it cannot be marked any more.
        aside = seal.with_name(f".{seal.name}.pruned")
        try:
            seal.replace(aside)
        except FileNotFoundError:
            return False
        if aside.stat().st_mtime >= began:
            aside.replace(seal)
            return False
        discard(item.path)
        aside.unlink()
    with suppress(OSError):
        item.path.with_name(f"{item.path.name}.lock").unlink()
        # Folders that hold one entry each, or a part of a hash.
        if item.path.parent.parent != cache_root():
            item.path.parent.rmdir()
    return True


def _size_of(path: Path) -> int:
    with suppress(FileNotFoundError):
        return path.lstat().st_size + sum(status.st_size for _, status in _below(path))
    return 0


def _below(folder: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Yield files and folders with their status, but for those that another command removes meanwhile."""
    # Errors of os.walk are ignored; it enters no link, except the one that it is given.
    for top, folders, files in os.walk(folder) if not folder.is_symlink() else ():
        for name in (*folders, *files):
            path = Path(top, name)
            with suppress(FileNotFoundError):
                yield path, path.lstat()


def age(used: float) -> str:
    """Return how long ago something was used, for people."""
    seconds = max(0.0, time.time() - used)
    for unit, length in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f} {unit}"
    return "now"
