"""Writes static libraries with the same bytes every time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_runtime.build_environment import clean_environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from castiron_runtime.process import BuildLog
    from castiron_runtime.zig import Zig


def write_archive(zig: Zig, archive: Path, members: list[tuple[str, bytes]], *, log: BuildLog) -> None:
    """Write a static library with a symbol index whose bytes depend on names and contents of the members alone."""
    folder = archive.with_name(f"{archive.name}.members")
    folder.mkdir()
    names = distinct(name for name, _ in members)
    for name, (_, data) in zip(names, members, strict=True):
        (folder / name).write_bytes(data)
    archive.unlink(missing_ok=True)
    response = folder.with_suffix(".rsp")
    response.write_text("\n".join(names) + "\n")
    log.run([zig.program, "ar", "crsD", archive, f"@{response}"], cwd=folder, env=clean_environment())
    response.unlink()
    for name in names:
        (folder / name).unlink()
    folder.rmdir()


def distinct(names: Iterable[str]) -> list[str]:
    """Return base names made distinct by a number: two ``init.o`` become ``init.o`` and ``init-2.o``."""
    seen: dict[str, int] = {}
    result = []
    for name in names:
        base = name.rsplit("/", 1)[-1]
        seen[base] = seen.get(base, 0) + 1
        count = seen[base]
        stem, dot, suffix = base.rpartition(".")
        result.append(base if count == 1 else f"{stem}-{count}{dot}{suffix}")
    return result
