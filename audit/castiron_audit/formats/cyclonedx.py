"""Writes the report as an SBOM in CycloneDX 1.6 JSON.  Source: https://cyclonedx.org/docs/1.6/json/ ."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from castiron_audit.expressions import is_listed, licenses_in
from castiron_audit.formats.ids import content_uuid, timestamp
from castiron_audit.model import Kind

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report

_TYPES = {Kind.APPLICATION: "application", Kind.DATA: "data"}
_LONGEST_COPYRIGHTS = 40


def cyclonedx(report: Report, *, epoch: int | None = None, compact: bool = False) -> str:
    """Return the SBOM; ``compact`` leaves out white space, for the copy in the binary."""
    document = _document(report, epoch)
    text = json.dumps(document, sort_keys=True, ensure_ascii=False)
    ordered: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{content_uuid(text)}",
        "version": 1,
        **document,
    }
    if compact:
        return json.dumps(ordered, ensure_ascii=False, separators=(",", ":"))
    return json.dumps(ordered, indent=1, ensure_ascii=False) + "\n"


def _document(report: Report, epoch: int | None) -> dict[str, Any]:
    application, *others = report.components
    generator, _, version = report.generator.partition(" ")
    metadata: dict[str, Any] = {}
    if epoch is not None:
        metadata["timestamp"] = timestamp(epoch)
    metadata |= {
        "lifecycles": [{"phase": "build" if report.linked else "pre-build"}],
        "tools": {"components": [{"type": "application", "name": generator, "version": version or "0"}]},
        "component": _component(application, report),
        "properties": [
            {"name": "castiron:target", "value": report.target},
            {"name": "castiron:python", "value": report.python},
            {"name": "castiron:policy", "value": report.policy},
        ],
    }
    return {
        "metadata": metadata,
        "components": [_component(component, report) for component in others],
        "dependencies": [
            {"ref": component.id, **({"dependsOn": list(component.requires)} if component.requires else {})}
            for component in report.components
        ],
    }


def _component(component: Component, report: Report) -> dict[str, Any]:
    row: dict[str, Any] = {
        "type": _TYPES.get(component.kind, "library"),
        "bom-ref": component.id,
        "name": component.name,
    }
    if component.version:
        row["version"] = component.version
    if component.summary:
        row["description"] = component.summary
    if len(component.hashes) == 1 and re.fullmatch("[0-9a-f]{64}", component.hashes[0][1]):
        row["hashes"] = [{"alg": "SHA-256", "content": component.hashes[0][1]}]
    verdict = component.verdict
    if verdict.expression is not None:
        row["licenses"] = _licenses(verdict.expression)
    if component.copyrights:
        row["copyright"] = "\n".join(component.copyrights[:_LONGEST_COPYRIGHTS])
    if component.cpe:
        row["cpe"] = component.cpe
    if component.purl:
        row["purl"] = component.purl
    if component.home_page.startswith(("http://", "https://")):
        row["externalReferences"] = [{"type": "website", "url": component.home_page}]
    properties = {
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


def _licenses(expression: str) -> list[dict[str, Any]]:
    """Return the field ``licenses``: a single license by its identifier or name, everything else as an expression."""
    if licenses_in(expression) == (expression,):
        if is_listed(expression):
            return [{"license": {"id": expression, "acknowledgement": "concluded"}}]
        if " WITH " not in expression:
            return [{"license": {"name": expression, "acknowledgement": "concluded"}}]
    return [{"expression": expression, "acknowledgement": "concluded"}]
