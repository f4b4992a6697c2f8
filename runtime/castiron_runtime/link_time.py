"""Link-time optimisation inside a pack: the objects of an archive become one, optimised as a whole.

That is done once, when the pack is built, so that linking an application stays a matter of seconds.  Objects are
compiled to both machine code, for the programs that CPython's own build links and runs, and LLVM's intermediate code;
``ld.lld -r`` makes one ordinary object of the latter, whose functions have sections of their own: a link still leaves
out what is not used.

Source: LLVM, "FatLTO"; lld's documentation of ``-r`` and ``--fat-lto-objects``; decision 021.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_runtime.build_environment import clean_environment
from castiron_runtime.profiles import COLD, llvm_words

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_runtime.model import Toolchain
    from castiron_runtime.process import BuildLog

FLAGS = ("-flto=full", "-ffat-lto-objects")
"""What such objects are compiled with."""

# What a profile calls cold is compiled for size, and nothing is inlined there: `_Py_Dealloc` alone was, at 8,600
# places, with the three types that it meets most in front of its call.  The core is a quarter smaller, and as fast.
# The collector of garbage calls two functions in turns from one place, so two are put in front of a call that is hot
# (decision 021).
_SIZE = (*COLD, "-inline-cold-callsite-threshold=0", "-hot-callsite-threshold=750", "-icp-max-prom=2")


def whole(
    toolchain: Toolchain, name: str, objects: Sequence[tuple[str, bytes]], work: Path, *, log: BuildLog
) -> tuple[str, bytes]:
    """Return one object called ``name`` that stands for these, by name and content, optimised as a whole.

    ``work`` is an empty folder to work in.
    """
    paths = []
    for number, (_, data) in enumerate(objects):
        path = work / f"{number}.o"
        path.write_bytes(data)
        paths.append(path.name)
    compiler = toolchain.target.compiler
    response = work / "objects.rsp"
    response.write_text("\n".join(paths) + "\n")
    log.run(
        [
            *toolchain.linker,
            *("-m", compiler.emulation, "-r", "--fat-lto-objects", "--lto-O3", "--lto-CGO3"),
            *llvm_words((*_SIZE, *compiler.optimiser)),
            *("-o", name),
            f"@{response.name}",
        ],
        cwd=work,
        env=clean_environment(),
    )
    data = (work / name).read_bytes()
    for path in work.iterdir():
        path.unlink()
    return name, data
