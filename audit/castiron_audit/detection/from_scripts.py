"""Detects projects of JavaScript and style sheets: by banners, bundlers' lists, manifests, source maps and places."""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import bundles, expressions
from castiron_audit.banners import banners
from castiron_audit.catalogue import font_of_family, npm_license, script_license, script_name
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import first_of, in_order, normalised, same_package
from castiron_audit.script_marks import marked_packages
from castiron_audit.script_members import packages_of_members
from castiron_audit.script_modules import packages_in_script
from castiron_audit.script_places import MANIFESTS, is_package_folder, place_of
from castiron_audit.script_strings import shown_packages
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from castiron_audit.banners import Banner
    from castiron_audit.bundles import Package
    from castiron_audit.detection.collector import Collector
    from castiron_audit.script_strings import ShownPackage

_CODE = (".js", ".mjs", ".cjs")
_SCRIPTS = (*_CODE, ".css")
_KEPT_BANNERS = re.compile(r"\.(?:m?js|css)\.(?:LICENSE|LEGAL)(?:\.txt)?$", re.IGNORECASE)
_TESTS = re.compile(r"(?:^|/)(?:tests?|testing|mock_packages|examples?)/")
_SAYS_VERSION = re.compile(rb"""\bversion\s*[=:]\s*["'](\d+\.\d+\.\d+)["']""", re.IGNORECASE)
"""A script with several of them contains others' code."""
_VERSION_WORD = b"version"
_OF_DASH = "package-info.json"
"""The copy of its ``package.json`` that a distribution of components for Dash brings."""
_UNLISTED = "unlisted-scripts"
"""The finding that names those whose license nothing tells."""


def detect_from_scripts(collector: Collector) -> None:
    """Add what the scripts that go in say about where they come from."""
    unnamed: list[str] = []
    mapped: dict[str, set[str]] = {}
    shown: dict[str, tuple[str, ShownPackage]] = {}
    folders = collector.package_folders = _add_package_folders(collector)
    for path in in_order(collector.contents.paths):
        name = posixpath.basename(path)
        if _TESTS.search(path):
            continue
        if path.endswith(_SCRIPTS) or _KEPT_BANNERS.search(name):
            _add_banners(collector, path, unnamed, folders)
            if not path.endswith(_SCRIPTS):
                text = (collector.contents.read(path) or b"").decode("utf-8", "replace")
                for noticed in bundles.packages_of_notices(text):
                    _add_package(collector, path, noticed)
            _add_place(collector, path, folders)
            _add_named(collector, path, mapped)
            data = (collector.contents.read(path) or b"") if path.endswith(_CODE) else b""
            for package in (*shown_packages(data), *packages_of_members(data), *marked_packages(data)):
                shown.setdefault(package.name, (path, package))
        elif bundles.LIST_NAME.search(name):
            for listed in bundles.listed_packages(collector.contents.read(path) or b""):
                _add_package(collector, path, listed)
        elif name.endswith(".map"):
            for package_name in bundles.packages_of_source_map(collector.contents.read(path) or b""):
                mapped.setdefault(package_name, set()).add(path)
    for path, names in _bundled(collector):
        for name in names:
            mapped.setdefault(name, set()).add(path)
    _add_mapped(collector, mapped)
    _add_shown(collector, shown)
    if unnamed:
        collector.add_finding(
            "unnamed-notice",
            Severity.INFO,
            f"Comments with a license or copyright that do not say whose they are: {first_of(unnamed)}.",
        )


def _bundled(collector: Collector) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield manifests beside bundles of scripts, each with the packages that were bundled.

    They are beside a folder ``dist``, or in that of the bundle as Dash's components have them.
    """
    paths = in_order(collector.contents.paths)
    dist = "/dist/"
    bundled = {path.rpartition(dist)[0] for path in paths if dist in path and path.endswith(_SCRIPTS)}
    beside = {posixpath.dirname(path) for path in paths if path.endswith(_SCRIPTS)}
    for path in paths if beside else ():
        folder, _, file = path.rpartition("/")
        is_manifest = (file == MANIFESTS[0] and folder in bundled) or (file == _OF_DASH and folder in beside)
        if is_manifest and not _TESTS.search(path):
            yield path, bundles.bundled_packages(collector.contents.read(path) or b"")


def _add_package_folders(collector: Collector) -> dict[str, Package]:
    """Add the packages whose manifests lie in the folders named after them; return them by folder."""
    folders: dict[str, Package] = {}
    for path in sorted(collector.contents.paths, key=lambda path: (posixpath.basename(path) != MANIFESTS[0], path)):
        folder, file = posixpath.split(path)
        if file not in MANIFESTS or folder in folders or _TESTS.search(path):
            continue
        package = bundles.package_of_json(collector.contents.read(path) or b"")
        if package is not None and is_package_folder(path, package.name):
            _add_package(collector, path, package)
            folders[folder] = package
    return folders


def _package_around(path: str, folders: dict[str, Package]) -> Package | None:
    """Return the package in whose folder a file lies; None if it lies in none."""
    folder = posixpath.dirname(path)
    while folder and folder not in folders:
        folder = posixpath.dirname(folder)
    return folders.get(folder)


def _add_banners(collector: Collector, path: str, unnamed: list[str], folders: dict[str, Package]) -> None:
    data = collector.contents.read(path)
    if data is None:
        return
    package = _package_around(path, folders)
    place = place_of(path)
    for banner in banners(data):
        if package is not None and (not banner.name or _is_file_of(banner.name, package.name)):
            # What the manifest says counts for the whole package.
            component = collector.copy_of(Kind.VENDORED, script_name(package.name), package.version)
            if not any(item.expression for item in component.evidence):
                _add_banner(collector, path, replace(banner, name=package.name, version=package.version))
        elif not banner.name and banner.licenses and place is not None and (place.vendored or _is_plugin(place.name)):
            _add_banner(collector, path, replace(banner, name=place.name, version=banner.version or place.version))
        elif not banner.name:
            if banner.licenses and path not in unnamed:
                unnamed.append(path)
        elif not _is_own(collector, banner.name):
            _add_banner(collector, path, banner)


def _is_plugin(name: str) -> bool:
    """Return whether a file is named as the plug-ins of jQuery are, which are nobody's own: ``jquery.flot``."""
    return name.lower().startswith("jquery.") and len(name) > len("jquery.")


