"""A full disk: recognised whoever reports it, and told with the file system and what would free space."""

from __future__ import annotations

import errno
import os
import re
from typing import TYPE_CHECKING

from castiron_common.errors import OutputError

if TYPE_CHECKING:
    from pathlib import Path

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_SAID = re.compile(
    r"no space left on device|nospaceleft|disk quota exceeded|diskquota|file too large|filetoobig"
    r"|database or disk is full|os error 28\b|errno 28\b|os error 122\b|errno 122\b",
    re.IGNORECASE,
)
"""What ld.lld, zig, uv, pip, SQLite and make say of it."""


def is_full(error: BaseException) -> bool:
    """Say whether an exception means that there is no space: of the file system, the quota, or the limit of a file."""
    return isinstance(error, OSError) and error.errno in _FULL


def says_full(text: str) -> bool:
    """Say whether the output of a program means that."""
    return _SAID.search(text) is not None


def full_disk(place: Path, error: OSError | None = None) -> OutputError:
    """Return the error for a full disk below ``place``, whose file system it names."""
    mount = mount_point(place)
    if error is not None and error.errno == errno.EDQUOT:
        what = f"Your disk quota on the file system {mount} is exceeded"
    elif error is not None and error.errno == errno.EFBIG:
        what = "A file became larger than this process may write (ulimit -f)"
    else:
        what = f"There is no space left on the file system {mount}{_free(mount)}"
    return OutputError(
        f"{what}, while {place} was written.",
        hint="Free some space there. If Castiron's cache is there, too (`castiron cache info` tells where, and how "
        "large it is), `castiron cache prune --size 0` removes what can be made again; CASTIRON_CACHE names a folder "
        "for it on another file system.",
    )


def mount_point(path: Path) -> Path:
    """Return the folder at which the file system of a path is mounted; the path need not exist."""
    path = path.absolute()
    while not path.exists() and path != path.parent:
        path = path.parent
    path = path.resolve()
    while not path.is_mount() and path != path.parent:
        path = path.parent
    return path


def _free(mount: Path) -> str:
    try:
        status = os.statvfs(mount)
    except OSError:
        return ""
    free, size = (blocks * status.f_frsize / 1e6 for blocks in (status.f_bavail, status.f_blocks))
    return f" ({free:,.1f} of {size:,.1f} MB free)"
