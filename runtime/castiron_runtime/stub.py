"""The stub archive: the C that runs in every binary, compiled once per pack and per content of its sources."""

from __future__ import annotations

import hashlib
import tomllib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import RuntimePackError
from castiron_runtime.build_environment import clean_environment
from castiron_runtime.process import BuildLog, jobs
from castiron_runtime.static_library import write_archive
from castiron_runtime.zig import find_zig

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_common.progress import Reporter
    from castiron_common.target import Target
    from castiron_runtime.model import Component, Pack

FOLDER = Path(__file__).parent / "stub"
_MACHINES = "machine"
"""Folder of folders with the code of one machine each."""
_SUFFIXES = {".c", ".h", ".inc", ".toml", ".py", ".S"}


@dataclass(frozen=True, slots=True, kw_only=True)
class StubSettings:
    """How the stub's sources are compiled: ``stub.toml``.

    In all flags ``{include}``, ``{internal_include}``, ``{source}`` (of CPython), ``{mimalloc_source}``,
    ``{mimalloc_include}`` and ``{stub}`` stand for folders.
    """

    flags: tuple[str, ...]
    """For every file, after the pack's own."""
    file_flags: Mapping[str, tuple[str, ...]]
    """For single files, and for all files of a folder, whose name then ends with a slash; below the stub's folder."""
    wrap: tuple[str, ...]
    """Functions of libc whose callers the linker leads to the stub's ``__wrap_FUNCTION``."""
    wrap_if_used: tuple[str, ...]
    """Functions, none of which libc defines weakly, whose wrapper no other executable needs."""

    def flags_of(self, path: str) -> tuple[str, ...]:
        """Return the flags for one file, by its path below the stub's folder, besides those for every file."""
        folder = f"{PurePosixPath(path).parent}/"
        return (*self.file_flags.get(folder, ()), *self.file_flags.get(path, ()))


@dataclass(frozen=True, slots=True, kw_only=True)
class Allocator:
    """The sources of mimalloc that the stub, and the target interpreter, are compiled with."""

    source: Path
    """The folder that holds the folder ``mimalloc`` of C files."""
    include: Path
    component: Component
    key: str
    """Of a component of its own; empty for CPython's copy, which is a part of the pack."""


ALLOCATOR_MEMBER = "allocator.o"
"""The member of the stub's archive that mimalloc is in."""


def read_settings(path: Path) -> StubSettings:
    """Return the settings in ``path``; raises `RuntimePackError` naming the wrong key."""
    try:
        values = tomllib.loads(path.read_text()) if path.is_file() else {}
    except tomllib.TOMLDecodeError as error:
        raise RuntimePackError(f"{path.name} is not TOML: {error}.", hint="Correct it.") from error
    unknown = sorted(set(values) - {"flags", "file", "wrap", "wrap_if_used"})
    if unknown:
        raise RuntimePackError(
            f"{path.name}: unknown key {unknown[0]!r}.", hint="Known: flags, wrap, wrap_if_used, [file]."
        )
    files = values.get("file", {})
    return StubSettings(
        flags=_texts(path, "flags", values.get("flags", [])),
        file_flags={name: _texts(path, f"file.{name!r}", flags) for name, flags in files.items()},
        wrap=_texts(path, "wrap", values.get("wrap", [])),
        wrap_if_used=_texts(path, "wrap_if_used", values.get("wrap_if_used", [])),
    )


def stub_settings(folder: Path = FOLDER) -> StubSettings:
    """Return the settings of the stub: among others, which functions a link has to wrap (``ld.lld --wrap``)."""
    return read_settings(folder / "stub.toml")


