"""The toolchain of a target: the compiler, the linker, and what every link needs, as one value from the cache."""

from __future__ import annotations

import hashlib
import platform as host_platform
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_runtime.builder_key import TOOLCHAIN, builder_key
from castiron_runtime.compiler import OPTIMISATION, compiler
from castiron_runtime.model import Toolchain
from castiron_runtime.process import BuildLog, built
from castiron_runtime.toolchain_files import LIBRARIES, harvest, start_file
from castiron_runtime.zig import find_zig

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_common.target import Target
    from castiron_runtime.profiles import Compilation
    from castiron_runtime.zig import Zig


def toolchain_key(zig: Zig, target: Target, *, pie: bool = False) -> str:
    """Return the key of everything the toolchain contributes to an object's bytes."""
    words = compiler(zig, target, pie=pie)[2:]
    parts = (builder_key(TOOLCHAIN), zig.version, host_platform.machine(), *target.libc.merged, *OPTIMISATION, *words)
    text = "\n".join(parts).replace(str(zig.lib), "")
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def open_toolchain(target: Target, *, pie: bool = False, reporter: Reporter) -> Toolchain:
    """Return the toolchain; harvests its libraries on first need (about 50 s).

    ``pie``: the one for position-independent executables, with libraries and objects of its own.
    """
    zig = find_zig()
    key = toolchain_key(zig, target, pie=pie)
    entry = cache_root() / "components" / f"toolchain-{zig.version}-{key}"

    def build(making: Path) -> None:
        with reporter.task(f"toolchain (ziglang {zig.version})", estimate=50) as task:
            task.step("building libc, compiler-rt for the target")
            harvest(zig, target, making, pie=pie, log=BuildLog("toolchain"))

    built(entry, target, build)
    return Toolchain(
        version=zig.version,
        key=key,
        pie=pie,
        target=target,
        linker=(str(zig.program), "ld.lld"),
        cc=compiler(zig, target, pie=pie),
        cflags=OPTIMISATION,
        crt1=entry / "lib" / start_file(pie=pie),
        libraries=tuple(entry / "lib" / name for name in LIBRARIES),
    )


def compiling(toolchain: Toolchain, how: Compilation) -> Toolchain:
    """Return the toolchain that compiles with a profile, or code that counts; its key is another."""
    if not how.flags:
        return toolchain
    key = compiling_key(toolchain.key, how)
    return replace(toolchain, cflags=(*toolchain.cflags, *how.flags), key=key)


def compiling_key(key: str, how: Compilation) -> str:
    """Return the key of what `compiling` returns for the toolchain with this key."""
    return hashlib.sha256(f"{key}\n{how.key}".encode()).hexdigest()[:16] if how.flags else key
