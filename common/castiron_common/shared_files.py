"""Files that several folders of the cache have in common, on the disk once: hard links into a store, by content.

``<cache>/store/ab/<SHA-256>`` is a file, ``<SHA-256>.x`` one that is executable (the inode holds the mode).  What is
shared is read-only, so that whoever opens it for writing gets an error and not everybody's copy; root gets none, but
what he changes is found by the seals of all entries it is in.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path

from castiron_common.files import sha256_file

FOLDER = "store"
_NO_LINKS = frozenset({errno.EPERM, errno.EXDEV, errno.EOPNOTSUPP, errno.ENOSYS, errno.EACCES, errno.EROFS})
"""Errors of link(2) that say that this file system has no hard links, or none for us."""


def share(folder: Path, store: Path) -> None:
    """Replace the files below ``folder`` by links to equal ones in ``store``; put those that are new there.

    On a file system without hard links, and for a file with as many links as that allows, the copy stays.
    """
    for top, _, names in os.walk(folder):
        for name in names:
            path = Path(top, name)
            status = path.lstat()
            if stat.S_ISREG(status.st_mode) and status.st_nlink == 1 and not _share_file(path, status, store):
                return


def _share_file(path: Path, status: os.stat_result, store: Path) -> bool:
    """Share one file; return whether it makes sense to go on with others."""
    executable = bool(status.st_mode & 0o100)
    digest = sha256_file(path)
    kept = store / digest[:2] / f"{digest}{'.x' if executable else ''}"
    path.chmod(0o555 if executable else 0o444)
    making = kept.with_name(f".{kept.name}.{os.getpid()}")
    try:
        # What is in the store may have been damaged there.
        if kept.is_file() and kept.stat().st_size == status.st_size and sha256_file(kept) == digest:
            linked = path.with_name(f".{path.name}.castiron-link")
            os.link(kept, linked)
            linked.replace(path)
        else:
            kept.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, making)
            making.replace(kept)
    except OSError as error:
        making.unlink(missing_ok=True)
        return error.errno not in _NO_LINKS
    return True


def freed_by(folder: Path) -> int:
    """Return how many bytes of the store `sweep` would free, were ``folder`` removed: those that only it links to."""
    links: dict[int, tuple[os.stat_result, int]] = {}
    for top, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                status = Path(top, name).lstat()
                links[status.st_ino] = (status, links[status.st_ino][1] + 1 if status.st_ino in links else 1)
    return sum(status.st_size for status, count in links.values() if 1 < status.st_nlink == count + 1)


def sweep(store: Path) -> int:
    """Remove what no folder links to any more; return how many bytes that frees."""
    freed = 0
    for top, _, names in os.walk(store):
        for name in names:
            path = Path(top, name)
            try:
                status = path.lstat()
                if status.st_nlink == 1:
                    path.unlink()
                    freed += status.st_size
            except FileNotFoundError:
                continue  # another process was faster
    return freed


def store_size(store: Path) -> int:
    """Return the bytes of all files in the store."""
    size = 0
    for top, _, names in os.walk(store):
        for name in names:
            with suppress(FileNotFoundError):
                size += Path(top, name).lstat().st_size
    return size
