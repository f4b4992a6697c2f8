"""The archive of glibc's functions that musl lacks or defines otherwise: for images that were linked against glibc.

It is compiled once per toolchain and content of its sources, and goes into a binary only if such an image does.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_runtime.process import BuildLog
from castiron_runtime.stub import FOLDER as STUB
from castiron_runtime.stub import read_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_common.progress import Reporter
    from castiron_common.target import Target
    from castiron_runtime.model import Toolchain

FOLDER = Path(__file__).parent / "glibc"
_SHARED = (STUB / "images" / "images.h",)
"""What the archive includes of the stub."""
PREFIX = "castiron_gnu_"
"""What the stand-in for a function of glibc has before its name."""
_MACHINES = "machine"
"""Folder of folders with the code of one machine each, as in the stub's."""
_SUFFIXES = {".c", ".h", ".S", ".toml"}


def is_available(target: Target) -> bool:
    """Say whether the archive can be made for a target: whether what is particular to its machine is written."""
    return (FOLDER / target.sources.stub).is_dir()


def glibc_archive(toolchain: Toolchain, *, reporter: Reporter) -> Path:
    """Return ``libcastiron_gnu.a``, compiled if its sources, settings or the toolchain are new.

    Its symbols ``castiron_gnu_NAME`` stand for glibc's ``NAME``.  All of it is Castiron's own code; it calls musl and
    the stub's ``images/``.
    """
    files = sorted(_files(toolchain.target), key=lambda path: path.relative_to(FOLDER).as_posix())
    digest = hashlib.sha256(toolchain.key.encode())
    for path in (*files, *_SHARED):
        data = path.read_bytes()
        digest.update(f"{path.name}\0{len(data)}\0".encode() + data)
    entry = cache_root() / "components" / f"glibc-{digest.hexdigest()[:16]}" / "libcastiron_gnu.a"

    def build(making: Path) -> None:
        from castiron_runtime.library_build import compile_objects
        from castiron_runtime.static_library import write_archive
        from castiron_runtime.zig import find_zig

        sources = [path.relative_to(FOLDER).as_posix() for path in files if path.suffix in {".c", ".S"}]
        log = BuildLog("glibc")
        work = making.with_name(f"{making.name}.work")
        work.mkdir()
        with reporter.task("glibc's names", estimate=5) as task:
            task.step(f"compiling {len(sources)} files")
            flags = compile_flags(toolchain.target)
            maps = {FOLDER: "castiron-glibc", STUB: "castiron"}
            members = compile_objects(toolchain, FOLDER, sources, flags, work, maps=maps, log=log)
            archive = work / "libcastiron_gnu.a"
            write_archive(find_zig(), archive, members, log=log)
            archive.replace(making)
        work.rmdir()

    return file_entry(entry, build)


def compile_flags(target: Target) -> tuple[str, ...]:
    """Return the flags of every file of the archive, after the toolchain's own."""
    settings = read_settings(FOLDER / "glibc.toml")
    return (*settings.flags, f"-I{FOLDER}", f"-I{FOLDER / target.sources.stub}", f"-I{STUB}")


def _files(target: Target) -> Iterator[Path]:
    machine = FOLDER / target.sources.stub
    for path in FOLDER.rglob("*"):
        if path.suffix in _SUFFIXES and (_MACHINES not in path.parts or path.is_relative_to(machine)):
            yield path
