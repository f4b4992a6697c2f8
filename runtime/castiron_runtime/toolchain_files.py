"""The start file and the libraries that every link needs, as Zig builds them for a target."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.errors import RuntimePackError
from castiron_elf.archive import read_members
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.static_library import write_archive

if TYPE_CHECKING:
    from castiron_common.target import Target
    from castiron_runtime.process import BuildLog
    from castiron_runtime.zig import Zig

LIBRARIES = ("libc.a", "libzigc.a", "libcompiler_rt.a")
"""What Zig builds for a target, in link order."""


def start_file(*, pie: bool) -> str:
    """Return the name of musl's start file; that of position-independent executables applies their relocations."""
    return "rcrt1.o" if pie else "crt1.o"


def harvest(zig: Zig, target: Target, making: Path, *, pie: bool, log: BuildLog) -> None:
    """Have Zig build the C library and compiler-rt for the target, and copy them into ``making``/lib."""
    source = making / "main.c"
    source.write_text("int main(void) { return 0; }\n")
    # -s: libraries without debug information, which would hold this machine's paths.
    kind = ("-fPIE", "-pie") if pie else ()
    command = ("cc", "-target", target.triple, "-static", *kind, "-O2", "-s", "-v", "main.c", "-o", "main")
    start = start_file(pie=pie)
    output = log.run([zig.program, *command], cwd=making, env=clean_environment())
    line = next((line for line in reversed(output.splitlines()) if re.match(r"(\S*[ /])?ld\.lld ", line)), "")
    inputs = {Path(word).name: Path(word) for word in shlex.split(line) if word.startswith("/")}
    missing = [name for name in (start, *LIBRARIES) if name not in inputs]
    if missing:
        raise RuntimePackError(
            f"ziglang {zig.version} does not name {', '.join(missing)} in its linker call.",
            hint=f"Its output is in {log.path}; use a version of ziglang that Castiron's dependencies allow.",
        )
    library = making / "lib"
    library.mkdir()
    (library / start).write_bytes(inputs[start].read_bytes())
    for name in LIBRARIES:
        members = read_members(inputs[name])
        write_archive(zig, library / name, members, log=log)
    for name in target.libc.merged:
        (library / f"lib{name}.a").write_bytes(b"!<arch>\n")
    source.unlink()
    (making / "main").unlink()
