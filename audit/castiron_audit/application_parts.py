"""Collects what others have in the application's own files: shared objects, scripts, fonts, vendored packages.

The manifest carries these files.  The detectors read them in a folder, as they read installed distributions.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from castiron_audit.collected import Collected
from castiron_audit.detection.contents import DistributionContents
from castiron_audit.detection.driver import detect
from castiron_audit.detection.from_vendor_folders import is_vendored
from castiron_audit.model import Form, Step
from castiron_common.working import working_folder
from castiron_manifest.model import Distribution, Origin, Wheel
from castiron_runtime.target_files import load_target

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from castiron_audit.linked import Linked
    from castiron_audit.own_signatures import OwnSignature
    from castiron_manifest.model import Manifest, Native

_LARGEST = 64_000_000
"""Bytes; larger data files hold nothing that a detector reads."""
_NO_WHEEL = Wheel(filename="", sha256="", size=0)
_APPLICATION = Distribution(name="application", version="", wheel=_NO_WHEEL, purl="")


def collect_application_parts(
    manifest: Manifest, *, linked: Linked | None, signatures: tuple[OwnSignature, ...] = ()
) -> Collected:
    """Return the third-party components in the application's own files; their bytes count for the application.

    Raises `InputError` if a shared object cannot be read.
    """
    natives = tuple(_natives(manifest, linked))
    files = {native.path: native.sha256 for native in natives} | dict(_files(manifest))
    if not files:
        return Collected()
    modules = (module.path for module in manifest.modules if module.origin is Origin.APP and module.path)
    blobs = dict(manifest.blobs)
    with working_folder("audit") as folder:
        _write(files, blobs, folder)
        detection = detect(
            DistributionContents(
                distribution=_APPLICATION,
                paths=frozenset((*files, *modules)),
                natives=natives,
                texts=dict(manifest.texts),
                site=folder,
                elf=load_target(manifest.target.platform).elf,
                signatures=signatures,
                is_application=True,
            )
        )
    chain = (Step(name=manifest.entry.path or manifest.entry.name, how=""),)
    components = tuple(replace(item, chain=chain, forms=item.forms or (Form.DATA,)) for item in detection.components)
    return Collected(components=components, findings=detection.findings, texts=detection.texts)


def _natives(manifest: Manifest, linked: Linked | None) -> Iterator[Native]:
    """Yield the application's shared objects that go in, with paths relative to its folder.

    They are opened by path, not imported.  Link names them relative to site-packages, ``../../../app/x.so``, and tells
    which it took by their places in the tree, ``app/x.so``.
    """
    for native in manifest.natives:
        if native.origin is Origin.APP:
            up, _, place = native.path.rpartition("../")
            if linked is None or place in linked.images:
                yield replace(native, path=place.partition("/")[2]) if up else native


def _files(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield path and hash of the application's data files and vendored modules."""
    for resource in manifest.resources:
        if resource.origin is Origin.APP and resource.sha256 is not None and resource.size <= _LARGEST:
            yield resource.path, resource.sha256
    for module in manifest.modules:
        if module.compiled:
            continue  # Bytecode has no comments.
        if module.origin is Origin.APP and module.path and module.sha256 is not None and is_vendored(module.path):
            yield module.path, module.sha256


def _write(files: Mapping[str, str], blobs: Mapping[str, bytes], folder: Path) -> None:
    for path, sha256 in sorted(files.items()):
        parts = PurePosixPath(path).parts
        if sha256 in blobs and ".." not in parts and not path.startswith("/"):
            place = folder.joinpath(*parts)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(blobs[sha256])
