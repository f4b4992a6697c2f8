"""What zig keeps between builds, and its library at a place that all environments with Castiron share.

zig makes libc++ and libunwind when they are first asked for, which takes a minute.  It knows them again by the files
they were made of, and these by their inodes: taken from the virtual environment, they would be made again in each new
one, and with two environments in turn at every build.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, folder_entry
from castiron_common.files import link_or_copy
from castiron_runtime.zig import find_zig

if TYPE_CHECKING:
    from pathlib import Path


def zig_variables(root: Path | None = None) -> dict[str, str]:
    """Return the variables that name zig's own cache and its library, both in the cache ``root``, else in the user's.

    Raises `HostToolError` where zig is not installed, `OutputError` if the cache cannot be written.
    """
    root = cache_root() if root is None else root
    own = str(root / "zig")
    return {"ZIG_GLOBAL_CACHE_DIR": own, "ZIG_LOCAL_CACHE_DIR": own, "ZIG_LIB_DIR": str(_library(root))}


def _library(root: Path) -> Path:
    """Return zig's library in the cache ``root``: hard links to the installed files, copies on other file systems."""
    zig = find_zig()

    def link(folder: Path) -> None:
        shutil.copytree(zig.lib, folder, copy_function=link_or_copy, dirs_exist_ok=True)

    return folder_entry(root / "zig-library" / zig.version, link)
