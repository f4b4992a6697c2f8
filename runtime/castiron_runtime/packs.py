"""Opening runtime packs: the core on first need, then the extension modules and the interpreter that are asked for."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import RuntimePackError
from castiron_runtime import cpython, description, sources
from castiron_runtime.process import BuildLog, require_tools
from castiron_runtime.recipe import load_recipe, recipe_names
from castiron_runtime.stub import stub_archive
from castiron_runtime.toolchain import TARGET, find_zig, open_toolchain, toolchain_key

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_runtime.model import Pack, Toolchain
    from castiron_runtime.recipe import Recipe
    from castiron_runtime.sources import Source

__all__ = ["open_pack", "stub_archive", "supported_pythons"]

DEFAULT_PYTHON = "3.13"


def supported_pythons() -> tuple[str, ...]:
    """Return the feature versions that packs can be built for, e.g. ``3.13``."""
    return tuple(name.removeprefix("cpython-") for name in recipe_names() if name.startswith("cpython-"))


def open_pack(python: str = DEFAULT_PYTHON, platform: str = TARGET, *, reporter: Reporter) -> Pack:
    """Return the runtime pack for a Python feature version; builds its toolchain and CPython's core on first need.

    Raises `RuntimePackError` for a version or platform without a recipe, and for a failed build; `HostToolError` for
    a missing program.
    """
    if platform != TARGET:
        raise RuntimePackError(f"There is no runtime pack for {platform}.", hint=f"There is one for {TARGET}.")
    if python not in supported_pythons():
        raise RuntimePackError(
            f"There is no runtime pack for Python {python}.", hint=f"There are: {', '.join(supported_pythons())}."
        )
    recipe = load_recipe(f"cpython-{python}")
    source = _source(recipe, reporter)
    key = component_key(recipe, source, (), revision=cpython.REVISION)
    entry = cache_root() / "components" / f"cpython-{source.version}-{key[:16]}"
    if not entry.is_dir():
        require_tools(*recipe.tools)
    toolchain = open_toolchain(reporter=reporter)

    def build(making: Path) -> None:
        with reporter.task(f"CPython {source.version}", estimate=recipe.estimate) as task:
            zig = find_zig()
            built = cpython.build(recipe, source, toolchain, zig, making, task=task, log=BuildLog("cpython"))
            description.write(making, recipe, source, built, toolchain, zig, key=key)

    folder_entry(entry, build)
    return description.read(entry, toolchain)


def _source(recipe: Recipe, reporter: Reporter) -> Source:
    known = sources.recorded(recipe)
    if known is not None:
        return known
    with reporter.task(f"source of {recipe.name}", estimate=10) as task:
        return sources.fetch(recipe, task=task)


def component_key(recipe: Recipe, source: Source, needs: tuple[str, ...], *, revision: int) -> str:
    """Return the content key of a built component: recipe, source, toolchain, builder, and its dependencies' keys."""
    parts = (recipe.digest, source.sha256, toolchain_key(find_zig()), str(revision), *needs)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
