"""The dictionary that the frames of bytecode and files of small executables refer to (`castiron_link.zstd`).

It is made of the standard library's sources and bytecode, once for each runtime pack, and kept in the cache.  Its bytes
depend on the standard library, the version of Zstandard and the numbers below alone.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import zstandard

from castiron_common.cache import cache_root, file_entry
from castiron_link.bytecode import compile_modules
from castiron_link.model import PlacedModule
from castiron_manifest.model import Module, ModuleKind, Origin

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_link.bytecode import Compiler
    from castiron_runtime.model import Pack

SIZE = 512 << 10
"""Bytes.  112 KiB take 10 % off the frames, 256 KiB 13 %, 512 KiB 15 %, and have 0.2 MB when they are compressed."""
_SEGMENT = 1000
"""Bytes of the pieces that it is put together from (``k`` of the trainer)."""
_MATCH = 8
"""Bytes of the matches that are counted (``d`` of the trainer)."""
_LEVEL = 19
_WITHOUT = frozenset({"ensurepip", "idlelib", "lib2to3", "site-packages", "test", "tests", "turtledemo"})
"""Folders that programs hardly import from."""


def dictionary_of(pack: Pack, compiler: Compiler, *, reporter: Reporter) -> bytes:
    """Return the dictionary of a pack, made on first need: some ten seconds.

    ``compiler`` is that of the pack; its level of optimisation makes another dictionary.
    """
    numbers = f"{SIZE}:{_SEGMENT}:{_MATCH}:{_LEVEL}:{compiler.optimize}:{sorted(_WITHOUT)}"
    version = ".".join(map(str, zstandard.ZSTD_VERSION))
    key = hashlib.sha256(f"{pack.id}:{version}:{numbers}".encode()).hexdigest()[:16]

    def build(making: Path) -> None:
        with reporter.task("dictionary of small executables", estimate=20) as task:
            task.step("compiling the standard library")
            modules = _modules(pack)
            compiled = compile_modules(modules, compiler)
            task.step("counting what repeats")
            contents = (
                content
                for module, code in zip(modules, compiled, strict=True)
                for content in (code.code, module.source)
                if content
            )
            making.write_bytes(trained(contents))

    return file_entry(cache_root() / "components" / f"dictionary-{key}" / "dictionary", build).read_bytes()


def trained(samples: Iterable[bytes], size: int = SIZE) -> bytes:
    """Return a dictionary of at most ``size`` bytes: the same for the same samples in the same order."""
    given: list[bytes | bytearray | memoryview[int]] = list(samples)
    return zstandard.train_dictionary(size, given, k=_SEGMENT, d=_MATCH, level=_LEVEL).as_bytes()


def _modules(pack: Pack) -> list[PlacedModule]:
    """Return the modules of the standard library, by path."""
    found = []
    for path in sorted(pack.stdlib.rglob("*.py")):
        place = path.relative_to(pack.stdlib)
        if _WITHOUT.isdisjoint(place.parts):
            kind = ModuleKind.PACKAGE if path.name == "__init__.py" else ModuleKind.SOURCE
            module = Module(name=".".join(place.with_suffix("").parts), kind=kind, origin=Origin.STDLIB)
            tree_path = f"lib/python{pack.feature}/{place.as_posix()}"
            found.append(PlacedModule(module=module, tree_path=tree_path, source=path.read_bytes()))
    return found
