"""Writes what advisories mean for a binary as VEX: a CycloneDX 1.6 document that refers to the binary's SBOM.

Source: https://cyclonedx.org/capabilities/vex/ ; references by BOM-Link (``urn:cdx:SERIAL/VERSION#BOM-REF``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from castiron_audit.advisories.ranges import State
from castiron_audit.formats.ids import content_uuid, timestamp

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_audit.advisories.check import Answer
    from castiron_audit.model import Report

_STATES = {
    State.AFFECTED: ("exploitable", "affected"),
    State.NOT_AFFECTED: ("not_affected", "unaffected"),
    State.UNDECIDED: ("in_triage", "unknown"),
}
"""(analysis of the vulnerability, status of the version) in CycloneDX's words."""


def vex(report: Report, answers: Sequence[Answer], *, serial: str, epoch: int | None = None) -> str:
    """Return the document; ``serial`` is the serial number of the binary's SBOM.

    An advisory whose versions hold the component's is "exploitable": whether the application calls the code is for a
    person to judge.
    """
    link = f"urn:cdx:{serial.removeprefix('urn:uuid:')}/1"
    generator, _, version = report.generator.partition(" ")
    metadata: dict[str, Any] = {"timestamp": timestamp(epoch)} if epoch is not None else {}
    metadata |= {
        "tools": {"components": [{"type": "application", "name": generator, "version": version or "0"}]},
        "component": {"type": "application", "bom-ref": "application", "name": report.name}
        | ({"version": report.version} if report.version else {}),
    }
    content = {
        "metadata": metadata,
        "vulnerabilities": [_vulnerability(answer, link) for answer in answers],
    }
    document = {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": f"urn:uuid:{content_uuid(json.dumps(content, sort_keys=True))}",
        "version": 1,
        **content,
    }
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def _vulnerability(answer: Answer, link: str) -> dict[str, Any]:
    state, status = _STATES[answer.decision.state]
    row: dict[str, Any] = {
        "bom-ref": f"{answer.advisory}/{answer.component.id}",
        "id": answer.advisory,
        "source": {"name": "OSV", "url": f"https://osv.dev/vulnerability/{answer.advisory}"},
    }
    if answer.aliases:
        row["references"] = [
            {"id": alias, "source": {"name": "OSV", "url": f"https://osv.dev/vulnerability/{alias}"}}
            for alias in sorted(set(answer.aliases))
        ]
    if answer.summary:
        row["description"] = answer.summary
    row["analysis"] = {"state": state, "detail": _detail(answer)}
    if answer.decision.state is State.AFFECTED:
        row["analysis"]["response"] = ["update"] if answer.decision.fixed else ["can_not_fix"]
        if answer.decision.fixed:
            row["recommendation"] = f"Link again with {answer.component.name} {answer.decision.fixed} or later."
    if answer.decision.state is State.NOT_AFFECTED:
        row["analysis"]["justification"] = "code_not_present"
    affects: dict[str, Any] = {"ref": f"{link}#{answer.component.id}"}
    if answer.component.version:
        affects["versions"] = [{"version": answer.component.version, "status": status}]
    row["affects"] = [affects]
    return row


def _detail(answer: Answer) -> str:
    if answer.decision.state is State.UNDECIDED:
        return answer.decision.why
    if answer.decision.state is State.NOT_AFFECTED:
        return f"The version {answer.component.version} is not among those that are affected."
    return f"The version {answer.component.version} is among those that are affected."
