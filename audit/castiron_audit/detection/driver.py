"""Detects the third-party components in one distribution: each source of evidence in turn, then their licenses.

The same library often shows in several sources - its file in ``*.libs``, an SBOM, a list in a license file, Castiron's
own catalogue.  It becomes one component with all of that as evidence.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.catalogue import library_of_name, project_license
from castiron_audit.copyrights import copyright_notices
from castiron_audit.detection.collector import Collector
from castiron_audit.detection.completion import complete
from castiron_audit.detection.conclusion import conclude, license_findings
from castiron_audit.detection.from_archives import detect_from_archives
from castiron_audit.detection.from_data_files import detect_from_data_files
from castiron_audit.detection.from_file_names import detect_from_file_names
from castiron_audit.detection.from_folders import detect_from_folders
from castiron_audit.detection.from_fonts import detect_from_fonts
from castiron_audit.detection.from_license_files import (
    detect_from_crate_lists,
    detect_from_license_lists,
    detect_from_license_paths,
)
from castiron_audit.detection.from_origins import detect_from_origins
from castiron_audit.detection.from_package_folders import detect_from_package_folders
from castiron_audit.detection.from_python_modules import detect_from_python_modules
from castiron_audit.detection.from_sboms import detect_from_sboms
from castiron_audit.detection.from_scripts import detect_from_scripts
from castiron_audit.detection.from_shared_objects import detect_from_shared_objects, fold_forks
from castiron_audit.detection.from_vendor_folders import detect_from_vendor_folders
from castiron_audit.model import Component, Finding, Form, Kind, Severity, Text
from castiron_audit.names import first_of, normalised, upstream_version
from castiron_common.files import sha256_bytes
from castiron_common.frozen import dataclass
from castiron_common.words import counted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_audit.detection.collector import DetectedComponent
    from castiron_audit.detection.contents import DistributionContents
    from castiron_audit.model import Evidence


_NAMED_TOGETHER = {
    "unknown-go-modules": (
        Severity.ERROR,
        "Go's list of modules names no licenses, and nothing tells those of",
        "module",
    ),
    "unlisted-scripts": (
        Severity.WARNING,
        "Source maps, scripts and their banners tell names without licenses; nothing tells those of",
        "package",
    ),
}
"""Findings that name all components of one kind whose license is unknown: severity, sentence, what is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """What was detected in one distribution."""

    components: tuple[Component, ...]
    files: Mapping[str, frozenset[str]]
    """The files that are a component's alone, by its id; relative to site-packages."""
    findings: tuple[Finding, ...]
    texts: Mapping[str, str]
    """License texts that the manifest does not have, by SHA-256."""
    own_texts: Mapping[str, str]
    """License files of the distribution itself that only its sources have, by their places."""
    own_license: Evidence | None
    """What an SBOM says about the license of the distribution itself."""


def detect(contents: DistributionContents) -> Detection:
    """Return the third-party components in one distribution, with their licenses.

    Raises `InputError` if a shared object cannot be read.
    """
    collector = Collector(contents)
    detect_from_file_names(collector)
    # A library's own file makes it proven before an SBOM calls it optional.
    detect_from_sboms(collector)
    detect_from_crate_lists(collector)
    detect_from_license_lists(collector)
    detect_from_license_paths(collector)
    detect_from_vendor_folders(collector)
    # Whether compiled Rust code lacks a list of crates is known once the SBOMs are read.
    detect_from_shared_objects(collector)
    fold_forks(collector)
    detect_from_scripts(collector)
    detect_from_package_folders(collector)
    detect_from_archives(collector)
    detect_from_data_files(collector)
    # Fonts that a license list names belong to its components.
    detect_from_fonts(collector)
    detect_from_python_modules(collector)
    # License files that nothing has claimed so far belong to the folders that they lie in.
    detect_from_folders(collector)
    # What lies in the folders of others' code was found by now.
    detect_from_origins(collector)
    if contents.sdist is not None:
        # Whoever does not ask for sources does not wait for the import of what reads them.
        from castiron_audit.detection.from_sources import detect_from_sources

        detect_from_sources(collector)
    complete(collector)
    return _conclude_all(collector)


def _conclude_all(collector: Collector) -> Detection:
    components: list[Component] = []
    unlicensed: dict[str, list[str]] = {}
    texts: dict[str, str] = {}
    files: dict[str, frozenset[str]] = {}
    for detected in collector.components.values():
        if not detected.proven and not detected.natives:
            collector.add_finding(
                "optional-part",
                Severity.INFO,
                f"A bill of materials lists {detected.name} {detected.version} as optional, "
                "and nothing else in the wheel shows that it is in it.",
            )
            continue
        if detected.kind is Kind.VENDORED and not any(item.expression for item in detected.evidence):
            known = project_license(detected.name)
            detected.evidence += [] if known is None else [known]
        component = _component(detected, collector.contents, texts)
        components.append(component)
        files[component.id] = frozenset(detected.paths)
        if detected.named_in and component.verdict.expression is None:
            unlicensed.setdefault(detected.named_in, []).append(detected.name)
        else:
            collector.findings += license_findings(component)
    for code, names in sorted(unlicensed.items()):
        severity, says, what = _NAMED_TOGETHER[code]
        shown = f"{says} {counted(len(names), what)}: {first_of(sorted(names))}."
        collector.add_finding(code, severity, shown)
    return Detection(
        components=tuple(components),
        files=files,
        findings=tuple(collector.findings),
        texts=texts,
        own_texts=collector.own_texts,
        own_license=collector.own_license,
    )


def _component(detected: DetectedComponent, contents: DistributionContents, texts: dict[str, str]) -> Component:
    """Return the component as the report has it; its license texts are added to ``texts``."""
    component_texts = []
    for path, text in sorted(detected.texts.items()):
        digest = sha256_bytes(text.encode())
        texts[digest] = text
        component_texts.append(Text(path=path, sha256=digest))
    version = upstream_version(detected.version)
    is_one_of_several = detected.kind is Kind.CRATE or detected.copy_of is not None
    id_name = f"{detected.name}@{detected.version}" if is_one_of_several else detected.name
    return Component(
        id=f"{detected.kind}/{contents.owner}/{id_name}",
        kind=detected.kind,
        name=detected.name,
        version=detected.version,
        purl=detected.purl or (f"pkg:generic/{normalised(detected.name)}@{version}" if version else None),
        cpe=detected.cpe or _cpe(detected, version),
        hashes=tuple(sorted((native.path, native.sha256) for native in detected.natives)),
        verdict=conclude(detected),
        texts=tuple(component_texts),
        copyrights=copyright_notices(detected.texts.values()),
        forms=tuple(form for form in Form if form in detected.forms),
        parent=contents.component_id,
    )


def _cpe(detected: DetectedComponent, version: str) -> str | None:
    entry = library_of_name(detected.name) if detected.kind is Kind.LIBRARY else None
    return f"{entry.cpe}:{version}:*:*:*:*:*:*:*" if entry is not None and entry.cpe and version else None
