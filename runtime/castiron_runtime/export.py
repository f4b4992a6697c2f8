"""Exporting a pack as one archive in python-build-standalone's full-archive layout: everything below ``python/``."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import zstandard

from castiron_common.errors import UsageError
from castiron_common.files import atomic_write, check_output
from castiron_common.working import working_folder
from castiron_elf.archive import read_members
from castiron_runtime import pack_writer, standalone
from castiron_runtime.interpreter import link_static
from castiron_runtime.packs import provide
from castiron_runtime.process import BuildLog

if TYPE_CHECKING:
    from castiron_common.progress import Reporter
    from castiron_runtime.model import LinkInputs, Pack

_LEVEL = 10
"""Of zstd: 19 would save a tenth of the size and take ten times as long."""

_TESTS = '''"""Imports every built-in extension module of this Python; fails if one is broken."""

import importlib
import sys

for name in sys.builtin_module_names:
    # Without a dynamic loader, ctypes is of use to those alone who link one in.
    if not name.startswith("_frozen_"):
        importlib.import_module(name)
print(f"{len(sys.builtin_module_names)} built-in modules")
'''


def check_archive(output: Path) -> None:
    """Raise `UsageError` for another suffix than ``.tar.zst``, `OutputError` if it certainly cannot be written."""
    if not output.name.endswith(".tar.zst"):
        raise UsageError(f"{output.name} does not end in .tar.zst.", hint="Use -o NAME.tar.zst.")
    check_output(output.absolute())


def export_pack(pack: Pack, output: Path, *, reporter: Reporter) -> None:
    """Write ``output`` (``.tar.zst``): the pack with every extension module, objects apart, and a static ``python``.

    The same pack gives the same bytes.  Raises as `check_archive` does.
    """
    check_archive(output)
    inputs = provide(pack, pack.extensions, reporter=reporter)
    with (
        reporter.task("export", estimate=20) as task,
        working_folder("export") as folder,
        atomic_write(output) as file,
    ):
        task.step("linking python")
        entries = _entries(pack, inputs, folder)
        task.step(output.name)
        compressor = zstandard.ZstdCompressor(level=_LEVEL)
        with (
            compressor.stream_writer(file, closefd=False) as stream,
            tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name, content in sorted(entries.items()):
                _add(tar, f"python/{name}", content, executable=name.startswith("install/bin/"))


def _entries(pack: Pack, inputs: LinkInputs, work: Path) -> dict[str, Path | bytes]:
    """Return name below ``python/`` -> file, empty folder, or content."""
    entries: dict[str, Path | bytes] = {}
    for folder in ("build", "install", "source"):
        for path in (pack.root / folder).rglob("*"):
            if "__pycache__" not in path.parts and (path.is_file() or not any(path.iterdir())):
                entries[str(path.relative_to(pack.root))] = path
    for path in inputs.archives:
        entries[f"build/lib/{path.name}"] = path
    for path in (pack.toolchain.crt1, *pack.toolchain.libraries):
        entries[f"build/toolchain/{path.name}"] = path
    for component in inputs.components:
        for text in component.texts:
            entries[f"licenses/{component.name}/{text.sha256[:16]}.txt"] = text.text.encode()

    core = _take_apart(entries, "core", (*pack.core, pack.frozen))
    modules = {item.name: _take_apart(entries, f"Modules/{item.name}", item.archives[:1]) for item in inputs.extensions}
    log = BuildLog("export")
    program = link_static(pack, inputs.extensions, inputs.archives, work, log=log)
    entries[f"install/bin/python{pack.feature}"] = program
    entries["build/Modules/config.c"] = work / "config.c"
    entries["build/Modules/config.o"] = work / "config.o"
    entries["build/run_tests.py"] = _TESTS.encode()
    document = standalone.python_document(
        pack,
        inputs.extensions,
        {component.name: component for component in inputs.components},
        core_objects=core,
        extension_objects=modules,
        inittab=("build/Modules/config.o", "build/Modules/config.c"),
        run_tests="build/run_tests.py",
    )
    entries[standalone.FILE] = _json(document)
    entries[pack_writer.FILE] = _json(_components(inputs))
    return entries


def _take_apart(entries: dict[str, Path | bytes], folder: str, libraries: tuple[Path, ...]) -> list[str]:
    """Add the objects of static libraries to the entries; return their names."""
    names = []
    for library in libraries:
        for member, data in read_members(library):
            name = f"build/{folder}/{member}"
            entries[name] = data
            names.append(name)
    return names


def _components(inputs: LinkInputs) -> dict[str, object]:
    """Return the licenses: what PYTHON.json has no word for."""
    return {
        "components": [pack_writer.component_entry(component) for component in inputs.components],
        "extensions": {item.name: list(item.components) for item in inputs.extensions},
        "owners": {f"build/lib/{path.name}": list(owner) for path, owner in inputs.owners.items()},
    }


def _json(value: object) -> bytes:
    return (json.dumps(value, indent=1, sort_keys=True) + "\n").encode()


def _add(tar: tarfile.TarFile, name: str, content: Path | bytes, *, executable: bool) -> None:
    entry = tarfile.TarInfo(name)
    if isinstance(content, Path) and content.is_dir():
        # CPython looks for lib-dynload to find its place, even if nothing is in it.
        entry.type = tarfile.DIRTYPE
        entry.mode = 0o755
        tar.addfile(entry)
        return
    data = content if isinstance(content, bytes) else content.read_bytes()
    entry.size = len(data)
    entry.mode = 0o755 if executable else 0o644
    tar.addfile(entry, io.BytesIO(data))
