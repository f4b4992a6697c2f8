"""What a training run needs of LLVM: the library that writes counts, and the program that adds them up.

The ziglang wheel has neither, so they are those of an LLVM that is installed on this machine.  Only who makes a profile
needs them: a pack is built from a profile without.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root
from castiron_common.errors import HostToolError
from castiron_common.files import sha256_file
from castiron_elf.archive import read_members
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.builder_key import PROFILE_RUNTIME, builder_key
from castiron_runtime.process import BuildLog, built
from castiron_runtime.profiles import COUNTING_SOURCES, ProfileRuntime
from castiron_runtime.static_library import write_archive
from castiron_runtime.zig import find_zig

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_runtime.model import Toolchain

_FOLDERS = Path("/usr/lib")
_LIBRARY = "libclang_rt.profile.a"
_OLDEST = 19
"""The first release whose raw profiles have the format, version 10, that the compiler's counting code is made for.

Source: LLVM, llvm/include/llvm/ProfileData/InstrProfData.inc, INSTR_PROF_RAW_VERSION.
"""

_FORTIFIED = COUNTING_SOURCES / "fortified.c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Llvm:
    """The parts of an installed LLVM."""

    profdata: Path
    """Program that adds raw profiles up."""
    library: Path
    """``libclang_rt.profile``, which writes them."""


def find_llvm(machine: str, folder: Path | None = None) -> Llvm:
    """Return what an installed LLVM has for training on this machine.

    ``folder``: where it is installed; by default the newest of ``/usr/lib/llvm-*``.  Raises `HostToolError`.
    """
    candidates = [folder] if folder else _installed()
    for candidate in candidates:
        program = candidate / "bin" / "llvm-profdata"
        libraries = sorted(candidate.glob(f"lib/clang/*/lib/linux/libclang_rt.profile-{machine}.a"))
        if libraries and os.access(program, os.X_OK):
            return Llvm(profdata=program, library=libraries[-1])
    where = str(folder) if folder else "this machine"
    raise HostToolError(
        f"Training needs llvm-profdata and libclang_rt.profile of LLVM {_OLDEST} or newer: {where} does not have them.",
        hint=f"Install with: sudo apt-get install llvm-{_OLDEST} libclang-rt-{_OLDEST}-dev   (or your system's "
        "equivalent), or name the folder of an LLVM with --llvm.",
    )


def _installed() -> list[Path]:
    numbered = ((re.fullmatch(r"llvm-(\d+)", path.name), path) for path in _FOLDERS.glob("llvm-*"))
    versions = [(int(found[1]), path) for found, path in numbered if found and int(found[1]) >= _OLDEST]
    return [path for _, path in sorted(versions, reverse=True)]


def profile_runtime(llvm: Llvm, toolchain: Toolchain) -> ProfileRuntime:
    """Return the library that writes counts, usable with the target's C library."""
    parts = (toolchain.key, builder_key(PROFILE_RUNTIME), sha256_file(_FORTIFIED), sha256_file(llvm.library))
    key = hashlib.sha256("\n".join(parts).encode()).hexdigest()
    entry = cache_root() / "components" / f"profile-runtime-{key[:16]}"

    def build(making: Path) -> None:
        log = BuildLog("profile-runtime")
        compiled = making / "fortified.o"
        command: list[str | Path] = [*toolchain.cc, *toolchain.cflags, "-c", _FORTIFIED, "-o", compiled]
        log.run(command, cwd=making, env=clean_environment())
        members = [*read_members(llvm.library), (compiled.name, compiled.read_bytes())]
        write_archive(find_zig(), making / _LIBRARY, members, log=log)
        compiled.unlink()

    folder = built(entry, toolchain.target, build)
    return ProfileRuntime(library=folder / _LIBRARY)


def merge(llvm: Llvm, raw: Sequence[Path], target: Path, *, log: BuildLog) -> None:
    """Add raw profiles up into ``target``, the indexed profile that a compiler reads.

    Functions that never ran stay in it: a compiler that knows that code is cold makes it small.
    """
    command: list[str | Path] = [llvm.profdata, "merge", "-o", target, *raw]
    log.run(command, cwd=target.parent, env=clean_environment())
