"""Completes what the detectors have gathered: crates for the build only, licenses and texts of what had none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.known_texts import texts_of_crate, texts_of_library
from castiron_audit.model import Evidence, Kind, Severity, Source
from castiron_audit.names import first_of, normalised
from castiron_audit.spdx_list import has_blanks
from castiron_audit.tables import table
from castiron_audit.text_evidence import text_evidence
from castiron_common.words import counted

if TYPE_CHECKING:
    from castiron_audit.detection.collector import Collector, DetectedComponent


def complete(collector: Collector) -> None:
    """Leave out what is not in the binary, and add licenses and texts that are known beside the wheel."""
    _leave_out_crates(collector)
    without_text: list[str] = []
    for component in collector.components.values():
        if not component.version and component.kind in {Kind.LIBRARY, Kind.VENDORED}:
            versions = collector.named_versions.get(normalised(component.name), set())
            component.version = min(versions) if len(versions) == 1 else ""
        if component.kind is Kind.CRATE and not any(item.expression for item in component.evidence):
            _add_crate_license(component)
        if not component.texts:
            component.texts |= _known_texts(collector, component)
        if not component.texts and component.proven and _needs_names(component):
            without_text.append(component.name)
    if without_text:
        names = sorted(without_text, key=str.lower)
        collector.add_finding(
            "text-is-template",
            Severity.INFO,
            f"{counted(len(names), 'component')} without a license text that names the authors; the notices have "
            f"SPDX's text of the license: {first_of(names)}.",
        )


def _needs_names(component: DetectedComponent) -> bool:
    """Return whether a crate or library may be used only with a text that names its holders: no license has another."""
    if component.kind not in {Kind.CRATE, Kind.LIBRARY}:
        return False
    expression = next((item.expression for item in component.evidence if item.expression), "")
    names = expressions.choose(expression, lambda name: has_blanks(name.partition(" WITH ")[0])) if expression else ()
    return not names or any(has_blanks(name.partition(" WITH ")[0]) for name in names)


def _leave_out_crates(collector: Collector) -> None:
    """Remove crates that are listed and in no binary for Linux, unless a shared object shows them."""
    build_only, others = table("crates")["build_only"], table("crates")["other_systems"]
    _leave_out(
        collector,
        "build-only-crates",
        "run at build time only",
        frozenset(build_only["names"]),
        beginnings=tuple(build_only["beginnings"]),
        endings=tuple(build_only["endings"]),
    )
    _leave_out(
        collector,
        "other-systems-crates",
        "are for other systems than Linux",
        frozenset(others["names"]),
        beginnings=tuple(others["beginnings"]),
    )


def _leave_out(
    collector: Collector,
    code: str,
    why: str,
    names: frozenset[str],
    *,
    beginnings: tuple[str, ...] = (),
    endings: tuple[str, ...] = (),
) -> None:
    left_out = [
        key
        for key, component in collector.components.items()
        if component.kind is Kind.CRATE
        and not component.shows
        and (component.name in names or component.name.startswith(beginnings) or component.name.endswith(endings))
    ]
    if left_out:
        found = sorted({collector.components[key].name for key in left_out})
        for key in left_out:
            del collector.components[key]
        collector.add_finding(
            code,
            Severity.INFO,
            f"{len(found)} crates of its bill of materials {why}, and are left out: {first_of(found)}.",
        )


def _add_crate_license(component: DetectedComponent) -> None:
    known = texts_of_crate(component.name)
    if known.license:
        component.evidence.append(
            Evidence(
                source=Source.CATALOGUE,
                where=f"{component.name}: Cargo.toml",
                says=known.license,
                expression=known.license.replace("/", " OR "),
            )
        )
        return
    # The manifest names a file instead of a license.
    component.evidence += [item for where, text in known.texts for item in text_evidence(where, text)]
    row = table("crate_licenses")["crates"].get(component.name)
    if row is not None and not any(item.expression for item in component.evidence):
        expression, source = row
        where = f"{component.name}, in {source}"
        component.evidence.append(
            Evidence(source=Source.CATALOGUE, where=where, says=expression, expression=expression)
        )


def _known_texts(collector: Collector, component: DetectedComponent) -> dict[str, str]:
    """Return texts by where they were read: a part of the distribution's own project has the distribution's."""
    if component.own:
        contents = collector.contents
        files = contents.distribution.license.files
        return {file.path: contents.texts[file.sha256] for file in files if file.sha256 in contents.texts}
    if component.kind is Kind.CRATE:
        return dict(texts_of_crate(component.name).texts)
    return dict(texts_of_library(component.name).texts) if component.kind is Kind.LIBRARY else {}
