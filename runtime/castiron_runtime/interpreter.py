"""The target interpreter: a dynamically linked ``python`` for the target, made of the pack's own objects.

It brings its musl with it (as library and as program interpreter), so it runs on a host with another C library, and it
imports musllinux wheels.  It compiles bytecode, analyses and observes applications, builds source distributions, and is
the reference to compare binaries with.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from castiron_common.pools import thread_pool
from castiron_runtime.process import clean_environment, jobs
from castiron_runtime.toolchain import STACK_SIZE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castiron_common.progress import Task
    from castiron_runtime.library import Library
    from castiron_runtime.model import Extension, Pack
    from castiron_runtime.process import BuildLog

LOADER = "ld-musl-x86_64.so.1"
"""Tools recognise a musl interpreter by "musl" in the name of its loader (packaging's ``_musllinux``)."""

_MAIN = """#include <Python.h>

int main(int argc, char **argv)
{
    return Py_BytesMain(argc, argv);
}
"""

_DIVISION = """/* 128-bit division, which compilers call by these names.  Zig's compiler-rt has it too, but in one
   object with memcpy, sin and others, whose definitions would take the place of those in libc.so. */
typedef unsigned __int128 wide;
typedef unsigned long word;

static wide divide(wide n, wide d, wide *remainder)
{
    word high = (word)(n >> 64), low = (word)n, divisor = (word)d;
    if (d > n) {
        *remainder = n;
        return 0;
    }
    if (!(word)(d >> 64)) {
        word q1 = high / divisor, q0, rest = high % divisor;
        __asm__("divq %4" : "=a"(q0), "=d"(rest) : "0"(low), "1"(rest), "r"(divisor) : "cc");
        *remainder = rest;
        return (wide)q1 << 64 | q0;
    }
    int shift = __builtin_clzl((word)(d >> 64)) - __builtin_clzl(high);
    word quotient = 0;
    for (d <<= shift; shift >= 0; shift--, d >>= 1) {
        quotient <<= 1;
        if (n >= d) {
            n -= d;
            quotient |= 1;
        }
    }
    *remainder = n;
    return quotient;
}

wide __udivti3(wide n, wide d) { wide rest; return divide(n, d, &rest); }
wide __umodti3(wide n, wide d) { wide rest; divide(n, d, &rest); return rest; }

__int128 __divti3(__int128 n, __int128 d)
{
    wide rest, quotient = divide(n < 0 ? -(wide)n : (wide)n, d < 0 ? -(wide)d : (wide)d, &rest);
    return (n < 0) != (d < 0) ? -quotient : quotient;
}

__int128 __modti3(__int128 n, __int128 d)
{
    wide rest;
    divide(n < 0 ? -(wide)n : (wide)n, d < 0 ? -(wide)d : (wide)d, &rest);
    return n < 0 ? -rest : rest;
}
"""


def build(
    pack: Pack,
    extensions: Sequence[Extension],
    *,
    libraries: Iterable[Path],
    musl: Library,
    shared: Iterable[Path],
    making: Path,
    final: Path,
    task: Task,
    log: BuildLog,
) -> None:
    """Link the interpreter into ``making``, which will be renamed to ``final``; lay out its prefix.

    ``libraries`` are the archives of foreign components: their symbols are not exported, else they would take the place
    of those that a wheel brings (``inflate`` of zlib, say).  ``shared`` are libraries that wheels expect of the system.
    """
    hidden = list(libraries)
    work = making / "work"
    work.mkdir()
    (making / "lib").mkdir()
    (making / "bin").mkdir()
    shutil.copyfile(musl.root / "files" / "libc.so", making / "lib" / "libc.so")
    (making / "lib" / "libc.so").chmod(0o755)
    (making / "lib" / LOADER).symlink_to("libc.so")
    for library in shared:
        shutil.copyfile(library, making / "lib" / library.name)
        (making / "lib" / library.name).chmod(0o755)
    # musl's loader looks here for the path of libraries; without it, the host's folders would be searched.
    (making / "etc").mkdir()
    (making / "etc" / "ld-musl-x86_64.path").write_text(f"{final / 'lib'}\n")
    task.step("linking")
    name = f"python{pack.feature}"
    _compile(pack, work, {"main.c": _MAIN, "division.c": _DIVISION, "config.c": inittab_source(extensions)}, log=log)
    own = [*pack.core, pack.frozen, *(path for extension in extensions for path in extension.archives)]
    whole = [path for path in dict.fromkeys(own) if path not in hidden]
    crt1, crti, crtn = (musl.root / "files" / file for file in ("crt1.o", "crti.o", "crtn.o"))
    arguments = [
        *("-m", "elf_x86_64", "-no-pie", "--export-dynamic", "--hash-style=gnu", "-znow", "-zrelro", "--eh-frame-hdr"),
        *("--build-id=none", f"-zstack-size={STACK_SIZE}", f"--exclude-libs={':'.join(path.name for path in hidden)}"),
        *("--dynamic-linker", str(final / "lib" / LOADER), "-o", str(making / "bin" / name)),
        *map(str, (crt1, crti, *(work / file for file in ("main.o", "config.o", "division.o")))),
        *("--whole-archive", *map(str, whole), "--no-whole-archive"),
        *("--start-group", *map(str, hidden), "--end-group", f"-L{making / 'lib'}", "-l:libc.so", str(crtn)),
    ]
    response = work / "link.rsp"
    response.write_text("".join(f'"{argument}"\n' for argument in arguments))
    log.run([*pack.toolchain.linker, f"@{response}"], cwd=work, env=clean_environment())
    shutil.rmtree(work)
    for alias in ("python3", "python"):
        (making / "bin" / alias).symlink_to(name)
    task.step("laying out its library")
    _lay_out(pack, making)
    task.step("compiling its library")
    # The loader's path inside the program is the final one: run it through the loader that is here now.
    loader = making / "lib" / LOADER
    # (Which is why compileall cannot start processes of its own: sys.executable is the loader.)
    program: list[str | Path] = [loader, making / "bin" / name, "-I", "-S", "-m", "compileall", "-q"]
    options: list[str | Path] = ["--invalidation-mode", "unchecked-hash", "-s", making, "-p", final]
    environment = clean_environment({"PYTHONHOME": str(making)})
    entries = sorted(path for path in (making / "lib" / name).iterdir() if path.suffix in {"", ".py"})
    shares = [entries[start :: jobs()] for start in range(jobs())]
    with thread_pool(jobs()) as pool:
        list(pool.map(lambda share: log.run([*program, *options, *share], cwd=making, env=environment), shares))


def inittab_source(extensions: Sequence[Extension]) -> str:
    """Return the C source of the table of built-in modules."""
    ordered = sorted(extensions, key=lambda extension: extension.name)
    declarations = "".join(f"extern PyObject *{item.init}(void);\n" for item in ordered if item.init)
    entries = "".join(f'    {{"{item.name}", {item.init or "NULL"}}},\n' for item in ordered)
    return (
        f"#include <Python.h>\n\n{declarations}\nstruct _inittab _PyImport_Inittab[] = {{\n{entries}    {{0, 0}}\n}};\n"
    )


def _compile(pack: Pack, work: Path, sources: dict[str, str], *, log: BuildLog) -> None:
    for name, text in sources.items():
        source = work / name
        source.write_text(text)
        flags = (*pack.toolchain.cflags, f"-I{pack.include}", "-fvisibility=hidden")
        log.run(
            [*pack.toolchain.cc, *flags, "-c", source, "-o", source.with_suffix(".o")],
            cwd=work,
            env=clean_environment(),
        )


def link_static(
    pack: Pack, extensions: Sequence[Extension], archives: Sequence[Path], work: Path, *, log: BuildLog
) -> Path:
    """Link an ordinary static ``python`` with these extension modules in ``work``; it needs a library beside it.

    Leaves ``config.c`` and ``config.o``, the table of its modules, there too.
    """
    always = {item.name: item for item in pack.extensions.values() if item.always}
    table = inittab_source(list((always | {item.name: item for item in extensions}).values()))
    _compile(pack, work, {"main.c": _MAIN, "config.c": table}, log=log)
    toolchain = pack.toolchain
    options = ["-m", "elf_x86_64", "-static", "-no-pie", "--gc-sections", "-znow", "--build-id=none", "--strip-all"]
    libraries = ["--start-group", *pack.core, pack.frozen, *archives, *toolchain.libraries, "--end-group"]
    program = work / "python"
    words = [*options, f"-zstack-size={STACK_SIZE}", toolchain.crt1, "main.o", "config.o", *libraries, "-o", program]
    log.run([*toolchain.linker, *map(str, words)], cwd=work, env=clean_environment())
    return program


def _lay_out(pack: Pack, making: Path) -> None:
    """Give the interpreter a prefix of its own: library and headers, as hard links to the pack's where possible."""

    def link(source: str, target: str) -> str:
        try:
            os.link(source, target)
        except OSError:
            shutil.copyfile(source, target)
        return target

    without_cache = shutil.ignore_patterns("__pycache__")
    shutil.copytree(pack.stdlib, making / "lib" / pack.stdlib.name, copy_function=link, ignore=without_cache)
    shutil.copytree(pack.include, making / "include" / pack.include.name, copy_function=link)
