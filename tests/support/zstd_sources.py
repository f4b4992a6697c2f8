"""The sources of the decompressor that small executables have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.progress import SilentReporter
from castiron_runtime import sources
from castiron_runtime.recipe import load_recipe
from castiron_runtime.source_archive import unpack

if TYPE_CHECKING:
    from pathlib import Path

ZSTD_FLAGS = ("-DZSTD_LEGACY_SUPPORT=0", "-DZSTD_NO_TRACE", "-DZSTD_DISABLE_ASM", "-DDEBUGLEVEL=0")
"""As in the recipe."""


def zstd_sources(folder: Path) -> list[Path]:
    """Return the C files of the decompressor, from the recipe's archive, unpacked into a new folder."""
    recipe = load_recipe("zstd")
    with SilentReporter().task(recipe.name) as task:
        archive = sources.fetch(recipe, task=task).path
    folder.mkdir(parents=True)
    library = unpack(archive, folder) / "lib"
    return sorted(path for name in ("common", "decompress") for path in (library / name).glob("*.c"))
