"""The first stage of small executables: it decompresses the interpreter before anything else runs (``first_stage/``).

It is no part of the link of an application: a program of its own without a C library, which is compiled once per
toolchain, version of Zstandard and content of its sources, and which `link` puts before what was linked.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import RuntimePackError
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.process import BuildLog

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_runtime.library import Library
    from castiron_runtime.model import Toolchain

FOLDER = Path(__file__).parent / "first_stage"
_SCRIPT = "stage.ld"
_ZSTD = (
    *(f"common/{name}.c" for name in ("entropy_common", "error_private", "fse_decompress", "xxhash", "zstd_common")),
    *(f"decompress/{name}.c" for name in ("huf_decompress", "zstd_ddict", "zstd_decompress", "zstd_decompress_block")),
)
_FLAGS = (
    *("-std=gnu11", "-ffreestanding", "-fPIE", "-fvisibility=hidden"),
    # Before there is thread-local storage, there is no secret to compare with.
    *("-fno-stack-protector", "-fno-asynchronous-unwind-tables", "-fno-unwind-tables"),
)
_OWN_FLAGS = ("-Wall", "-Wextra", "-Werror", "-D_GNU_SOURCE")
_FILE_FLAGS = {"memory.c": ("-fno-builtin",)}
"""No loop becomes a call of the function that it is in."""
_ZSTD_FLAGS = (
    *("-DZSTD_LEGACY_SUPPORT=0", "-DZSTD_NO_TRACE", "-DZSTD_DISABLE_ASM"),
    *("-DDEBUGLEVEL=0", "-DZSTD_STRIP_ERROR_STRINGS=1"),
    # As in recipes/zstd.toml.
    "-DZSTD_FORCE_DECOMPRESS_SEQUENCES_LONG",
)
_PLACES = (0, 0x12345000)
"""Addresses that it is linked at: the bytes must be the same."""


def first_stage(toolchain: Toolchain, zstd: Library, *, reporter: Reporter) -> Path:
    """Return the first stage as an ELF file at address 0, built if its sources, Zstandard or the toolchain are new.

    ``.constants`` begins with what `link` fills in (``stage.h``), ``.code`` is what follows it in memory from the next
    page on; ``.zstd.constants`` and ``.zstd.code`` are Zstandard's.  Raises `RuntimePackError`.
    """
    machine = FOLDER / toolchain.target.sources.stub
    if not machine.is_dir():
        raise RuntimePackError(
            f"There is no first stage for {toolchain.target}, so executables cannot be small.",
            hint="Link without `--profile small`.",
        )
    files = sorted((*FOLDER.glob("*.[ch]"), FOLDER / _SCRIPT, *machine.glob("*.h")))
    digest = hashlib.sha256("\n".join((toolchain.key, zstd.key, *_FLAGS, *_OWN_FLAGS, *_ZSTD_FLAGS)).encode())
    for path in files:
        data = path.read_bytes()
        digest.update(f"{path.name}\0{len(data)}\0".encode() + data)
    entry = cache_root() / "components" / f"first-stage-{digest.hexdigest()[:16]}" / "first-stage"

    def build(making: Path) -> None:
        log = BuildLog("first-stage")
        work = making.with_name(f"{making.name}.work")
        work.mkdir()
        try:
            with reporter.task("first stage of small executables", estimate=5) as task:
                task.step(f"compiling {len(_ZSTD)} files of Zstandard")
                objects = _compiled(toolchain, zstd, machine, work, log)
                _link(toolchain, objects, work, log).replace(making)
        finally:
            for path in work.iterdir():
                path.unlink()
            work.rmdir()

    return file_entry(entry, build)


def _compiled(toolchain: Toolchain, zstd: Library, machine: Path, work: Path, log: BuildLog) -> list[Path]:
    """Compile our files and Zstandard's; return the objects, which are called after their sources."""
    library = zstd.root / "files"
    maps = (f"-ffile-prefix-map={FOLDER}=castiron", f"-ffile-prefix-map={zstd.root}=zstd")
    own: list[tuple[Path, tuple[str, ...]]] = [
        (path, (*_OWN_FLAGS, *_FILE_FLAGS.get(path.name, ()), f"-I{machine}", f"-I{library}"))
        for path in sorted(FOLDER.glob("*.c"))
    ]
    zstd_files: list[tuple[Path, tuple[str, ...]]] = [(library / name, _ZSTD_FLAGS) for name in _ZSTD]
    objects = []
    for source, flags in (*own, *zstd_files):
        target = work / f"{source.stem}.o"
        command: list[str | Path] = [
            *toolchain.cc,
            *toolchain.cflags,
            *_FLAGS,
            *flags,
            *maps,
            "-c",
            source,
            "-o",
            target,
        ]
        log.run(command, cwd=work, env=clean_environment())
        objects.append(target)
    return objects


def _link(toolchain: Toolchain, objects: list[Path], work: Path, log: BuildLog) -> Path:
    """Link at two addresses and compare; return the file that lies at 0."""
    page = toolchain.target.elf.page_size
    made = []
    for number, place in enumerate(_PLACES):
        target = work / f"stage-{number}"
        log.run(
            [
                *(*toolchain.linker, "-m", toolchain.target.compiler.emulation, "-static", "-no-pie", "-O2"),
                *("--gc-sections", "--icf=safe", "-z", "noexecstack", "--strip-all", "--no-undefined"),
                *(f"--defsym=castiron_stage_base={place:#x}", f"--defsym=castiron_stage_page={page:#x}"),
                f"--script={FOLDER / _SCRIPT}",
                *objects,
                "-o",
                target,
            ],
            cwd=work,
            env=clean_environment(),
        )
        made.append(target)
    from castiron_elf.sections import read_sections

    first, second = (read_sections(path, SECTIONS) for path in made)
    if first != second:
        raise RuntimePackError(
            "The first stage of small executables depends on its address.",
            hint="This is a bug in castiron, please report it.",
        )
    return made[0]


OWN_CONSTANTS, ZSTD_CONSTANTS, OWN_CODE, ZSTD_CODE = ".constants", ".zstd.constants", ".code", ".zstd.code"
SECTIONS = (OWN_CONSTANTS, ZSTD_CONSTANTS, OWN_CODE, ZSTD_CODE)
"""In the order in which they lie; the first may begin on any page, the third lies on the page behind the second."""
