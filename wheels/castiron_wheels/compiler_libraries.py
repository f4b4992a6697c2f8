"""GCC's run-time libraries, which a wheel brings as renamed copies or expects of the system.

A static binary has no system.  A newer library serves what was linked with an older one (GCC's manual of libstdc++,
"ABI Policy and Guidelines"), so any distribution's copy will do.  If none has one, one that does is added to the
environment.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

BRINGS_THEM = "ujson==6.1.0"
"""A small distribution whose musllinux wheels hold the two libraries below, as GCC 14 made them."""

_LOOKED_FOR = ("libstdc++.so.6", "libgcc_s.so.1")

_COMPILER_LIBRARY = re.compile(r"lib(stdc\+\+|gcc_s|gomp|gfortran|quadmath|atomic)\.so\.\d+$")
_RENAMED = re.compile(r"(lib[^/]+?)(?:-[0-9a-f]{8})+(\.so(?:\.\d+)*)$")
"""How auditwheel names its copies: ``libstdc++-5d72f927.so.6.0.33``."""


def is_compiler_library(soname: str) -> bool:
    """Whether that is one of GCC's libraries under its ordinary name."""
    return _COMPILER_LIBRARY.match(soname) is not None


def copy_version(filename: str, soname: str) -> tuple[int, ...] | None:
    """Return the version of the copy of ``soname`` that a file is by its name; None if it is none."""
    found = _RENAMED.match(filename)
    if found is None:
        return None
    name = found[1] + found[2]
    if name != soname and not name.startswith(f"{soname}."):
        return None
    return tuple(int(part) for part in name.partition(".so.")[2].split("."))


def lacking(site: Path) -> tuple[str, ...]:
    """Return those of the libraries which shared objects below ``site`` need, and no file there is; sorted."""
    files = sorted(path for path in site.rglob("*.so*") if path.is_file())
    absent = [name for name in _LOOKED_FOR if not _has(name, files)]
    return tuple(sorted(name for name in absent if any(_names(path, name) for path in files)))


def _has(soname: str, files: Iterable[Path]) -> bool:
    return any(path.name == soname or copy_version(path.name, soname) is not None for path in files)


def _names(path: Path, soname: str) -> bool:
    """Whether the file has the name among its strings: so does every one that needs the library."""
    return b"\0" + soname.encode() + b"\0" in path.read_bytes()
