"""Small reports and manifests for tests."""

import struct
from pathlib import Path

from castiron_audit.collect import build_report
from castiron_audit.linked import Linked, LinkedComponent
from castiron_audit.model import Form, Report, Supplier
from castiron_audit.own_signatures import OwnSignature
from castiron_common.files import sha256_bytes
from castiron_manifest.model import (
    Distribution,
    Entry,
    EntryKind,
    LicenseEvidence,
    LicenseFile,
    Manifest,
    Module,
    ModuleKind,
    Native,
    Origin,
    Target,
    Tier,
    Via,
    Wheel,
)
from castiron_runtime.model import Component, LicenseText
from castiron_runtime.source_changes import NOTICE

MIT = """MIT License

Copyright (c) 2020 The Authors of It

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


def distribution(
    name: str,
    expression: str | None = None,
    *,
    classifiers: tuple[str, ...] = (),
    text: str | None = None,
    files: dict[str, str] | None = None,
    requires: tuple[str, ...] = (),
    direct: bool = False,
) -> Distribution:
    folder = f"{name.replace('-', '_')}-1.0.dist-info"
    return Distribution(
        name=name,
        version="1.0",
        wheel=Wheel(filename=f"{name}-1.0-py3-none-any.whl", sha256=sha256_bytes(name.encode()), size=1),
        purl=f"pkg:pypi/{name}@1.0",
        requires=requires,
        direct=direct,
        license=LicenseEvidence(
            expression=expression,
            text=text,
            classifiers=classifiers,
            files=tuple(
                LicenseFile(path=f"{folder}/{path}", sha256=sha256_bytes(content.encode()))
                for path, content in sorted((files or {}).items())
            ),
        ),
    )


def manifest(*items: Distribution, texts: tuple[str, ...] = (), natives: tuple[Native, ...] = ()) -> Manifest:
    """Return a manifest in which app.py imports the first distribution, that the second, and so on."""
    modules = [Module(name="__main__", kind=ModuleKind.SOURCE, origin=Origin.APP, path="app.py", sha256="0" * 64)]
    importer = "__main__"
    for line, item in enumerate(items, start=1):
        name = item.name.replace("-", "_")
        modules.append(
            Module(
                name=name,
                kind=ModuleKind.SOURCE,
                origin=Origin.DISTRIBUTION,
                distribution=item.name,
                path=f"{name}.py",
                via=Via(importer=importer, line=line, tier=Tier.REQUIRED),
            )
        )
        importer = name
    modules.append(Module(name="http.cookies", kind=ModuleKind.SOURCE, origin=Origin.STDLIB, path="http/cookies.py"))
    return Manifest(
        generator="castiron 0.1.0",
        pack="cpython-3.13.15",
        target=Target(platform="x86_64-linux-musl", python="3.13"),
        entry=Entry(kind=EntryKind.SCRIPT, module="__main__", path="app.py", name="app"),
        distributions=items,
        modules=tuple(sorted(modules, key=lambda module: module.name)),
        natives=natives,
        texts=tuple(sorted((sha256_bytes(text.encode()), text) for text in texts)),
    )


def runtime(
    name: str, license_: str, *, size: int = 1000, members: tuple[str, ...] = (), changes: str = ""
) -> LinkedComponent:
    texts = {"COPYING": f"License of {name}\nCopyright (c) 2020 The {name} project\n"}
    if changes:
        texts[NOTICE] = changes
    return LinkedComponent(
        component=Component(
            name=name,
            version="1.2.3",
            purl=f"pkg:generic/{name}@1.2.3",
            cpe=f"cpe:2.3:a:{name}:{name}:1.2.3:*:*:*:*:*:*:*",
            license=license_,
            evidence="COPYING",
            texts=tuple(
                LicenseText(path=path, sha256=sha256_bytes(text.encode()), text=text) for path, text in texts.items()
            ),
            source_sha256="1" * 64,
        ),
        size=size,
        members=members,
    )


def report(
    *items: Distribution,
    texts: tuple[str, ...] = (),
    components: tuple[LinkedComponent, ...] = (),
    natives: tuple[Native, ...] = (),
    site: Path | None = None,
    license_: str | None = None,
    supplier: Supplier | None = None,
    signatures: tuple[OwnSignature, ...] = (),
) -> Report:
    """Return the report of a linked binary with these distributions and components of the runtime."""
    sizes = {native.sha256: native.size for native in natives}
    paths_of = {key: [native.path for native in natives if native.sha256 == key] for key in sizes}
    linked = Linked(
        components=(runtime("cpython", "PSF-2.0", members=("Python-dtoa.o",)), *components),
        sizes={"app": {Form.BYTECODE: 10}} | {item.name: {Form.BYTECODE: 100, Form.STATIC: 5000} for item in items},
        images=frozenset(native.path for native in natives),
        files={paths[0]: sizes[sha256] for sha256, paths in paths_of.items()},
    )
    return build_report(
        manifest(*items, texts=texts, natives=natives),
        site=site,
        linked=linked,
        license_=license_,
        version="3.2",
        supplier=supplier,
        signatures=signatures,
    )


def font_file(names: dict[int, str]) -> bytes:
    """Return a TrueType font of nothing but a name table."""
    blob, rows = b"", b""
    for name, text in names.items():
        raw = text.encode("utf-16-be")
        rows += struct.pack(">HHHHHH", 3, 1, 0x409, name, len(raw), len(blob))
        blob += raw
    table = struct.pack(">HHH", 0, len(names), 6 + len(rows)) + rows + blob
    return b"\0\1\0\0" + struct.pack(">HHHH", 1, 0, 0, 0) + struct.pack(">4sIII", b"name", 0, 28, len(table)) + table
