"""Detects projects of JavaScript and style sheets: by banners, bundlers' lists, ``package.json`` and source maps."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit import bundles, expressions
from castiron_audit.banners import banners
from castiron_audit.catalogue import font_of_family, script_license, script_name
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import normalised, same_package
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from castiron_audit.banners import Banner
    from castiron_audit.bundles import Package
    from castiron_audit.detection.collector import Collector

_SCRIPTS = (".js", ".mjs", ".cjs", ".css")
_KEPT_BANNERS = re.compile(r"\.(?:m?js|css)\.(?:LICENSE|LEGAL)\.txt$", re.IGNORECASE)
_TESTS = re.compile(r"(?:^|/)(?:tests?|testing|mock_packages|examples?)/")
_SHOWN = 8


def detect_from_scripts(collector: Collector) -> None:
    """Add what the scripts that go in say about where they come from."""
    unnamed: list[str] = []
    mapped: set[str] = set()
    for path in sorted(collector.contents.paths):
        name = posixpath.basename(path)
        if _TESTS.search(path):
            continue
        if path.endswith(_SCRIPTS) or _KEPT_BANNERS.search(name):
            _add_banners(collector, path, unnamed)
        elif bundles.LIST_NAME.search(name):
            for package in bundles.listed_packages(collector.contents.read(path) or b""):
                _add_package(collector, path, package)
        elif name == "package.json" and "node_modules/" in path:
            package_ = bundles.package_of_json(collector.contents.read(path) or b"")
            if package_ is not None:
                _add_package(collector, path, package_)
        elif name.endswith(".map"):
            mapped |= set(bundles.packages_of_source_map(collector.contents.read(path) or b""))
    _add_mapped(collector, mapped)
    if unnamed:
        collector.add_finding(
            "unnamed-notice",
            Severity.INFO,
            f"Comments with a license or copyright that do not say whose they are: {_some(unnamed)}.",
        )


def _add_banners(collector: Collector, path: str, unnamed: list[str]) -> None:
    data = collector.contents.read(path)
    if data is None:
        return
    for banner in banners(data.decode("utf-8", "replace")):
        if not banner.name:
            if banner.licenses and path not in unnamed:
                unnamed.append(path)
        elif not _is_own(collector, banner.name):
            _add_banner(collector, path, banner)


def _is_own(collector: Collector, name: str) -> bool:
    """Return whether a name is the distribution's, or in the npm scope of that name."""
    own = collector.contents.distribution.name
    scope = name[1:].partition("/")[0] if name.startswith("@") else ""
    return (
        same_package(name, own)
        or same_package(name.partition(" ")[0], own)
        or (scope != "" and same_package(scope, own))
    )


def _add_banner(collector: Collector, path: str, banner: Banner) -> None:
    name = script_name(banner.name)
    known = script_license(name)
    evidence = list(text_evidence(path, banner.text)) if not banner.licenses else []
    if banner.licenses:
        expression = " AND ".join(dict.fromkeys(banner.licenses))
        evidence.append(Evidence(source=Source.LISTING, where=path, says=expression, expression=expression))
    if known is None and not any(item.expression for item in evidence):
        return  # A name with a copyright is too little to tell a project of its own from a part of one.
    # The style sheet of a font is a part of the font's project.
    component = collector.component(Kind.VENDORED if font_of_family(name) is None else Kind.DATA, name)
    component.forms.add(Form.DATA)
    component.version = component.version or banner.version or _version_in_name(path, name)
    if component.version:
        component.purl = component.purl or f"pkg:npm/{normalised(name)}@{component.version}"
    if known is not None and set(expressions.licenses_in(known.expression or "")) == set(banner.licenses):
        evidence = []  # Banners name the licenses of a choice with "and", too.
    for item in (*([known] if known is not None else ()), *evidence):
        if item.expression not in {other.expression for other in component.evidence}:
            component.evidence.append(item)
    component.texts.setdefault(f"{path}, {banner.name}", banner.text + "\n")


def _version_in_name(path: str, name: str) -> str:
    match = re.match(re.escape(normalised(name)) + r"[-.](\d+\.\d+(?:\.\d+)*)", posixpath.basename(path).lower())
    return match[1] if match else ""


def _add_package(collector: Collector, path: str, package: Package) -> None:
    if _is_own(collector, package.name):
        return
    component = collector.component(Kind.VENDORED, package.name)
    component.forms.add(Form.DATA)
    component.version = component.version or package.version
    component.purl = component.purl or package.purl
    expression = expressions.normalise(package.license) or expressions.from_field(package.license)
    if package.license:
        component.evidence.append(
            Evidence(source=Source.LISTING, where=path, says=package.license[:200], expression=expression)
        )
    if package.text:
        where = f"{path}, {package.name}"
        component.texts[where] = package.text
        component.evidence += text_evidence(where, package.text)


def _add_mapped(collector: Collector, names: set[str]) -> None:
    """Add what source maps name, as far as its license is known."""
    unknown = []
    for name in sorted(names):
        known = script_license(name)
        if (Kind.VENDORED, normalised(script_name(name))) in collector.components or _is_own(collector, name):
            continue
        if known is None:
            unknown.append(name)
            continue
        component = collector.component(Kind.VENDORED, script_name(name))
        component.forms.add(Form.DATA)
        component.evidence.append(known)
    if unknown:
        collector.add_finding(
            "unlisted-scripts",
            Severity.WARNING,
            f"Source maps name {len(unknown)} packages whose license nothing in the wheel tells: {_some(unknown)}.",
        )


def _some(names: list[str]) -> str:
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
