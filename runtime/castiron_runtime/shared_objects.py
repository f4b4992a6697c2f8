"""Components in the form that goes into shared objects: for extension modules that are built from source."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_runtime import sources
from castiron_runtime.builder_key import LIBRARY, builder_key
from castiron_runtime.packs import component_by
from castiron_runtime.recipe import build_key, filled, load_recipe
from castiron_runtime.toolchain import open_toolchain

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_common.target import Target
    from castiron_runtime.library import Library

_FLAGS = ("-fPIC", "-fno-direct-access-external-data", "-fvisibility=hidden")
"""Nothing is exported: else two modules with the same library would share one copy, whichever is loaded first."""


def library_for_shared_objects(name: str, target: Target, *, reporter: Reporter) -> Library:
    """Return a component whose archives can be linked into shared objects; builds it on first need.

    Raises `RuntimePackError` for a failed build, `HostToolError` for a missing program.
    """
    toolchain = open_toolchain(target, pie=True, reporter=reporter)
    key = hashlib.sha256("\n".join((toolchain.key, *_FLAGS)).encode()).hexdigest()[:16]
    compiling = replace(toolchain, cc=(*toolchain.cc, *_FLAGS), key=key)
    return component_by(name, compiling, compiling, reporter=reporter)


def library_version(name: str, target: Target) -> str:
    """Return the version of a component, without building it."""
    recipe = filled(load_recipe(name), target)
    chosen = sources.recorded(recipe)
    return chosen.version if chosen is not None else recipe.pins[0].version


def library_key(name: str, target: Target) -> str:
    """Return what changes whenever the component does, without building it."""
    recipe = filled(load_recipe(name), target)
    parts = (build_key(recipe), builder_key(LIBRARY), library_version(name, target), *_FLAGS)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()
