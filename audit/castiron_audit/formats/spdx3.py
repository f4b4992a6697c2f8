"""Writes the report as an SBOM in SPDX 3.0.1, JSON-LD.

Sources: https://spdx.github.io/spdx-spec/v3.0.1/ ; BSI TR-03183-2 v2.1.0, section 8.3.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from castiron_audit.formats.ids import Artifact, content_uuid, no_purl_reason, shown_version, spdx_id, timestamp
from castiron_audit.model import Form, Kind, Source

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.model import Component, Report, Supplier

_CONTEXT = "https://spdx.org/rdf/3.0.1/spdx-context.jsonld"
_CREATION = "_:creation"


def spdx3(report: Report, *, epoch: int | None = None, artifact: Artifact | None = None) -> str:
    """Return the SBOM.  SPDX requires a time of creation: without ``epoch`` it is the beginning of 1970."""
    base = f"https://spdx.org/spdxdocs/{re.sub(r'[^A-Za-z0-9._-]', '-', report.name)}-"
    draft = _Document(report, base, artifact)
    digest = content_uuid(json.dumps(draft.graph(epoch), sort_keys=True))
    graph = _Document(report, f"{base}{digest}#", artifact).graph(epoch)
    return json.dumps({"@context": _CONTEXT, "@graph": graph}, indent=1, ensure_ascii=False) + "\n"


class _Document:
    """The elements of one document; all identifiers begin with ``base``."""

    def __init__(self, report: Report, base: str, artifact: Artifact | None) -> None:
        self._report = report
        self._base = base
        self._artifact = artifact
        self._licenses: dict[str, str] = {}
        self._agents: dict[tuple[str, str], str] = {}
        self._elements: list[dict[str, Any]] = []

    def graph(self, epoch: int | None) -> list[dict[str, Any]]:
        """Return the elements, those that others need first."""
        report = self._report
        self._elements = []
        tool = self._tool()
        author = self._agent(report.components[0].supplier)
        packages = [self._package(component) for component in report.components]
        file = self._file()
        for component in report.components:
            self._relations(component, file)
        elements = sorted(self._elements, key=lambda item: str(item["spdxId"]))
        root = self._id("sbom")
        ids = [str(item["spdxId"]) for item in elements]
        creation = {
            "type": "CreationInfo",
            "@id": _CREATION,
            "specVersion": "3.0.1",
            "created": timestamp(epoch or 0),
            "createdBy": [author],
            "createdUsing": [tool],
        }
        sbom = self._new(
            "software_Sbom",
            "sbom",
            rootElement=[packages[0]],
            element=ids,
            software_sbomType=["build"] if report.linked else ["analyzed"],
        )
        document = self._new(
            "SpdxDocument",
            "document",
            name=report.name,
            rootElement=[root],
            element=[root, *ids],
            profileConformance=["core", "software", "simpleLicensing"],
            dataLicense=self._license("CC0-1.0"),
        )
        late = [item for item in self._elements if item["spdxId"] not in set(ids)]
        document["element"] += [str(item["spdxId"]) for item in late]
        return [creation, document, sbom, *elements, *late]

    def _id(self, name: str) -> str:
        return self._base + spdx_id(name).removeprefix("SPDXRef-")

    def _new(self, kind: str, key: str, /, **fields: Any) -> dict[str, Any]:
        return {"type": kind, "spdxId": self._id(key), "creationInfo": _CREATION, **fields}

    def _add(self, kind: str, key: str, /, **fields: Any) -> str:
        row = self._new(kind, key, **fields)
        self._elements.append(row)
        return str(row["spdxId"])

    def _tool(self) -> str:
        return self._add("Tool", "tool", name=self._report.generator)

    def _agent(self, supplier: Supplier | None) -> str:
        name, url = (supplier.name, supplier.url) if supplier is not None else ("not stated", "")
        if (name, url) not in self._agents:
            is_mail = url.startswith("mailto:")
            identifiers = [
                {
                    "type": "ExternalIdentifier",
                    "externalIdentifierType": "email" if is_mail else "urlScheme",
                    "identifier": url.removeprefix("mailto:"),
                }
            ]
            self._agents[name, url] = self._add(
                "Person" if is_mail else "Organization",
                f"agent/{len(self._agents)}",
                name=name,
                **({"externalIdentifier": identifiers} if url else {}),
            )
        return self._agents[name, url]

    def _license(self, expression: str) -> str:
        if expression not in self._licenses:
            self._licenses[expression] = self._add(
                "simplelicensing_LicenseExpression",
                f"license/{len(self._licenses)}",
                simplelicensing_licenseExpression=expression,
            )
        return self._licenses[expression]

    def _package(self, component: Component) -> str:
        version, reason = shown_version(component, self._report)
        agent = self._agent(component.supplier)
        identifiers = [
            {"type": "ExternalIdentifier", "externalIdentifierType": kind, "identifier": value}
            for kind, value in (("packageUrl", component.purl), ("cpe23", component.cpe))
            if value
        ]
        comments = (
            reason,
            no_purl_reason(component),
            component.supplier.reason if component.supplier is not None else "",
            component.verdict.reason,
        )
        hashes = [
            {"type": "Hash", "algorithm": "sha256", "hashValue": value}
            for _, value in component.hashes
            if len(component.hashes) == 1 and re.fullmatch("[0-9a-f]{64}", value)
        ]
        fields = {
            "name": component.name,
            "software_packageVersion": version,
            "software_primaryPurpose": "application" if component.kind is Kind.APPLICATION else "library",
            "software_packageUrl": component.purl,
            "software_sourceInfo": component.changes,
            "software_copyrightText": "\n".join(component.copyrights),
            "software_homePage": component.home_page
            if component.home_page.startswith(("http://", "https://"))
            else None,
            "suppliedBy": agent,
            "originatedBy": [agent],
            "summary": component.summary,
            "comment": "; ".join(filter(None, comments)),
            "externalIdentifier": identifiers,
            "verifiedUsing": hashes,
        }
        return self._add("software_Package", component.id, **{key: value for key, value in fields.items() if value})

    def _file(self) -> str:
        """Return the executable: the file in which all components are delivered."""
        name = self._artifact.filename if self._artifact is not None else self._report.name
        hashes = [
            {"type": "Hash", "algorithm": kind, "hashValue": value}
            for kind, value in (
                ("sha256", self._artifact.sha256 if self._artifact is not None else ""),
                ("sha512", self._artifact.sha512 if self._artifact is not None else ""),
            )
            if value
        ]
        return self._add(
            "software_File",
            "file",
            name=name,
            software_primaryPurpose="executable",
            # BSI: a structured file has the purpose "container".
            software_additionalPurpose=["container"],
            **({"verifiedUsing": hashes} if hashes else {}),
        )

    def _relations(self, component: Component, file: str) -> None:
        own = self._id(component.id)
        for kind, others in self._dependencies(component):
            self._relate(component, kind, own, others, completeness="complete" if self._report.linked else "incomplete")
        verdict = component.verdict
        declared = next(
            (item.expression for item in verdict.evidence if item.source is not Source.SETTLED and item.expression),
            verdict.expression,
        )
        concluded = self._license(verdict.expression or "NOASSERTION")
        self._relate(component, "hasConcludedLicense", own, [concluded])
        self._relate(component, "hasDeclaredLicense", own, [self._license(declared or "NOASSERTION")])
        self._relate(component, "hasDistributionArtifact", own, [file])

    def _dependencies(self, component: Component) -> Iterator[tuple[str, list[str]]]:
        """Yield what it contains, links and depends on; what depends on nothing says so."""
        kinds: dict[str, list[str]] = {}
        for key in component.requires:
            other = self._report.component(key)
            if other.parent == component.id:
                kind = "contains"
            elif component.kind is Kind.APPLICATION and other.kind is Kind.RUNTIME and Form.STATIC in other.forms:
                kind = "hasStaticLink"
            else:
                kind = "dependsOn"
            kinds.setdefault(kind, []).append(self._id(key))
        yield from sorted(kinds.items())

    def _relate(self, component: Component, kind: str, own: str, others: list[str], **fields: str) -> None:
        self._add(
            "Relationship",
            f"relationship/{component.id}/{kind}",
            relationshipType=kind,
            to=others,
            **{"from": own},
            **fields,
        )
