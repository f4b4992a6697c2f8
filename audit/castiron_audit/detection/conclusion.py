"""Concludes the license of a third-party component from what the detectors have gathered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.expressions import related_families, shares_license
from castiron_audit.model import Finding, Kind, Severity, Source, Verdict
from castiron_audit.offered_licenses import are_offered
from castiron_audit.text_evidence import POINTER_LENGTH, combined, states_choice, unknown_license_message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.detection.collector import DetectedComponent
    from castiron_audit.model import Component

_BY_STRENGTH = {source: index for index, source in enumerate(Source)}


def conclude(detected: DetectedComponent) -> Verdict:
    """Return the license: by metadata, a list or an SBOM in the wheel, else by the catalogue, else by the texts."""
    evidence = tuple(sorted(dict.fromkeys(detected.evidence), key=lambda item: _BY_STRENGTH[item.source]))
    strongest = next((item for item in evidence if item.expression and item.source is not Source.TEXT), None)
    if strongest is not None:
        # An SBOM may know less than the catalogue, whose rows were read in the libraries' own sources.
        catalogued = next((item for item in evidence if item.source is Source.CATALOGUE), None)
        if strongest.source is Source.SBOM and catalogued is not None:
            strongest = catalogued
        similarities = [
            item.similarity
            for item in evidence
            if item.similarity is not None and shares_license(item.expression or "", strongest.expression or "")
        ]
        return Verdict(
            expression=strongest.expression,
            source=strongest.source,
            where=strongest.where,
            similarity=max(similarities, default=None),
            evidence=evidence,
            reason=detected.reason,
        )
    texts = [item for item in evidence if item.expression]
    # One license is no choice, whatever its text says.
    choice = len({item.expression for item in texts}) > 1 and (
        states_choice(tuple(text for text in detected.texts.values() if len(text) < POINTER_LENGTH))
        or are_offered(detected.texts, texts)
    )
    return Verdict(
        expression=combined(texts, choice=choice),
        source=Source.TEXT if texts else Source.NONE,
        where=", ".join(dict.fromkeys(item.where for item in texts)),
        similarity=min((item.similarity for item in texts if item.similarity is not None), default=None),
        evidence=evidence,
        reason=detected.reason,
    )


def license_findings(component: Component) -> Iterator[Finding]:
    """Yield that the license is unknown, or that sources contradict each other."""
    verdict = component.verdict
    if verdict.expression is None:
        yield Finding(
            code="unknown-license",
            severity=Severity.ERROR if component.kind is not Kind.CRATE else Severity.WARNING,
            component=component.id,
            message=unknown_license_message(verdict.evidence),
        )
        return
    families = related_families(verdict.expression)
    for item in verdict.evidence:
        if item.expression is None or item.source in {verdict.source, Source.TEXT}:
            continue
        if not (families & related_families(item.expression) or shares_license(item.expression, verdict.expression)):
            yield Finding(
                code="contradiction",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{item.source} ({item.where}) says {item.expression}, "
                f"{verdict.source} says {verdict.expression}.",
            )
