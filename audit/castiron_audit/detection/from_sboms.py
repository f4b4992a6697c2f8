"""Detects components that SBOMs in the wheel name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit.catalogue import library_of_name
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import normalised, same_package
from castiron_audit.sboms import UnreadableSbomError, read_sbom

if TYPE_CHECKING:
    from castiron_audit.detection.collector import Collector, DetectedComponent
    from castiron_audit.sboms import SbomComponent
    from castiron_manifest.model import Distribution


def detect_from_sboms(collector: Collector) -> None:
    """Add the components of every SBOM, and what an SBOM says about the license of the distribution itself."""
    distribution = collector.contents.distribution
    for file in distribution.license.sboms:
        text = collector.contents.texts.get(file.sha256)
        if text is None:
            continue
        try:
            sbom = read_sbom(text)
        except UnreadableSbomError as error:
            collector.add_finding(
                "unreadable-sbom", Severity.WARNING, f"{file.path} cannot be read as a bill of materials: {error}."
            )
            continue
        described = sbom.described
        if described and same_package(described.name, distribution.name) and described.license:
            collector.own_license = Evidence(
                source=Source.SBOM, where=file.path, says=described.license, expression=described.license
            )
        for listed in sbom.components:
            if listed.scope != "excluded" and not _is_itself(listed, distribution) and not _is_requirement(listed):
                _add(collector, listed, file.path)


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
    entry = library_of_name(listed.name, listed.version)
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
