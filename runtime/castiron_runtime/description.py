"""CASTIRON.json: how a built pack is described in the cache, and how `Pack` is read back from it.

``PYTHON.json`` beside it is for others; see `castiron_runtime.standalone`.
"""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from castiron_common.errors import RuntimePackError
from castiron_runtime.model import Component, Extension, LicenseText, Pack
from castiron_runtime.recipe import load_recipe, recipe_names
from castiron_runtime.toolchain import TARGET, toolchain_components

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from castiron_runtime.cpython import BuiltPython
    from castiron_runtime.model import Toolchain
    from castiron_runtime.recipe import ExtensionRecipe, Recipe
    from castiron_runtime.sources import Source
    from castiron_runtime.toolchain import Zig

FILE = "CASTIRON.json"
_MAIN = "cpython"
"""Name of the interpreter's own component."""


def write(root: Path, recipe: Recipe, source: Source, built: BuiltPython, *, zig: Zig, key: str) -> None:
    """Write ``CASTIRON.json`` and ``licenses/`` of a pack below ``root``."""
    components = (*built.components, *toolchain_components(zig))
    write_licenses(root / "licenses", components)
    document = {
        "id": key,
        "python_version": source.version,
        "feature": recipe.build["feature"],
        "pinned_source": source.pinned,
        "core": [f"build/lib/{built.core}"],
        "frozen": f"build/lib/{built.frozen}",
        "extensions": {
            extension.name: {
                "init": extension.init,
                "archives": [f"build/lib/{name}" for name in extension.libraries],
                "components": list(extension.components),
                "always": extension.always,
            }
            for extension in built.extensions
        },
        "owners": {f"build/lib/{name}": list(owner) for name, owner in built.owners.items()},
        "components": [component_entry(component) for component in sorted(components, key=lambda item: item.name)],
    }
    (root / FILE).write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def license_path(component: Component) -> str:
    """Return where a component's first text stands in a pack."""
    return f"licenses/{component.name}/{component.texts[0].sha256[:16]}.txt"


def write_licenses(folder: Path, components: Iterable[Component]) -> None:
    """Write each component's texts into ``folder``/<component>/<start of the text's hash>.txt."""
    for component in components:
        for text in component.texts:
            path = folder / component.name / f"{text.sha256[:16]}.txt"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text.text)


def component_entry(component: Component) -> dict[str, Any]:
    """Return a component as JSON values, its texts by file."""
    return {
        "name": component.name,
        "version": component.version,
        "purl": component.purl,
        "cpe": component.cpe,
        "license": component.license,
        "evidence": component.evidence,
        "source_sha256": component.source_sha256,
        "texts": [{"path": text.path, "sha256": text.sha256} for text in component.texts],
    }


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


def read(root: Path, toolchain: Toolchain) -> Pack:
    """Return the pack below ``root``; raises `RuntimePackError` if its description cannot be understood."""
    try:
        return _pack(root, json.loads((root / FILE).read_bytes()), toolchain)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise RuntimePackError(
            f"The runtime pack in {root} is damaged: {error!r}.", hint=f"Delete {root} and run the command again."
        ) from error


def _pack(root: Path, document: Mapping[str, Any], toolchain: Toolchain) -> Pack:
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
    for extension in on_demand_extensions(document["feature"]):
        extensions[extension.name] = Extension(
            name=extension.name,
            init=f"PyInit_{extension.name}",
            archives=(),
            components=tuple(sorted((_MAIN, *extension.components))),
            on_demand=True,
        )
    owners = {root / path: tuple(names) for path, names in document["owners"].items()}
    musl, zigc, compiler_rt = toolchain.libraries
    owners |= {musl: ("musl",), zigc: ("zig-libc",), compiler_rt: ("compiler-rt",), toolchain.crt1: ("musl",)}
    feature = document["feature"]
    include = root / "install" / "include" / f"python{feature}"
    return Pack(
        id=document["id"],
        root=root,
        python_version=document["python_version"],
        feature=feature,
        platform=TARGET,
        core=tuple(root / path for path in document["core"]),
        frozen=root / document["frozen"],
        extensions=dict(sorted(extensions.items())),
        stdlib=root / "install" / "lib" / f"python{feature}",
        include=include,
        internal_include=include / "internal",
        source=root / "source",
        toolchain=toolchain,
        components={item["name"]: parse_component(item, root / "licenses") for item in document["components"]},
        owners=owners,
    )


def on_demand_extensions(feature: str) -> tuple[ExtensionRecipe, ...]:
    """Return the extension modules that recipes other than CPython's offer, as this series needs them, by name."""
    more = load_recipe(f"cpython-{feature}").build.get("extension_flags", {})
    found = (extension for name in recipe_names() for extension in load_recipe(name).extensions)
    return tuple(
        replace(extension, flags=(*extension.flags, *more.get(extension.name, ())))
        for extension in sorted(found, key=lambda extension: extension.name)
    )
