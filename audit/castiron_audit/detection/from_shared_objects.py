"""Detects what was linked into shared objects: Rust crates, and libraries that are known by strings in the code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit import build_info
from castiron_audit.catalogue import library_of_file, library_of_name
from castiron_audit.model import Evidence, Form, Kind, Severity, Source

if TYPE_CHECKING:
    from castiron_audit.detection.collector import Collector
    from castiron_manifest.model import Native


def detect_from_shared_objects(collector: Collector) -> None:
    """Add crates and statically linked libraries; compiled Rust code without a list of crates is a finding."""
    site = collector.contents.site
    if site is None:
        return
    unlisted: list[tuple[str, str]] = []
    for native in collector.contents.natives:
        path = site / native.path
        if not path.is_file():
            continue
        info = build_info.read_build_info(path, native.sha256, collector.contents.elf)
        for library, version in info.signatures:
            _add_static_library(collector, native, library, version)
        if info.crates is not None:
            collector.has_crates = True
            for crate in info.crates:
                component = collector.component(Kind.CRATE, crate.name, crate.version)
                component.forms.add(Form.STATIC)
                component.purl = component.purl or f"pkg:cargo/{crate.name}@{crate.version}"
        elif info.rustc is not None and ".libs/" not in native.path:
            unlisted.append((native.path, info.rustc))
    if unlisted and not collector.has_crates:
        object_path, compiler = unlisted[0]
        collector.add_finding(
            "unknown-static-contents",
            Severity.WARNING,
            f"{object_path} was compiled by rustc {compiler}, and neither a bill of materials nor cargo-auditable data "
            "says which crates are in it.",
        )


def _add_static_library(collector: Collector, native: Native, name: str, version: str) -> None:
    entry = library_of_name(name)
    own_entry = library_of_file(native.path)
    if entry is None or (own_entry is not None and own_entry.name != name):
        return  # What a bundled library has linked in is told by that library's own evidence.
    library = collector.component(Kind.LIBRARY, entry.name)
    library.version = library.version or version
    library.proven = True
    library.forms.add(Form.STATIC)
    if own_entry is None:
        library.evidence.append(
            Evidence(
                source=Source.SBOM,
                where=native.path,
                says=f"contains strings of {name} {version}".strip(),
                expression=None,
            )
        )
        library.add_catalogue_entry(entry, int(version.split(".", maxsplit=1)[0]) if version[:1].isdigit() else None)
