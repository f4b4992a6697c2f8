"""The target interpreter: a dynamically linked ``python`` for the target, made of the pack's own objects.

It brings its C library with it (as library and as program interpreter), so it runs on a host with another C library,
and it imports wheels for the target.  It compiles bytecode, analyses and observes applications, builds source
distributions, and is the reference to compare binaries with.
"""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

from castiron_common.pools import thread_pool
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.compiler import STACK_SIZE
from castiron_runtime.process import jobs
from castiron_runtime.profiles import COUNTING_SOURCES
from castiron_runtime.target_files import FOLDER

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castiron_common.progress import Task
    from castiron_common.target import Target
    from castiron_runtime.library import Library
    from castiron_runtime.model import Extension, Pack
    from castiron_runtime.process import BuildLog
    from castiron_runtime.profiles import ProfileRuntime
    from castiron_runtime.stub import Allocator

_MAIN = """#include <Python.h>

int main(int argc, char **argv)
{
    return Py_BytesMain(argc, argv);
}
"""


def build(
    pack: Pack,
    extensions: Sequence[Extension],
    *,
    libraries: Iterable[Path],
    libc: Library,
    shared: Iterable[Path],
    allocator: Allocator,
    allocator_file: Path,
    counting: ProfileRuntime | None,
    making: Path,
    final: Path,
    task: Task,
    log: BuildLog,
) -> None:
    """Link the interpreter into ``making``, which will be renamed to ``final``; lay out its prefix.

    ``libraries`` are the archives of foreign components: their symbols are not exported, else they would take the place
    of those that a wheel brings (``inflate`` of zlib, say).  ``shared`` are libraries that wheels expect of the system.
    ``allocator_file`` makes malloc of ``allocator``.
    """
    target = pack.target
    hidden = [*libraries, *([counting.library] if counting else ())]
    work = making / "work"
    work.mkdir()
    (making / "lib").mkdir()
    (making / "bin").mkdir()
    shutil.copyfile(libc.root / "files" / "libc.so", making / "lib" / "libc.so")
    (making / "lib" / "libc.so").chmod(0o755)
    # Tools recognise a musl interpreter by "musl" in the name of its loader (packaging's ``_musllinux``).
    (making / "lib" / target.libc.loader).symlink_to("libc.so")
    for library in shared:
        shutil.copyfile(library, making / "lib" / library.name)
        (making / "lib" / library.name).chmod(0o755)
    # musl's loader looks here for the path of libraries; without it, the host's folders would be searched.
    (making / "etc").mkdir()
    (making / "etc" / f"{target.libc.loader.partition('.')[0]}.path").write_text(f"{final / 'lib'}\n")
    task.step("linking")
    name = f"python{pack.feature}"
    sources = {
        "main.c": (COUNTING_SOURCES / "main.c").read_text() if counting else _MAIN,
        "config.c": inittab_source(extensions),
    }
    helpers = {helper: (FOLDER / helper).read_text() for helper in target.sources.interpreter}
    _compile(pack, work, sources | helpers, log=log)
    compiled_allocator = _compile_allocator(pack, allocator, allocator_file, work, log=log)
    own = [*pack.core, pack.frozen, *(path for extension in extensions for path in extension.archives)]
    arguments = link_arguments(
        target,
        start=[libc.root / "files" / file for file in ("crt1.o", "crti.o")],
        objects=[*((work / source).with_suffix(".o") for source in (*sources, *helpers)), compiled_allocator],
        whole=[path for path in dict.fromkeys(own) if path not in hidden],
        hidden=hidden,
        end=libc.root / "files" / "crtn.o",
        libraries=making / "lib",
        loader=final / "lib" / target.libc.loader,
        output=making / "bin" / name,
    )
    if counting:
        arguments += counting.linker_words
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
    loader = making / "lib" / target.libc.loader
    # (Which is why compileall cannot start processes of its own: sys.executable is the loader.)
    program: list[str | Path] = [loader, making / "bin" / name, "-I", "-S", "-m", "compileall", "-q"]
    options: list[str | Path] = ["--invalidation-mode", "unchecked-hash", "-s", making, "-p", final]
    environment = clean_environment({"PYTHONHOME": str(making)})
    entries = sorted(path for path in (making / "lib" / name).iterdir() if path.suffix in {"", ".py"})
    shares = [entries[start :: jobs()] for start in range(jobs())]
    with thread_pool(jobs()) as pool:
        list(pool.map(lambda share: log.run([*program, *options, *share], cwd=making, env=environment), shares))


def link_arguments(
    target: Target,
    *,
    start: Sequence[Path],
    objects: Sequence[Path],
    whole: Sequence[Path],
    hidden: Sequence[Path],
    end: Path,
    libraries: Path,
    loader: Path,
    output: Path,
) -> list[str]:
    """Return the linker's command line, without its name.

    ``whole`` are archives that are taken as they are, ``hidden`` those whose symbols are not exported; ``libraries`` is
    the folder of the C library, ``loader`` the path that the program names its loader by.
    """
    return [
        *("-m", target.compiler.emulation, *target.compiler.linker_flags),
        *("-no-pie", "--export-dynamic", "--hash-style=gnu", "-znow", "-zrelro", "--eh-frame-hdr"),
        *("--build-id=none", f"-zstack-size={STACK_SIZE}", f"--exclude-libs={':'.join(path.name for path in hidden)}"),
        *("--dynamic-linker", str(loader), "-o", str(output)),
        *map(str, (*start, *objects)),
        *("--whole-archive", *map(str, whole), "--no-whole-archive"),
        *("--start-group", *map(str, hidden), "--end-group", f"-L{libraries}", "-l:libc.so", str(end)),
    ]


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


def _compile_allocator(pack: Pack, allocator: Allocator, file: Path, work: Path, *, log: BuildLog) -> Path:
    target = work / "allocator.o"
    flags = (*pack.toolchain.cflags, "-fvisibility=hidden", "-fno-builtin", "-Wno-everything")
    folders = (f"-I{allocator.source}", f"-I{allocator.include}")
    log.run([*pack.toolchain.cc, *flags, *folders, "-c", file, "-o", target], cwd=work, env=clean_environment())
    return target


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
    compiler = pack.target.compiler
    options = ["-m", compiler.emulation, *compiler.linker_flags, "-static", "-no-pie", "--gc-sections", "-znow"]
    options += ["--build-id=none", "--strip-all"]
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