def _texts(path: Path, key: str, value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise RuntimePackError(f"{path.name}: {key} is not a list of strings.", hint="Correct it.")
    return tuple(value)


def stub_archive(pack: Pack, allocator: Allocator, *, reporter: Reporter, folder: Path = FOLDER) -> Path:
    """Return ``libcastiron.a`` for a pack, compiled if sources, settings or pack are new."""
    found = (path for path in folder.rglob("*") if path.suffix in _SUFFIXES and path.is_file())
    files = sorted(
        (path for path in found if _is_for(path.relative_to(folder), pack.target)), key=lambda path: (path.name, path)
    )
    sources = [path for path in files if path.suffix in {".c", ".S"}]
    if not sources:
        raise RuntimePackError(f"There are no C files in {folder}.", hint="The installation of Castiron is damaged.")
    digest = hashlib.sha256("\n".join((pack.id, allocator.key, *target_flags(pack.target, folder=Path()))).encode())
    for path in files:
        data = path.read_bytes()
        digest.update(f"{path.relative_to(folder)}\0{len(data)}\0".encode() + data)
    entry = cache_root() / "components" / f"stub-{digest.hexdigest()[:16]}" / "libcastiron.a"

    def build(making: Path) -> None:
        with reporter.task("stub", estimate=5) as task:
            task.step(f"compiling {len(sources)} files")
            _compile(pack, allocator, folder, sources, making)

    return file_entry(entry, build)


def _is_for(path: Path, target: Target) -> bool:
    """Say whether a file of the stub is compiled for a target: those of other machines are not."""
    return path.parts[0] != _MACHINES or path.is_relative_to(target.sources.stub)


def target_flags(target: Target, *, folder: Path = FOLDER) -> tuple[str, ...]:
    """Return what tells the stub of its target."""
    return (
        f'-DCASTIRON_TARGET="{target}"',
        f'-DCASTIRON_LIBC="{target.libc.soname}"',
        f"-DCASTIRON_PAGE_SIZE={target.elf.page_size}",
        f"-DCASTIRON_TLS_ALIGNMENT={target.elf.tls.alignment}",
        f"-I{folder / target.sources.stub}",
    )


def compile_command(pack: Pack, allocator: Allocator, source: Path, folder: Path = FOLDER) -> list[str | Path]:
    """Return how a file of the stub is compiled for a pack: the whole command line but ``-o`` and what follows it."""
    settings = stub_settings(folder)
    names = {
        "include": pack.include,
        "internal_include": pack.internal_include,
        "source": pack.source,
        "mimalloc_source": allocator.source,
        "mimalloc_include": allocator.include,
        "stub": folder,
    }
    words = (*settings.flags, *settings.flags_of(source.relative_to(folder).as_posix()))
    prefixes = {folder: "castiron", pack.root: "pack", allocator.source: "mimalloc", allocator.include: "mimalloc"}
    return [
        *pack.toolchain.cc,
        *pack.toolchain.cflags,
        f"-I{pack.include}",
        f"-I{folder}",
        *target_flags(pack.target, folder=folder),
        *(f"-ffile-prefix-map={path}={name}" for path, name in prefixes.items()),
        *(word.format(**names) for word in words),
        "-c",
        source,
    ]


def _compile(pack: Pack, allocator: Allocator, folder: Path, sources: list[Path], making: Path) -> None:
    from castiron_common.pools import thread_pool

    log = BuildLog("stub")
    work = making.with_name(f"{making.name}.work")
    work.mkdir()

    def compile_one(numbered: tuple[int, Path]) -> tuple[str, bytes]:
        number, source = numbered
        target = work / f"{number}.o"
        command = [*compile_command(pack, allocator, source, folder), "-o", target]
        log.run(command, cwd=folder, env=clean_environment())
        return f"{source.stem}.o", target.read_bytes()

    try:
        with thread_pool(jobs()) as pool:
            members = list(pool.map(compile_one, enumerate(sources)))
        archive = work / "libcastiron.a"
        write_archive(find_zig(), archive, members, log=log)
        archive.replace(making)
    finally:
        for path in work.iterdir():
            path.unlink()
        work.rmdir()
