"""Reads the description of what was built (`castiron_runtime.pack_writer`) back, as `Pack` and `Component`."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from castiron_common.errors import RuntimePackError
from castiron_runtime.model import Component, Extension, LicenseText, Pack
from castiron_runtime.pack_writer import FILE
from castiron_runtime.recipe import ExtensionChange, cpython_recipe, filled, load_recipe, recipe_names

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_common.target import Target
    from castiron_runtime.model import Toolchain
    from castiron_runtime.recipe import ExtensionRecipe

_UNCHANGED = ExtensionChange()
_MAIN = "cpython"
"""Name of the interpreter's own component."""


def parse_component(values: Mapping[str, Any], folder: Path) -> Component:
    """Return the component that `component_entry` described; ``folder`` holds the license texts."""
    name = values["name"]
    return Component(
        name=name,
        version=values["version"],
        purl=values["purl"],
        cpe=values["cpe"],
        license=values["license"],
        evidence=values["evidence"],
        source_sha256=values["source_sha256"],
        texts=tuple(
            LicenseText(
                path=text["path"],
                sha256=text["sha256"],
                text=(folder / name / f"{text['sha256'][:16]}.txt").read_text(),
            )
            for text in values["texts"]
        ),
    )


def read(root: Path, toolchain: Toolchain, profiled: Toolchain) -> Pack:
    """Return the pack below ``root``; raises `RuntimePackError` if its description cannot be understood."""
    try:
        return _pack(root, json.loads((root / FILE).read_bytes()), toolchain, profiled)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuntimePackError(
            f"The runtime pack in {root} is damaged: {error!r}.", hint=f"Delete {root} and run the command again."
        ) from error


def _pack(root: Path, document: Mapping[str, Any], toolchain: Toolchain, profiled: Toolchain) -> Pack:
    extensions = {
        name: Extension(
            name=name,
            init=values["init"],
            archives=tuple(root / path for path in values["archives"]),
            components=tuple(values["components"]),
            always=values["always"],
        )
        for name, values in document["extensions"].items()
    }
    for extension in on_demand_extensions(document["feature"], toolchain.target):
        extensions[extension.name] = Extension(
            name=extension.name,
            init=f"PyInit_{extension.name}",
            archives=(),
            components=tuple(sorted((_MAIN, *extension.components))),
            on_demand=True,
        )
    owners = {root / path: tuple(names) for path, names in document["owners"].items()}
    libc, zigc, compiler_rt = toolchain.libraries
    name = toolchain.target.libc.name
    owners |= {libc: (name,), zigc: ("zig-libc",), compiler_rt: ("compiler-rt",), toolchain.crt1: (name,)}
    feature = document["feature"]
    include = root / "install" / "include" / f"python{feature}"
    return Pack(
        id=document["id"],
        root=root,
        python_version=document["python_version"],
        feature=feature,
        target=toolchain.target,
        core=tuple(root / path for path in document["core"]),
        frozen=root / document["frozen"],
        extensions=dict(sorted(extensions.items())),
        stdlib=root / "install" / "lib" / f"python{feature}",
        include=include,
        internal_include=include / "internal",
        source=root / "source",
        toolchain=toolchain,
        profiled=profiled,
        components={item["name"]: parse_component(item, root / "licenses") for item in document["components"]},
        owners=owners,
    )


@cache
def on_demand_extensions(feature: str, target: Target) -> tuple[ExtensionRecipe, ...]:
    """Return the extension modules that recipes other than CPython's offer, as this series needs them, by name."""
    changes = cpython_recipe(feature).cpython.extensions
    recipes = (load_recipe(name) for name in recipe_names())
    offered = (extension for recipe in recipes if recipe.extensions for extension in filled(recipe, target).extensions)
    found = [changed(item, changes.get(item.name, _UNCHANGED)) for item in offered if item.is_in(feature)]
    return tuple(sorted(found, key=lambda extension: extension.name))


def changed(extension: ExtensionRecipe, change: ExtensionChange) -> ExtensionRecipe:
    """Return an extension module's recipe as a series wants it."""
    return replace(extension, flags=(*extension.flags, *change.flags), sources=change.sources or extension.sources)