def _is_file_of(name: str, package: str) -> bool:
    """Return whether a banner's name is that of a package, or begins with it: ``codemirror-dark-theme``."""
    own = normalised(script_name(package))
    return own != "" and f"{normalised(script_name(name))}-".startswith(f"{own}-")


def _add_place(collector: Collector, path: str, folders: dict[str, Package]) -> None:
    """Add the project that a file is named after, if the catalogue knows it: minifiers remove banners."""
    place = place_of(path)
    if place is None or _package_around(path, folders):
        return
    name = script_name(place.name)
    known = script_license(name, place.version)
    if known is None or _is_own(collector, name) or (data := collector.contents.read(path)) is None:
        return
    kind = Kind.VENDORED if font_of_family(name) is None else Kind.DATA
    said = _said_versions(data)
    version = said.pop() if len(said) == 1 else place.version
    # What the code of a part of the project says, or of what is in it, may be a version of its own.
    tells_a_copy = place.version != "" or (
        normalised(script_name(_stem(path))) == normalised(name) and not collector.has_text_of(kind, name, f"{path}, ")
    )
    component = collector.copy_of(kind, name, version if tells_a_copy else "")
    component.forms.add(Form.DATA)
    component.version = component.version or version
    if component.version:
        component.purl = component.purl or f"pkg:npm/{normalised(name)}@{component.version}"
    if not any(item.expression for item in component.evidence):
        component.evidence.append(known)


def _said_versions(data: bytes) -> set[str]:
    """Return the versions that a script's code states; the word is found many times as fast as the pattern."""
    said: set[str] = set()
    lowered = data.lower()
    place = lowered.find(_VERSION_WORD)
    while place >= 0:
        if match := _SAYS_VERSION.match(data, place):
            said.add(match[1].decode())
        place = lowered.find(_VERSION_WORD, place + 1)
    return said


def _stem(path: str) -> str:
    """Return a script's name without what tells that it is minified."""
    return re.sub(r"(?:[.-](?:min|slim|umd|bundle))*\.(?:[mc]?js|css)$", "", posixpath.basename(path))


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
    sheet = name.removesuffix(".css")
    if (Kind.VENDORED, normalised(sheet)) in collector.components:
        name = sheet  # The style sheet of a script that was found.
    known = script_license(name, banner.version)
    if known is None and banner.version and not banner.licenses:
        known = npm_license(
            name, banner.version
        )  # What is called by a package's name and has a version is that package.
    # A choice needs two names; where the customary words name one, the rules look for the other.
    in_words = banner.licenses and not (banner.choice and len(banner.licenses) == 1)
    evidence = list(text_evidence(path, banner.text)) if not in_words else []
    if banner.licenses and not any(item.expression for item in evidence):
        expression = (" OR " if banner.choice else " AND ").join(dict.fromkeys(banner.licenses))
        normal = expressions.normalise(expression)
        evidence.append(Evidence(source=Source.LISTING, where=path, says=expression, expression=normal))
    says_license = known is not None or any(item.expression for item in evidence)
    if not says_license and not banner.version:
        return  # A name with a copyright is too little to tell a project of its own from a part of one.
    # The style sheet of a font is a part of the font's project.
    version = banner.version or _version_in_name(path, name)
    component = collector.copy_of(Kind.VENDORED if font_of_family(name) is None else Kind.DATA, name, version)
    component.forms.add(Form.DATA)
    component.named_in = _UNLISTED
    component.version = component.version or version
    if component.version:
        component.purl = component.purl or f"pkg:npm/{normalised(name)}@{component.version}"
    if known is not None and set(expressions.licenses_in(known.expression or "")) == set(banner.licenses):
        evidence = []  # Banners name the licenses of a choice with "and", too.
    elif any(item.expression for item in evidence) and (banner.choice or _is_other_license(known, banner)):
        known = None  # Another version's license.
    if any(item.expression and item.where in component.texts for item in component.evidence):
        known, evidence = None, []  # The license file in its folder is about this version.
    for item in (*([known] if known is not None else ()), *evidence):
        if item.expression not in {other.expression for other in component.evidence}:
            component.evidence.append(item)
    component.texts.setdefault(f"{path}, {banner.name}", banner.text + "\n")


