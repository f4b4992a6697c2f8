"""Detects components that SBOMs in the wheel name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit.catalogue import collected_library, library_of_name
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import in_order, is_of_tests, normalised, same_package
from castiron_audit.sboms import UnreadableSbomError, read_sbom

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.detection.collector import Collector, DetectedComponent
    from castiron_audit.sboms import SbomComponent
    from castiron_manifest.model import Distribution

_FILE_NAMES = (".cdx.json", ".spdx.json")
"""Names that CycloneDX and SPDX recommend for their documents."""


def detect_from_sboms(collector: Collector) -> None:
    """Add the components of every SBOM, and what an SBOM says about the license of the distribution itself."""
    distribution = collector.contents.distribution
    compiled: dict[str, str] = {}
    for path, text in _sboms(collector):
        try:
            sbom = read_sbom(text)
        except UnreadableSbomError as error:
            collector.add_finding(
                "unreadable-sbom", Severity.WARNING, f"{path} cannot be read as a bill of materials: {error}."
            )
            continue
        described, beside = sbom.described, ".dist-info/" not in path
        if described and described.license:
            if same_package(described.name, distribution.name):
                collector.own_license = _own_license(path, described.license)
            elif described.ecosystem == "cargo" and described.local and not beside:
                compiled[described.license] = path
        for listed in sbom.components:
            if beside and listed.ecosystem == "pypi":
                continue  # It may list copied packages (pip's does) of which not all go in: those that do have files.
            if listed.scope != "excluded" and not _is_itself(listed, distribution) and not _is_requirement(listed):
                _add(collector, listed, path)
    if collector.own_license is None and len(compiled) == 1:
        # maturin's SBOM is of the crate in the project's own folder, which may have another name.
        ((license_, path),) = compiled.items()
        collector.own_license = _own_license(path, license_)


def _own_license(path: str, expression: str) -> Evidence:
    return Evidence(source=Source.SBOM, where=path, says=expression, expression=expression)


def _sboms(collector: Collector) -> Iterator[tuple[str, str]]:
    """Yield path and text of the SBOMs in the metadata, and of those beside the programs and libraries they are of."""
    contents = collector.contents
    for file in contents.distribution.license.sboms:
        if (text := contents.texts.get(file.sha256)) is not None:
            yield file.path, text
    for path in in_order(contents.paths):
        if path.endswith(_FILE_NAMES) and not is_of_tests(path) and (data := contents.read(path)) is not None:
            yield path, data.decode("utf-8", "replace")


def _is_itself(listed: SbomComponent, distribution: Distribution) -> bool:
    return same_package(listed.name, distribution.name) or (listed.purl or "").startswith(
        f"pkg:pypi/{distribution.name}@"
    )


def _is_requirement(listed: SbomComponent) -> bool:
    """Return whether an SBOM repeats a requirement of the metadata: a Python distribution without a version."""
    return listed.ecosystem == "pypi" and not listed.version


def _add(collector: Collector, listed: SbomComponent, where: str) -> None:
    if listed.ecosystem == "cargo":
        collector.has_crates = True
        component = collector.component(Kind.CRATE, listed.name, listed.version)
        component.forms.add(Form.STATIC)
        component.purl = component.purl or listed.purl
        component.own = component.own or listed.local
    elif listed.ecosystem == "pypi":
        component = collector.component(Kind.VENDORED, listed.name.lower())
        component.forms.add(Form.BYTECODE)
        component.purl, component.version = listed.purl, listed.version
    else:
        component = _library(collector, listed)
    component.cpe = component.cpe or listed.cpe
    if listed.license is not None:
        component.evidence.append(
            Evidence(source=Source.SBOM, where=where, says=listed.license, expression=listed.license)
        )


def _library(collector: Collector, listed: SbomComponent) -> DetectedComponent:
    entry = library_of_name(listed.name, listed.version) or collected_library(listed.name.lower())
    known_before = entry is not None and (Kind.LIBRARY, normalised(entry.name)) in collector.components
    library = collector.component(Kind.LIBRARY, entry.name if entry else listed.name)
    if listed.scope == "optional" and not known_before:
        library.proven = False
    library.forms.add(Form.STATIC)
    # A package of Alpine Linux has its own release in its version, a project's own SBOM the upstream version alone.
    if not library.version or library.purl is None or re.search(r"-r\d+$", library.version):
        library.version = listed.version
        library.purl = listed.purl or library.purl
    if entry is not None:
        library.add_catalogue_entry(entry)
    return library
