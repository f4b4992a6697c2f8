"""Writes the report as an SBOM in SPDX 2.3 JSON.  Source: https://spdx.github.io/spdx-spec/v2.3/ ."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from castiron_audit.expressions import licenses_in, normalise
from castiron_audit.formats.ids import Artifact, content_uuid, no_purl_reason, shown_version, spdx_id, timestamp
from castiron_audit.model import Form, Kind, Source

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report, Supplier

_NO = "NOASSERTION"


def spdx(report: Report, *, epoch: int | None = None, artifact: Artifact | None = None) -> str:
    """Return the SBOM.  SPDX requires a time of creation: without ``epoch`` it is the beginning of 1970."""
    packages = [_package(component, report, artifact) for component in report.components]
    relationships = [_relation("SPDXRef-DOCUMENT", "DESCRIBES", spdx_id(report.components[0].id))]
    for component in report.components:
        own = spdx_id(component.id)
        for other in component.requires:
            target = report.component(other)
            if target.parent == component.id:
                kind = "CONTAINS"
            elif component.kind is Kind.APPLICATION and target.kind is Kind.RUNTIME and Form.STATIC in target.forms:
                kind = "STATIC_LINK"
            else:
                kind = "DEPENDS_ON"
            relationships.append(_relation(own, kind, spdx_id(other)))
    content = {
        "packages": packages,
        "relationships": relationships,
        "hasExtractedLicensingInfos": _extracted(report),
    }
    digest = content_uuid(json.dumps(content, sort_keys=True))
    generator, _, version = report.generator.partition(" ")
    document = {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": report.name,
        "documentNamespace": f"https://spdx.org/spdxdocs/{re.sub(r'[^A-Za-z0-9._-]', '-', report.name)}-{digest}",
        "creationInfo": {
            "created": timestamp(epoch or 0),
            "creators": [f"Tool: {generator}-{version or '0'}", *_creator(report.components[0].supplier)],
        },
        "documentDescribes": [spdx_id(report.components[0].id)],
        **{key: value for key, value in content.items() if value},
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _creator(supplier: Supplier | None) -> list[str]:
    """Return who has the document made, if the project says it."""
    return [_agent(supplier)] if supplier is not None and not supplier.reason else []


def _agent(supplier: Supplier | None) -> str:
    """Return a supplier as SPDX names one: a person has an e-mail address (SPDX 2.3, clause 7.5)."""
    if supplier is None:
        return _NO
    name = re.sub(r"[()]", " ", supplier.name).strip()
    if supplier.url.startswith("mailto:"):
        return f"Person: {name} ({supplier.url.removeprefix('mailto:')})"
    return f"Organization: {name}"


def _package(component: Component, report: Report, artifact: Artifact | None) -> dict[str, Any]:
    verdict = component.verdict
    declared = next(
        (item.expression for item in verdict.evidence if item.source is not Source.SETTLED and item.expression), None
    )
    row: dict[str, Any] = {
        "SPDXID": spdx_id(component.id),
        "name": component.name,
        "downloadLocation": _NO,
        "filesAnalyzed": False,
        "licenseConcluded": _or_no_assertion(verdict.expression),
        "licenseDeclared": _or_no_assertion(declared or verdict.expression),
        "copyrightText": "\n".join(component.copyrights) or _NO,
        "supplier": _agent(component.supplier),
        "versionInfo": shown_version(component, report)[0],
        "primaryPackagePurpose": "APPLICATION" if component.kind is Kind.APPLICATION else "LIBRARY",
    }
    row["comment"] = " ".join(
        f"{name}: {value}."
        for name, value in (
            ("Version", shown_version(component, report)[1]),
            ("No purl", no_purl_reason(component)),
            ("Supplier", component.supplier.reason if component.supplier is not None else ""),
            ("Files", ", ".join(name for name, _ in component.hashes)),
        )
        if value
    )
    if not row["comment"]:
        del row["comment"]
    if component.kind is Kind.APPLICATION and artifact is not None:
        row["packageFileName"] = artifact.filename
    if component.summary:
        row["summary"] = component.summary
    if len(component.hashes) == 1 and re.fullmatch("[0-9a-f]{64}", component.hashes[0][1]):
        row["checksums"] = [{"algorithm": "SHA256", "checksumValue": component.hashes[0][1]}]
    if component.kind is Kind.APPLICATION and artifact is not None and artifact.sha512:
        row["checksums"] = [
            {"algorithm": "SHA256", "checksumValue": artifact.sha256},
            {"algorithm": "SHA512", "checksumValue": artifact.sha512},
        ]
    if component.home_page.startswith(("http://", "https://")):
        row["homepage"] = component.home_page
    if component.changes:
        row["sourceInfo"] = component.changes
    comments = [f"License concluded from {verdict.source}" + (f" ({verdict.where})" if verdict.where else "")]
    if verdict.reason:
        comments.append(verdict.reason)
    row["licenseComments"] = ". ".join(comments)
    references = []
    if component.purl:
        references.append(_reference("PACKAGE-MANAGER", "purl", component.purl))
    if component.cpe:
        references.append(_reference("SECURITY", "cpe23Type", component.cpe))
    if references:
        row["externalRefs"] = references
    return row


def _or_no_assertion(expression: str | None) -> str:
    return _NO if expression is None else expression


def _extracted(report: Report) -> list[dict[str, str]]:
    named = {
        license_or_exception
        for component in report.components
        for expression in (component.verdict.expression, *(item.expression for item in component.verdict.evidence))
        if expression and normalise(expression)
        for license_id in licenses_in(expression)
        for license_or_exception in license_id.split(" WITH ")
        if license_or_exception.startswith("LicenseRef-")
    }
    return [
        {
            "licenseId": name,
            "name": name.removeprefix("LicenseRef-"),
            "extractedText": "See the license files of the components that name it.",
        }
        for name in sorted(named)
    ]


def _relation(left: str, kind: str, right: str) -> dict[str, str]:
    return {"spdxElementId": left, "relationshipType": kind, "relatedSpdxElement": right}


def _reference(category: str, kind: str, locator: str) -> dict[str, str]:
    return {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator}
