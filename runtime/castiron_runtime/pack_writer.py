"""Writes the description of what was built: ``CASTIRON.json`` of a pack, components, license texts.

``PYTHON.json`` beside it is for others; see `castiron_runtime.standalone`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from castiron_runtime.toolchain_licenses import toolchain_components

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from castiron_runtime.cpython import BuiltPython
    from castiron_runtime.model import Component
    from castiron_runtime.recipe import Recipe
    from castiron_runtime.sources import Source
    from castiron_runtime.zig import Zig

FILE = "CASTIRON.json"


def write(root: Path, recipe: Recipe, source: Source, built: BuiltPython, *, zig: Zig, key: str) -> None:
    """Write ``CASTIRON.json`` and ``licenses/`` of a pack below ``root``."""
    components = (*built.components, *toolchain_components(zig))
    write_licenses(root / "licenses", components)
    document = {
        "id": key,
        "python_version": source.version,
        "feature": recipe.cpython.feature,
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
