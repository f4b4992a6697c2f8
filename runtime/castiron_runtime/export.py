"""Exporting a pack as one archive in python-build-standalone's full-archive layout: everything below ``python/``."""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

import zstandard

from castiron_common.errors import UsageError
from castiron_common.files import atomic_write
from castiron_runtime import description
from castiron_runtime.packs import interpreter, provide

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_runtime.model import LinkInputs, Pack

_LEVEL = 10
"""Of zstd: 19 would save a tenth of the size and take ten times as long."""


def export_pack(pack: Pack, output: Path, *, reporter: Reporter) -> None:
    """Write ``output`` (``.tar.zst``): the pack with every extension module built, and its interpreter.

    The same pack gives the same bytes.  Raises `UsageError` for another suffix, `OutputError` if it cannot be written.
    """
    if not output.name.endswith(".tar.zst"):
        raise UsageError(f"{output.name} does not end in .tar.zst.", hint="Name the archive with -o NAME.tar.zst.")
    inputs = provide(pack, pack.extensions, reporter=reporter)
    program = interpreter(pack, full=True, reporter=reporter)
    with reporter.task("export", estimate=20) as task, atomic_write(output) as file:
        task.step(output.name)
        compressor = zstandard.ZstdCompressor(level=_LEVEL)
        with (
            compressor.stream_writer(file, closefd=False) as stream,
            tarfile.open(fileobj=stream, mode="w|", format=tarfile.PAX_FORMAT) as tar,
        ):
            document = _document(pack, inputs)
            _add_bytes(tar, "python/PYTHON.json", (json.dumps(document, indent=1, sort_keys=True) + "\n").encode())
            for name, path in sorted(_files(pack, inputs, program).items()):
                _add_bytes(tar, name, path.read_bytes(), executable=path == program)
            for component in inputs.components:
                for text in component.texts:
                    if component.name not in pack.components:
                        path_in_archive = f"python/licenses/{component.name}/{text.sha256[:16]}.txt"
                        _add_bytes(tar, path_in_archive, text.text.encode())


def _files(pack: Pack, inputs: LinkInputs, program: Path) -> dict[str, Path]:
    """Return name in the archive -> file."""
    files = {}
    for folder in ("build", "install", "licenses", "source"):
        for path in (pack.root / folder).rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                files[f"python/{path.relative_to(pack.root)}"] = path
    for path in inputs.archives:
        if not path.is_relative_to(pack.root):
            files[f"python/build/lib/{path.name}"] = path
    for path in (pack.toolchain.crt1, *pack.toolchain.libraries):
        files[f"python/build/toolchain/{path.name}"] = path
    files[f"python/install/bin/{program.name}"] = program
    loader = program.parent.parent / "lib" / "libc.so"
    files["python/install/lib/libc.so"] = loader
    return files


def _document(pack: Pack, inputs: LinkInputs) -> dict[str, Any]:
    """Return PYTHON.json, completed by the extension modules that were built on demand."""
    document: dict[str, Any] = json.loads((pack.root / "PYTHON.json").read_bytes())
    components = {component.name: component for component in inputs.components}
    for extension in inputs.extensions:
        if extension.on_demand:
            document["build_info"]["extensions"][extension.name] = [
                description.on_demand_entry(extension, [path.name for path in extension.archives], components)
            ]
    own = document["castiron"]
    names = {item["name"] for item in own["components"]}
    own["components"] += [
        description.component_entry(component) for component in inputs.components if component.name not in names
    ]
    own["owners"] |= {
        f"build/lib/{path.name}": list(owner)
        for path, owner in inputs.owners.items()
        if path in inputs.archives and not path.is_relative_to(pack.root)
    }
    return document


def _add_bytes(tar: tarfile.TarFile, name: str, data: bytes, *, executable: bool = False) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(data)
    entry.mode = 0o755 if executable else 0o644
    tar.addfile(entry, io.BytesIO(data))
