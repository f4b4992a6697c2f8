"""GCC's run-time libraries, which a wheel brings as renamed copies or expects of the system.

A static binary has no system.  A newer library serves what was linked with an older one (GCC's manual of libstdc++,
"ABI Policy and Guidelines"), so any distribution's copy will do.  If none has one, `castiron_wheels.gcc_runtime` does.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_common.target import DebianGccRuntime, GccRuntime, Target
    from castiron_manifest.model import Native

PROVIDED = ("libgcc_s.so.1", "libstdc++.so.6")
"""Those that every target's file of GCC's run-time libraries holds."""
PROVIDED_EMULATED = ("libgcc_s.so.1", "libgomp.so.1", "libstdc++.so.6")
"""Those that its packages for the emulated C library hold."""

_COMPILER_LIBRARY = re.compile(r"(lib(?:stdc\+\+|gcc_s|gomp|gfortran|quadmath|atomic)\.so\.\d+)(?:\.\d+)*$")
_RENAMED = re.compile(r"(lib[^/]+?)(?:-[0-9a-f]{8})+(\.so(?:\.\d+)*)$")
"""How auditwheel names its copies: ``libstdc++-5d72f927.so.6.0.33``."""


def compiler_library(name: str) -> str | None:
    """Return the soname of one of GCC's libraries; None for another name.

    Some shared objects need the file by its full version (numba: ``libgomp.so.1.0.0``).
    """
    match = _COMPILER_LIBRARY.match(name)
    return match[1] if match else None


def copy_version(filename: str, soname: str) -> tuple[int, ...] | None:
    """Return the version of the copy of ``soname`` that a file is by its name; None if it is none."""
    copy = _RENAMED.match(filename)
    if copy is None:
        return None
    name = copy[1] + copy[2]
    if name != soname and not name.startswith(f"{soname}."):
        return None
    return tuple(int(part) for part in name.partition(".so.")[2].split("."))


def lacking(natives: Iterable[Native], target: Target, libc: str) -> tuple[str, ...]:
    """Return those of the libraries which shared objects for one C library need, and no distribution brings; sorted."""
    own = libc == target.libc.name
    served = {libc, ""} if own else {libc}
    usable = [native for native in natives if native.machine == target.elf.machine_name and native.libc in served]
    needed = {compiler_library(name) for native in usable for name in native.needed}
    return tuple(
        name
        for name in (PROVIDED if own else PROVIDED_EMULATED)
        if name in needed and not any(_is(native, name) for native in usable)
    )


def runtime_for(target: Target, libc: str) -> GccRuntime | DebianGccRuntime | None:
    """Return what the target pins of GCC's libraries for a C library: its own, or the emulated one."""
    return target.wheels.gcc_runtime if libc == target.libc.name else target.wheels.emulated_gcc_runtime


def _is(native: Native, soname: str) -> bool:
    filename = posixpath.basename(native.path)
    return soname in (native.soname, filename) or copy_version(filename, soname) is not None
