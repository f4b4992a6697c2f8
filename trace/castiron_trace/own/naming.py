"""Finds the files that a name in the code may mean.

A name counts from the folders that code computes paths from: that of its own module and those above it.  If nothing is
there, it may be the end of a longer path: ``"item.html"`` means ``templates/item.html``.
"""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from castiron_elf.abi import is_elf
from castiron_trace.own.folder import files_below, is_build_output, is_foreign

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from castiron_trace.own.folder import OwnFolder

_LITERAL_PART = re.compile(r"[^*?.]{3}|\.\w{2}")
"""What the last part of a pattern must have, or it could be any file."""


def cleaned(text: str) -> str | None:
    """Return a text as a relative path, None if it cannot be one: an address, a sentence, a place in the machine.

    What follows a computed folder begins with a slash (``f"{BASE}/static"``), which does not count.
    """
    if "\0" in text or "://" in text or text.startswith("~") or len(text) > 200:
        return None
    path = text.strip("/")
    while path.startswith("./"):
        path = path[2:]
    if len(path) < 2 or (path.startswith(".") and "/" not in path and not path.startswith(".env")):
        return None
    return None if ".." in PurePosixPath(path).parts else path


def in_full(base: Path, path: str, *, sources: bool = False) -> Iterator[Path]:
    """Yield the file that a path means below a folder, or all files of the folder that it means.

    With ``sources`` also Python's, and those of packages: who names a folder may copy it.
    """
    full = base / path
    try:
        if full.is_file():
            # A word may be the program's own name, and the file its binary of an earlier link.
            if full.suffix or not is_elf(full):
                yield full
        elif full.is_dir() and not is_foreign(full) and not is_build_output(full):
            yield from files_below(full, stop_at_packages=not sources, sources=sources)
    except OSError:
        return  # longer than any file name


def by_last_part(folder: OwnFolder, path: str) -> Iterator[str]:
    """Yield the files, and with ``/`` at the end the folders, whose last parts are ``path``.

    A single word must have a suffix, as any word may be the name of a folder.
    """
    name = path.rpartition("/")[2]
    if "/" in path or PurePosixPath(name).suffix:
        for file in folder.by_name.get(name, ()):
            if file.endswith(f"/{path}"):
                yield file
    if "/" in path:
        for below in sorted(folder.folders):
            if below.endswith(f"/{path}"):
                yield f"{below}/"


def by_pattern(folder: OwnFolder, pattern: str) -> Iterator[str]:
    """Yield the files whose last parts match a pattern; ``**`` stands for any number of folders."""
    path = pattern.strip("/")
    while path.startswith(("*/", "**/")):
        path = path.partition("/")[2]
    last = path.rpartition("/")[2]
    if " " in path or ".." in path or last.endswith(".py") or not _LITERAL_PART.search(last):
        return
    if not set(path) & set("*?"):
        yield from (file for file in folder.by_name.get(last, ()) if f"/{file}".endswith(f"/{path}"))
        return
    wanted = path.split("/")
    for file in folder.files:
        if _ends_with(file.split("/"), wanted) and not file.endswith(".py"):
            yield file


def _ends_with(parts: Sequence[str], wanted: Sequence[str]) -> bool:
    if not wanted:
        return True
    if not parts:
        return False
    if wanted[-1] == "**":
        return any(_ends_with(parts[:end], wanted[:-1]) for end in range(len(parts) + 1))
    return fnmatchcase(parts[-1], wanted[-1]) and _ends_with(parts[:-1], wanted[:-1])


def matches(base: Path, pattern: str, *, sources: bool = False) -> Iterator[Path]:
    """Yield the files that a path with ``*`` in it means; what stands before the first ``*`` is a folder or a name.

    ``sources`` as for `in_full`, for a path without ``*``.
    """
    fixed, star, _rest = pattern.partition("*")
    if not star:
        yield from in_full(base, pattern, sources=sources)
        return
    folder = base / posixpath.dirname(fixed)
    if not posixpath.dirname(fixed).strip("./") or not folder.is_dir() or is_foreign(folder):
        return  # anything beside the code: by_pattern finds what has a name
    wanted = pattern.split("/")
    for file in files_below(folder, stop_at_packages=False):
        parts = file.relative_to(base).as_posix().split("/")
        if fnmatchcase("/".join(parts[: len(wanted)]), pattern):
            yield file
