"""PYTHON.json: a pack's description in the format of python-build-standalone's full archives, version 8.

Source: python-build-standalone, docs/distributions.md ("PYTHON.json File") and the reader in its src/json.rs, which
refuses unknown fields: what that format has no word for stands in `castiron_runtime.pack_writer`.
"""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Any

from castiron_common.errors import RuntimePackError
from castiron_runtime.pack_writer import license_path

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from castiron_runtime.model import Component, Extension, Pack

FORMAT_VERSION = "8"
FILE = "PYTHON.json"


def extension_entry(
    extension: Extension, components: Mapping[str, Component], *, objects: Sequence[str] = ()
) -> dict[str, Any]:
    """Return one candidate for an extension module.

    ``objects`` are the paths of the module's own objects where they are at hand; its other archives are link
    requirements.
    """
    # The format's licenses are those of the libraries beyond Python itself.
    foreign = [components[name] for name in extension.components if name != "cpython"]
    return {
        "in_core": extension.always,
        "init_fn": extension.init or "NULL",
        "licenses": sorted({component.license for component in foreign}),
        "license_paths": sorted(license_path(component) for component in foreign),
        "license_public_domain": False,
        "links": [
            {"name": _link_name(path), "path_static": f"build/lib/{path.name}"} for path in extension.archives[1:]
        ],
        "objs": list(objects),
        "required": extension.always,
        "static_lib": f"build/lib/{extension.archives[0].name}" if extension.archives else None,
        "variant": "default",
    }


def _link_name(archive: Path) -> str:
    return archive.name.removeprefix("lib").removesuffix(".a")


def python_document(
    pack: Pack,
    extensions: Iterable[Extension],
    components: Mapping[str, Component],
    *,
    core_objects: Sequence[str] = (),
    extension_objects: Mapping[str, Sequence[str]] | None = None,
    inittab: tuple[str, str] = ("", ""),
    run_tests: str = "",
) -> dict[str, Any]:
    """Return PYTHON.json for a pack with these extension modules.

    Paths are relative to the folder that holds it.  ``inittab`` is the object and the source of the table of modules.
    """
    feature = pack.feature
    tag = feature.replace(".", "")
    optimizations = "lto" if pack.profiled.key == pack.toolchain.key else "pgo+lto"
    major, minor, micro = (int(part) for part in pack.python_version.split(".")[:3])
    variables = config_vars(pack)
    objects = extension_objects or {}
    library = f"install/lib/python{feature}"
    return {
        "version": FORMAT_VERSION,
        "target_triple": pack.target.triple.replace("-", "-unknown-", 1),
        "optimizations": optimizations,
        "build_options": f"{optimizations}+static",
        "python_tag": f"cp{tag}",
        "python_abi_tag": f"cp{tag}",
        "python_platform_tag": f"linux-{pack.target.machine}",
        "python_version": pack.python_version,
        "python_major_minor_version": feature,
        "python_implementation_name": "cpython",
        "python_implementation_cache_tag": f"cpython-{tag}",
        "python_implementation_hex_version": major << 24 | minor << 16 | micro << 8 | 0xF0,
        "python_implementation_version": [str(major), str(minor), str(micro), "final", "0"],
        "python_bytecode_magic_number": _magic_number(pack),
        "python_suffixes": {
            "bytecode": [".pyc"],
            "debug_bytecode": [".pyc"],
            "extension": [variables["EXT_SUFFIX"], ".abi3.so", ".so"],
            "optimized_bytecode": [".pyc"],
            "source": [".py"],
        },
        "python_stdlib_test_packages": [],
        "python_symbol_visibility": "global-default",
        "python_extension_module_loading": ["builtin"],
        "libpython_link_mode": "static",
        "python_paths": {
            "data": "install",
            "include": f"install/include/python{feature}",
            "platinclude": f"install/include/python{feature}",
            "platlib": f"{library}/site-packages",
            "platstdlib": library,
            "purelib": f"{library}/site-packages",
            "scripts": "install/bin",
            "stdlib": library,
        },
        "python_paths_abstract": _abstract_paths(pack),
        "python_config_vars": variables,
        "python_exe": f"install/bin/python{feature}",
        "crt_features": ["static"],
        "run_tests": run_tests,
        "licenses": [components["cpython"].license],
        "license_path": license_path(components["cpython"]),
        "build_info": {
            "core": {"objs": list(core_objects), "links": [], "static_lib": f"build/lib/{pack.core[0].name}"},
            "extensions": {
                item.name: [extension_entry(item, components, objects=objects.get(item.name, ()))]
                for item in sorted(extensions, key=lambda item: item.name)
            },
            "inittab_object": inittab[0],
            "inittab_source": inittab[1],
            "inittab_cflags": ["-I", f"install/include/python{feature}"],
            "object_file_format": "elf",
        },
    }


def config_vars(pack: Pack) -> dict[str, str]:
    """Return the variables of the build as sysconfig's module in the library has them, as strings."""
    text = next(pack.stdlib.glob("_sysconfigdata_*.py")).read_text()
    variables = ast.literal_eval(text.partition("build_time_vars = ")[2])
    return {key: str(value) for key, value in sorted(variables.items())}


def _abstract_paths(pack: Pack) -> dict[str, str]:
    """Return what ``sysconfig.get_paths(expand=False)`` says, from the library's own source (a package since 3.13)."""
    module = pack.stdlib / "sysconfig.py"
    source = module if module.is_file() else pack.stdlib / "sysconfig" / "__init__.py"
    for statement in ast.parse(source.read_text()).body:
        if isinstance(statement, ast.Assign) and ast.unparse(statement.targets[0]) == "_INSTALL_SCHEMES":
            schemes: dict[str, dict[str, str]] = ast.literal_eval(statement.value)
            return schemes["posix_prefix"]
    raise RuntimePackError(
        "The library does not say how its folders are called.",
        hint="Report this: the recipe does not fit this version of CPython.",
    )


def _magic_number(pack: Pack) -> str:
    """Return the magic number of bytecode files in hexadecimal, from the library's own source."""
    text = (pack.stdlib / "importlib" / "_bootstrap_external.py").read_text()
    found = re.search(r"^MAGIC_NUMBER = \((\d+)\)", text, re.MULTILINE)
    if found is None:
        raise RuntimePackError(
            "The library does not say the magic number of its bytecode.",
            hint="Report this: the recipe does not fit this version of CPython.",
        )
    return (int(found[1]).to_bytes(2, "little") + b"\r\n").hex()
