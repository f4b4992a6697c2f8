"""The toolchain as configure scripts and make files want it: programs called ``cc``, ``ar`` ..., found through PATH."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from castiron_runtime.compiler import STACK_SIZE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_runtime.model import Toolchain


def write_tools(toolchain: Toolchain, folder: Path, *, prefix_maps: Mapping[Path, str]) -> None:
    """Write ``cc``, ``ld.lld``, ``ar`` and ``ranlib`` as shell scripts, for configure scripts and make files.

    To be found through PATH, so that no name of a folder gets into what is built.  ``cc`` links statically with the
    harvested files; the host's libraries cannot be found through it.  ``prefix_maps`` gives folders other names in
    ``__FILE__`` and the like.
    """
    folder.mkdir(parents=True, exist_ok=True)
    zig = toolchain.linker[0]
    lib = toolchain.crt1.parent
    maps = (f"-ffile-prefix-map={path}={prefix_maps[path]}" for path in prefix_maps)
    compile_words = shlex.join((*toolchain.cc, *maps))
    find_words = shlex.join([f"--ld-path={folder / 'ld.lld'}", f"--sysroot={folder}"])
    kind = "-static-pie" if toolchain.pie else "-static"
    link_words = shlex.join([f"-L{lib}", kind, "-nostdlib", str(toolchain.crt1)])
    libraries = shlex.join(["-Wl,--start-group", *map(str, toolchain.libraries), "-Wl,--end-group"])
    scripts = {
        "cc": f"""#!/bin/sh
for word do
  case $word in
    --print-multiarch|-print-multiarch) echo {toolchain.target.triple}; exit 0;;
    -c|-S|-E|-M|-MM|-fsyntax-only|-v|-V|--version|-dump*|-print-*|--print-*) exec {compile_words} "$@";;
    -shared|-nostdlib|-r) exec {compile_words} {find_words} "$@";;
  esac
done
exec {compile_words} {find_words} {link_words} "$@" {libraries} -Wl,-z,stack-size={STACK_SIZE},--build-id=none
""",
        "ld.lld": f'#!/bin/sh\nexec {shlex.quote(zig)} ld.lld "$@"\n',
        "ar": f'#!/bin/sh\nexec {shlex.quote(zig)} ar "$@"\n',
        "ranlib": f'#!/bin/sh\nexec {shlex.quote(zig)} ranlib "$@"\n',
    }
    for name, text in scripts.items():
        path = folder / name
        path.write_text(text)
        path.chmod(0o755)
