"""Collects the report: what is in a binary, from whom, under which license, and what follows from it.

The steps of `build_report` are modules of their own: ``application``, ``application_parts``, ``distributions``,
``runtime``, ``dependencies``, and for what follows ``copyleft``, ``compatibility`` and ``obligations``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.application import application_component, has_parts
from castiron_audit.collected import Collected
from castiron_audit.compatibility import compatibility_findings
from castiron_audit.copyleft import linkage_findings
from castiron_audit.dependencies import with_dependencies
from castiron_audit.identity import identified
from castiron_audit.license_rules.kept_rows import kept_rows
from castiron_audit.model import Finding, Kind, Report, Severity, sort_findings, sort_key
from castiron_audit.obligations import obligations
from castiron_audit.runtime import collect_runtime
from castiron_runtime.target_files import load_target

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from castiron_audit.examination import Examinations
    from castiron_audit.linked import Linked
    from castiron_audit.model import Component, Supplier
    from castiron_audit.own_signatures import OwnSignature
    from castiron_manifest.model import Manifest
    from castiron_wheels.source_archives import SourceArchive


def build_report(
    manifest: Manifest,
    *,
    site: Path | None,
    linked: Linked | None = None,
    license_: str | None = None,
    version: str = "",
    name: str = "",
    supplier: Supplier | None = None,
    generator: str | None = None,
    signatures: tuple[OwnSignature, ...] = (),
    known: Examinations | None = None,
    sdists: Iterable[SourceArchive] = (),
) -> Report:
    """Return the report on a manifest, or on a binary that is being linked from it; no policy is applied yet.

    ``site`` is the installed ``site-packages`` of the manifest's distributions; without it, what only their files tell
    (vendored packages, crates, fonts) is not detected.  ``license_``, ``version``, ``name`` and ``supplier`` are the
    application's own; without a name it has that of the program.  ``signatures`` are those of its project.
    ``known`` keeps what was found in distributions; only for a ``site`` that is an entry of the cache.
    ``sdists`` are the source distributions that are to be read as well.
    Raises `InputError` if a shared object cannot be read.
    """
    # What is in: the application, the distributions with third-party components, the runtime.
    application = application_component(manifest, linked, license_, version, name or manifest.entry.name)
    distributions = own = Collected()
    with kept_rows():
        if has_parts(manifest):
            from castiron_audit.application_parts import collect_application_parts

            own = collect_application_parts(manifest, linked=linked, signatures=signatures)
        if manifest.distributions:
            # An application without distributions does not wait for the import of the detectors.
            from castiron_audit.distributions import collect_distributions

            distributions = collect_distributions(
                manifest, site=site, linked=linked, signatures=signatures, known=known, sdists=sdists
            )
    runtime = collect_runtime(manifest, linked)
    collected = (application, *own.components, *distributions.components, *runtime.components)

    # What depends on what, and how others identify it.  From here on no component is added or changed.
    components = tuple(sorted(identified(with_dependencies(collected, manifest), supplier), key=sort_key))

    # What follows: for the executable as one work, together with the application's own license.
    findings = (
        *own.findings,
        *distributions.findings,
        *linkage_findings(components),
        *compatibility_findings(license_, components),
        *_emulated(manifest, components),
        *_of_machine(manifest, components, linked),
    )

    # Each license text once, of those that a component refers to.
    texts = {**dict(manifest.texts), **own.texts, **distributions.texts, **runtime.texts}
    used = {text.sha256 for component in components for text in component.texts}
    return Report(
        name=name or manifest.entry.name,
        version=version,
        generator=generator or manifest.generator,
        target=manifest.target.platform,
        python=manifest.pack.removeprefix("cpython-"),
        license=license_,
        linked=linked is not None,
        components=components,
        findings=sort_findings(findings),
        obligations=obligations(components),
        needs=manifest.needs,
        overhead=() if linked is None else linked.overhead,
        texts=tuple(sorted((key, text) for key, text in texts.items() if key in used)),
    )


def _emulated(manifest: Manifest, components: Iterable[Component]) -> Iterator[Finding]:
    """Tell whose code runs on stand-ins, as its wheel is for another C library than the target's."""
    own = load_target(manifest.target.platform).libc.name
    others = {item.distribution: item.libc for item in manifest.natives if item.libc not in ("", own)}
    for component in components:
        if component.kind is Kind.DISTRIBUTION and component.name in others:
            yield Finding(
                code="emulated-libc",
                severity=Severity.INFO,
                component=component.id,
                message=f"Its wheel is for {others[component.name]}: in the binary its code runs on {own}, and on "
                f"Castiron's stand-ins for what only {others[component.name]} has.",
            )


_OF_MACHINE = frozenset(("makes-code", "newer-processor"))
"""What ``trace`` tells of shared objects that whoever runs the executable should know."""


def _of_machine(manifest: Manifest, components: Iterable[Component], linked: Linked | None) -> Iterator[Finding]:
    """Tell what shared objects ask of the machine: memory for code of their own, a newer processor."""
    owners = {item.path: item.distribution for item in manifest.natives if linked is None or item.path in linked.images}
    # The application's own shared objects are of no distribution.
    ids = {
        item.name if item.kind is Kind.DISTRIBUTION else "": item.id
        for item in components
        if item.kind in (Kind.DISTRIBUTION, Kind.APPLICATION)
    }
    for finding in manifest.findings:
        if finding.code in _OF_MACHINE and owners.get(finding.subject) in ids:
            yield Finding(
                code=finding.code,
                severity=Severity.INFO,
                component=ids[owners[finding.subject]],
                message=f"{finding.subject}: {finding.message}",
            )
