"""Small manifests and packs for tests of the link stage."""

from __future__ import annotations

import hashlib

from castiron_manifest.model import (
    Distribution,
    Entry,
    EntryKind,
    LicenseEvidence,
    Manifest,
    Module,
    ModuleKind,
    Origin,
    Resource,
    Target,
    Wheel,
)
from castiron_runtime.model import Component, Extension, LicenseText

TARGET = Target(platform="x86_64-linux-musl", python="3.13")


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def app_module(name: str, path: str, source: bytes) -> Module:
    kind = ModuleKind.PACKAGE if path.endswith("__init__.py") else ModuleKind.SOURCE
    return Module(name=name, kind=kind, origin=Origin.APP, path=path, sha256=sha256(source))


def manifest(
    sources: dict[str, bytes],
    *,
    modules: tuple[Module, ...] = (),
    resources: tuple[Resource, ...] = (),
    distributions: tuple[Distribution, ...] = (),
    texts: tuple[str, ...] = (),
    pack: str = "cpython-3.13.15",
) -> Manifest:
    """A manifest of the script ``app.py`` among ``sources`` (path -> content)."""
    own = tuple(
        app_module(
            "__main__" if path == "app.py" else path.removesuffix("/__init__.py").removesuffix(".py").replace("/", "."),
            path,
            source,
        )
        for path, source in sources.items()
        if path.endswith(".py")
    )
    return Manifest(
        generator="castiron test",
        pack=pack,
        target=TARGET,
        entry=Entry(kind=EntryKind.SCRIPT, module="__main__", path="app.py", name="app"),
        modules=tuple(sorted((*own, *modules), key=lambda module: (module.name, module.origin, module.path or ""))),
        resources=resources,
        distributions=distributions,
        blobs=tuple(sorted({sha256(data): data for data in sources.values()}.items())),
        texts=tuple(sorted((sha256(text.encode()), text) for text in texts)),
    )


def distribution(name: str, evidence: LicenseEvidence | None = None) -> Distribution:
    wheel = Wheel(filename=f"{name}-1.0-py3-none-any.whl", sha256=sha256(name.encode()), size=1)
    return Distribution(
        name=name,
        version="1.0",
        wheel=wheel,
        purl=f"pkg:pypi/{name}@1.0",
        license=LicenseEvidence() if evidence is None else evidence,
    )


def extension(name: str, *, always: bool = False) -> Extension:
    return Extension(name=name, init=f"PyInit_{name}", archives=(), components=(), always=always)


def component(name: str, text: str = "text") -> Component:
    return Component(
        name=name,
        version="1.0",
        purl=f"pkg:generic/{name}@1.0",
        cpe="",
        license="MIT",
        evidence="recipe",
        texts=(LicenseText(path="LICENSE", sha256=sha256(text.encode()), text=text),),
        source_sha256="",
    )
