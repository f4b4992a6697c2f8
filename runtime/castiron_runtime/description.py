"""PYTHON.json: the pack's description in python-build-standalone's full-archive format, with a part of our own.

Source: python-build-standalone, docs/distributions.rst, "Full Archive", version 8.  What that format has no word for
(components with licenses, owners of archives) stands under the key ``castiron``.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from castiron_common.errors import RuntimePackError
from castiron_runtime.model import Component, Extension, LicenseText, Pack
from castiron_runtime.recipe import load_recipe, recipe_names
from castiron_runtime.toolchain import TARGET, toolchain_components

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from castiron_runtime.cpython import BuiltExtension, BuiltPython
    from castiron_runtime.model import Toolchain
    from castiron_runtime.recipe import ExtensionRecipe, Recipe
    from castiron_runtime.sources import Source
    from castiron_runtime.toolchain import Zig

FORMAT_VERSION = "8"


def write(
    root: Path, recipe: Recipe, source: Source, built: BuiltPython, *, toolchain: Toolchain, zig: Zig, key: str
) -> None:
    """Write ``PYTHON.json`` and ``licenses/`` of a pack below ``root``."""
    components = (*built.components, *toolchain_components(zig))
    write_licenses(root / "licenses", components)
    by_name = {component.name: component for component in components}
    feature = str(recipe.build["feature"])
    tag = feature.replace(".", "")
    extensions = {extension.name: [_extension_entry(extension, by_name)] for extension in built.extensions}
    document = {
        "version": FORMAT_VERSION,
        "target_triple": "x86_64-unknown-linux-musl",
        "optimizations": "noopt",
        "python_tag": f"cp{tag}",
        "python_version": source.version,
        "python_major_minor_version": feature,
        "python_implementation_name": "cpython",
        "python_implementation_cache_tag": f"cpython-{tag}",
        "python_implementation_hex_version": _hex_version(source.version),
        "python_abi_tag": f"cp{tag}",
        "python_platform_tag": "linux-x86_64",
        "python_bytecode_magic_number": _magic_number(root, feature),
        "python_suffixes": {
            "bytecode": [".pyc"],
            "debug_bytecode": [".pyc"],
            "extension": [built.config["EXT_SUFFIX"], ".abi3.so", ".so"],
            "optimized_bytecode": [".pyc"],
            "source": [".py"],
        },
        "python_stdlib_test_packages": [],
        "python_symbol_visibility": "global-default",
        "python_extension_module_loading": ["builtin"],
        "libpython_link_mode": "static",
        "link_mode": "static",
        "python_paths": {
            "include": f"install/include/python{feature}",
            "platinclude": f"install/include/python{feature}",
            "stdlib": f"install/lib/python{feature}",
            "platstdlib": f"install/lib/python{feature}",
            "purelib": f"install/lib/python{feature}/site-packages",
            "platlib": f"install/lib/python{feature}/site-packages",
            "scripts": "install/bin",
            "data": "install",
        },
        "python_paths_abstract": {
            "stdlib": f"{{installed_base}}/lib/python{feature}",
            "include": f"{{installed_base}}/include/python{feature}",
        },
        "python_exe": f"install/bin/python{feature}",
        "python_stdlib_platform_config": f"install/lib/python{feature}/_sysconfigdata__linux_{TARGET}.py",
        "python_config_vars": dict(sorted(built.config.items())),
        "crt_features": ["static"],
        "run_tests": "",
        "licenses": ["PSF-2.0"],
        "license_path": _license_path(by_name[built.components[0].name]),
        "build_info": {
            "core": {"objs": [], "links": [], "static_lib": f"build/lib/{built.core}"},
            "extensions": dict(sorted(extensions.items())),
            "inittab_object": "",
            "inittab_source": "",
            "inittab_cflags": [],
            "object_file_format": "elf",
        },
        "castiron": {
            "key": key,
            "toolchain": toolchain.version,
            "pinned_source": source.pinned,
            "core": [f"build/lib/{built.core}"],
            "core_objects": list(built.objects),
            "frozen": f"build/lib/{built.frozen}",
            "owners": {f"build/lib/{name}": list(owner) for name, owner in sorted(built.owners.items())},
            "components": [component_entry(component) for component in sorted(components, key=lambda item: item.name)],
        },
    }
    text = json.dumps(_without_build_paths(document, root), indent=1, sort_keys=True)
    (root / "PYTHON.json").write_text(text + "\n")


def _without_build_paths(document: dict[str, Any], root: Path) -> dict[str, Any]:
    text = json.dumps(document).replace(str(root / "work" / "b"), "/build").replace(str(root / "work"), "/build")
    result: dict[str, Any] = json.loads(text)
    return result


def _extension_entry(extension: BuiltExtension, components: Mapping[str, Component]) -> dict[str, Any]:
    return _entry(extension.init, extension.libraries, extension.components, components, always=extension.always)


def on_demand_entry(
    extension: Extension, libraries: Sequence[str], components: Mapping[str, Component]
) -> dict[str, Any]:
    """Return the description of an extension module that was built on demand; ``libraries`` are file names."""
    return _entry(extension.init, libraries, extension.components, components, always=False)


def _entry(
    init: str, libraries: Sequence[str], names: Sequence[str], components: Mapping[str, Component], *, always: bool
) -> dict[str, Any]:
    return {
        "in_core": always,
        "init_fn": init or "NULL",
        "licenses": sorted({components[name].license for name in names}),
        "license_paths": sorted(_license_path(components[name]) for name in names),
        "license_public_domain": False,
        "links": [
            {"name": name.removeprefix("lib").removesuffix(".a"), "path_static": f"build/lib/{name}"}
            for name in libraries
        ],
        "objs": [],
        "required": always,
        "shared_lib": None,
        "static_lib": f"build/lib/{libraries[0]}" if libraries else None,
        "variant": "default",
        "castiron_components": list(names),
    }


def _license_path(component: Component) -> str:
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
        document = json.loads((root / "PYTHON.json").read_bytes())
        if document["version"] != FORMAT_VERSION:
            raise RuntimePackError(
                f"{root / 'PYTHON.json'} has format version {document['version']}, not {FORMAT_VERSION}.",
                hint="Build the pack with this version of Castiron.",
            )
        return _pack(root, document, toolchain)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise RuntimePackError(
            f"The runtime pack in {root} is damaged: {error!r}.", hint=f"Delete {root} and run the command again."
        ) from error


def _pack(root: Path, document: Mapping[str, Any], toolchain: Toolchain) -> Pack:
    own = document["castiron"]
    components = {values["name"]: parse_component(values, root / "licenses") for values in own["components"]}
    main = own["components"][0]["name"] if "cpython" not in components else "cpython"
    extensions = {
        name: Extension(
            name=name,
            init="" if entries[0]["init_fn"] == "NULL" else entries[0]["init_fn"],
            archives=tuple(root / link["path_static"] for link in entries[0]["links"]),
            components=tuple(entries[0]["castiron_components"]),
            always=entries[0]["required"],
        )
        for name, entries in document["build_info"]["extensions"].items()
    }
    for extension in on_demand_extensions():
        extensions[extension.name] = Extension(
            name=extension.name,
            init=f"PyInit_{extension.name}",
            archives=(),
            components=tuple(sorted((main, *extension.components))),
            on_demand=True,
        )
    owners = {root / path: tuple(names) for path, names in own["owners"].items()}
    musl, zigc, compiler_rt = toolchain.libraries
    owners |= {musl: ("musl",), zigc: ("zig-libc",), compiler_rt: ("compiler-rt",), toolchain.crt1: ("musl",)}
    return Pack(
        id=own["key"],
        root=root,
        python_version=document["python_version"],
        feature=document["python_major_minor_version"],
        platform=TARGET,
        core=tuple(root / path for path in own["core"]),
        frozen=root / own["frozen"],
        extensions=dict(sorted(extensions.items())),
        stdlib=root / document["python_paths"]["stdlib"],
        include=root / document["python_paths"]["include"],
        internal_include=root / document["python_paths"]["include"] / "internal",
        source=root / "source",
        toolchain=toolchain,
        components=components,
        owners=owners,
    )


def on_demand_extensions() -> tuple[ExtensionRecipe, ...]:
    """Return the extension modules that recipes other than CPython's offer, sorted by name."""
    found = (extension for name in recipe_names() for extension in load_recipe(name).extensions)
    return tuple(sorted(found, key=lambda extension: extension.name))


def _hex_version(version: str) -> str:
    major, minor, micro = (int(part) for part in version.split(".")[:3])
    return f"0x{major:02x}{minor:02x}{micro:02x}f0"


def _magic_number(root: Path, feature: str) -> str:
    """Return the magic number of bytecode files in hexadecimal, from the library's own source."""
    text = (root / "install" / "lib" / f"python{feature}" / "importlib" / "_bootstrap_external.py").read_text()
    found = re.search(r"^MAGIC_NUMBER = \((\d+)\)", text, re.MULTILINE)
    if found is None:
        raise RuntimePackError(
            "The library does not say the magic number of its bytecode.",
            hint="Report this: the recipe does not fit this version of CPython.",
        )
    return (int(found[1]).to_bytes(2, "little") + b"\r\n").hex()
