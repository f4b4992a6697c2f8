"""Writes the report as an SBOM in CycloneDX 1.6 JSON.

Sources: https://cyclonedx.org/docs/1.6/json/ ; BSI TR-03183-2 v2.1.0, sections 5.2 and 8.2; BSI's property taxonomy.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from castiron_audit.expressions import is_listed, licenses_in
from castiron_audit.formats.ids import Artifact, content_uuid, no_purl_reason, shown_version, timestamp
from castiron_audit.model import Kind

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report, Supplier

_TYPES = {Kind.APPLICATION: "application", Kind.DATA: "data"}
_LONGEST_COPYRIGHTS = 40


def cyclonedx(
    report: Report, *, epoch: int | None = None, artifact: Artifact | None = None, compact: bool = False
) -> str:
    """Return the SBOM; ``compact`` leaves out white space, for the copy in the binary.

    Its serial number is that of the copy in the binary.  With ``artifact`` it is the second version of that: it adds
    the file's name and hashes, which the copy cannot hold.
    """
    serial = content_uuid(json.dumps(_document(report, epoch, None), sort_keys=True, ensure_ascii=False))
    ordered: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{serial}",
        "version": 1 if artifact is None else 2,
        **_document(report, epoch, artifact),
    }
    if compact:
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(ordered, indent=1, ensure_ascii=False) + "\n"


def _document(report: Report, epoch: int | None, artifact: Artifact | None) -> dict[str, Any]:
    application, *others = report.components
    generator, _, version = report.generator.partition(" ")
    metadata: dict[str, Any] = {}
    if epoch is not None:
        metadata["timestamp"] = timestamp(epoch)
    metadata |= {
        "lifecycles": [{"phase": "build" if report.linked else "pre-build"}],
        "tools": {"components": [{"type": "application", "name": generator, "version": version or "0"}]},
        "component": _component(application, report, artifact),
        **_manufacturer(application.supplier),
        "properties": [
            {"name": "castiron:target", "value": report.target},
            {"name": "castiron:python", "value": report.python},
            {"name": "castiron:policy", "value": report.policy},
        ],
    }
    return {
        "metadata": metadata,
        "components": [_component(component, report, artifact) for component in others],
        "dependencies": [
            {"ref": component.id, **({"dependsOn": list(component.requires)} if component.requires else {})}
            for component in report.components
        ],
        "compositions": [
            {
                "aggregate": "complete" if report.linked else "incomplete",
                "dependencies": [component.id for component in report.components],
            }
        ],
    }


def _manufacturer(supplier: Supplier | None) -> dict[str, Any]:
    """Return who makes something, as its manufacturer and its supplier; nothing if that is not stated."""
    if supplier is None or not supplier.name:
        return {}
    entity: dict[str, Any] = {"name": supplier.name}
    if supplier.url.startswith("mailto:"):
        entity["contact"] = [{"name": supplier.name, "email": supplier.url.removeprefix("mailto:")}]
    elif supplier.url:
        entity["url"] = [supplier.url]
    return {"manufacturer": entity, "supplier": entity}


def _component(component: Component, report: Report, artifact: Artifact | None) -> dict[str, Any]:
    row: dict[str, Any] = {
        "type": _TYPES.get(component.kind, "library"),
        "bom-ref": component.id,
        "name": component.name,
    }
    version, version_reason = shown_version(component, report)
    row["version"] = version
    row |= _manufacturer(component.supplier)
    if component.summary:
        row["description"] = component.summary
    if len(component.hashes) == 1 and re.fullmatch("[0-9a-f]{64}", component.hashes[0][1]):
        row["hashes"] = [{"alg": "SHA-256", "content": component.hashes[0][1]}]
    if component.kind is Kind.APPLICATION and artifact is not None:
        row["hashes"] = _hashes(artifact)
    verdict = component.verdict
    if verdict.expression is not None:
        row["licenses"] = _licenses(verdict.expression)
    if component.copyrights:
        row["copyright"] = "\n".join(component.copyrights[:_LONGEST_COPYRIGHTS])
    if component.cpe:
        row["cpe"] = component.cpe
    if component.purl:
        row["purl"] = component.purl
    if component.changes:
        row["pedigree"] = {"notes": component.changes}
    if component.home_page.startswith(("http://", "https://")):
        row["externalReferences"] = [{"type": "website", "url": component.home_page}]
    if artifact is not None and artifact.sha512:
        # What is delivered of a component is the executable.
        distribution = {"type": "distribution", "url": quote(artifact.filename), "hashes": _hashes(artifact)}
        row.setdefault("externalReferences", []).append(distribution)
    properties = {
        "bsi:component:filename": artifact.filename if artifact is not None else report.name,
        "bsi:component:executable": "executable",
        "bsi:component:archive": "no archive",
        "bsi:component:structured": "structured",
        "castiron:version-reason": version_reason,
        "castiron:no-purl": no_purl_reason(component),
        "castiron:supplier-reason": component.supplier.reason if component.supplier is not None else "",
        "castiron:no-sha-512": "" if artifact is not None else "this copy is in the file that the hash is of",
        "castiron:files": ", ".join(name for name, _ in component.hashes),
        "castiron:kind": str(component.kind),
        "castiron:form": "+".join(component.forms),
        "castiron:bytes": str(component.size) if component.size else "",
        "castiron:license-source": f"{verdict.source}: {verdict.where}" if verdict.where else str(verdict.source),
        "castiron:license-similarity": f"{verdict.similarity:.3f}" if verdict.similarity is not None else "",
        "castiron:license-reason": verdict.reason,
        "castiron:chain": " -> ".join(step.name for step in component.chain),
        "castiron:part-of": component.parent or "",
    }
    properties |= {
        f"castiron:finding:{finding.code}": finding.message
        + (f" [settled: {finding.settled}]" if finding.settled else "")
        for finding in report.findings
        if finding.component == component.id
    }
    row["properties"] = [{"name": name, "value": value} for name, value in properties.items() if value]
    return row


def _hashes(artifact: Artifact) -> list[dict[str, str]]:
    return [
        {"alg": name, "content": value}
        for name, value in (("SHA-256", artifact.sha256), ("SHA-512", artifact.sha512))
        if value
    ]


def _licenses(expression: str) -> list[dict[str, Any]]:
    """Return the field ``licenses``: a single license by its identifier or name, everything else as an expression."""
    if licenses_in(expression) == (expression,):
        if is_listed(expression):
            return [{"license": {"id": expression, "acknowledgement": "concluded"}}]
        if " WITH " not in expression:
            return [{"license": {"name": expression, "acknowledgement": "concluded"}}]
    return [{"expression": expression, "acknowledgement": "concluded"}]