def _is_other_license(known: Evidence | None, banner: Banner) -> bool:
    """Return whether a banner names one license, and not one of the catalogue's: Bootstrap 2 is under Apache-2.0."""
    said = set(expressions.licenses_in(known.expression or "")) if known is not None else set()
    return len(banner.licenses) == 1 and said.isdisjoint(banner.licenses)


def _version_in_name(path: str, name: str) -> str:
    match = re.match(re.escape(normalised(name)) + r"[-.](\d+\.\d+(?:\.\d+)*)", posixpath.basename(path).lower())
    return match[1] if match else ""


def _add_package(collector: Collector, path: str, package: Package) -> None:
    if _is_own(collector, package.name):
        return
    component = collector.copy_of(Kind.VENDORED, package.name, package.version)
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


def _add_named(collector: Collector, path: str, mapped: dict[str, set[str]]) -> None:
    """Add the packages that a script names as its contents; what it tells no version of is added as source maps' is."""
    for package in packages_in_script(collector.contents.read(path) or b""):
        known = npm_license(package.name, package.version)
        if not package.version or _is_own(collector, package.name):
            mapped.setdefault(package.name, set()).add(path)
            continue
        component = collector.copy_of(Kind.VENDORED, script_name(package.name), package.version)
        component.forms.add(Form.DATA)
        component.version = component.version or package.version
        component.named_in = _UNLISTED
        component.purl = component.purl or bundles.Package(name=package.name, version=package.version).purl
        if known is not None and not any(item.expression for item in component.evidence):
            component.evidence.append(known)


def _add_mapped(collector: Collector, mapped: Mapping[str, set[str]]) -> None:
    """Add what source maps and scripts name, by their paths, as far as its license is known or its sources tell it."""
    unknown: dict[str, set[str]] = {}
    for name, paths in sorted(mapped.items()):
        known = npm_license(name)
        if (Kind.VENDORED, normalised(script_name(name))) in collector.components or _is_own(collector, name):
            continue
        if known is None:
            unknown[name] = paths
            continue
        component = collector.component(Kind.VENDORED, script_name(name))
        component.forms.add(Form.DATA)
        component.evidence.append(known)
    for path in sorted({path for paths in unknown.values() for path in paths}):
        names = [name for name, paths in unknown.items() if path in paths]
        for name, heads in bundles.heads_in_source_map(collector.contents.read(path) or b"", names).items():
            if evidence := _evidence_of_heads(path, heads):
                component = collector.component(Kind.VENDORED, script_name(name))
                component.forms.add(Form.DATA)
                component.evidence += evidence
                component.texts.setdefault(f"{path}, {name}", heads[0].strip() + "\n")
                del unknown[name]
    for name in sorted(unknown):
        component = collector.component(Kind.VENDORED, script_name(name))
        component.forms.add(Form.DATA)
        component.named_in = _UNLISTED


def _add_shown(collector: Collector, shown: Mapping[str, tuple[str, ShownPackage]]) -> None:
    """Add the packages that strings and names of members in scripts show and nothing else has named."""
    for name, (path, package) in shown.items():
        if _is_own(collector, name):
            continue
        component = collector.component(Kind.VENDORED, script_name(name))
        if not component.forms and not component.evidence:
            component.forms.add(Form.DATA)
            component.named_in = _UNLISTED
            says = f"contains {package.proof!r}, as {name} does"
            component.evidence.append(Evidence(source=Source.SBOM, where=path, says=says, expression=None))
        known = npm_license(name, component.version)
        if known is not None and not any(item.expression for item in component.evidence):
            component.evidence.append(known)


_TAG = re.compile(r"SPDX-License-Identifier:[ \t]*([\w.+() -]{2,80})")
_READ_HEADS = 3
"""Heads without a tag that are read, as they say the same."""


def _evidence_of_heads(path: str, heads: Sequence[str]) -> list[Evidence]:
    """Return what the first lines of a package's sources, as a source map contains them, say about its license."""
    tags = {expression: head for head in heads for tag in _TAG.findall(head) if (expression := _of_tag(tag))}
    if tags:
        return [
            Evidence(source=Source.TEXT, where=path, says=f"says it is under {expression}", expression=expression)
            for expression in sorted(tags)
        ]
    found = {
        item.expression: item for head in heads[:_READ_HEADS] for item in text_evidence(path, head) if item.expression
    }
    return [found[expression] for expression in sorted(found)]


def _of_tag(tag: str) -> str | None:
    # "MIT and ISC": SPDX writes the operators in capitals.
    return expressions.normalise(re.sub(r" (and|or|with) ", lambda match: match[0].upper(), tag.strip()))
