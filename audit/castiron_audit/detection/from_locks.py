"""Detects packages of JavaScript with the lock files in a distribution's sources: versions, licenses, weak traces.

A lock file names hundreds of packages, of which a bundle has some.  What the scripts show otherwise gets its version
and license.  Of the others only what the project itself depends on is added, and if scripts name it: with a name that
is nobody else's word.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.bundles import bundled_packages
from castiron_audit.catalogue import npm_license, script_name
from castiron_audit.model import Evidence, Form, Kind, Source
from castiron_audit.names import is_of_tests, normalised, same_package
from castiron_audit.sdists.locks import installed_packages, needed_packages
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from castiron_audit.bundles import Package
    from castiron_audit.detection.collector import Collector, DetectedComponent
    from castiron_audit.sdists.archive import SourceTree

_CODE = (".js", ".mjs", ".cjs")
_WORD = re.compile(rb"@?[\w][\w./-]*\w")
_OF_ONE = re.compile(r"@[\w.-]+/[\w.-]+|[\w.]+-[\w.-]+|[\w-]+\.js")
"""A name of several words, or in a scope: ``react``, ``buffer`` and ``debug`` are words of any code."""
_ASIDE = re.compile(
    r"(?:^|/)(?:[\w-]*tests?|testing|examples?|docs?|website|wrappers|demos?|e2e|bench\w*)/", re.IGNORECASE
)
_LICENSES = ("LICENSE", "LICENSE.md", "LICENSE.txt", "license", "LICENCE", "License.md", "LICENSE-MIT", "COPYING")


def detect_from_locks(collector: Collector, tree: SourceTree) -> None:
    """Complete what scripts show, and add what the project depends on and scripts name."""
    needed = {path: rows for path, rows in needed_packages(tree).items() if not _ASIDE.search(path)}
    installed = installed_packages(tree)
    told = _told_versions(collector)
    needed = {path: rows if _is_of_bundle(rows, told) else _without_versions(rows) for path, rows in needed.items()}
    by_name: dict[str, dict[Package, str]] = {}
    for path, rows in (*needed.items(), *((folder, (package,)) for folder, package in installed.items())):
        for package in rows:
            by_name.setdefault(normalised(script_name(package.name)), {})[package] = path
    if not by_name:
        return
    for component in list(collector.components.values()):
        if told.get(_squeezed(component.name), {component.version}) != {component.version}:
            continue  # Another spelling of the name has a version: "Papa Parse" is papaparse.
        rows_of_name = by_name.get(normalised(component.name))
        if component.kind is Kind.VENDORED and component.forms == {Form.DATA} and rows_of_name:
            _complete(component, tree, rows_of_name)
    _add_named(collector, tree, by_name, set(_direct(tree, needed)))


def _squeezed(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", script_name(name).lower())


def _told_versions(collector: Collector) -> dict[str, set[str]]:
    """Return the versions of scripts that the wheel itself tells, by names without their signs."""
    told: dict[str, set[str]] = {}
    for component in collector.components.values():
        if component.kind is Kind.VENDORED and component.version:
            told.setdefault(_squeezed(component.name), set()).add(component.version)
    return told


def _is_of_bundle(rows: Iterable[Package], told: Mapping[str, set[str]]) -> bool:
    """Return whether a lock file has the versions that the wheel tells, mostly: it may be of another build."""
    locked: dict[str, set[str]] = {}
    for package in rows:
        locked.setdefault(_squeezed(package.name), set()).add(package.version)
    compared = [bool(locked[name] & told[name]) for name in locked.keys() & told.keys()]
    return sum(compared) * 2 >= len(compared)


def _without_versions(rows: Iterable[Package]) -> tuple[Package, ...]:
    return tuple({replace(package, version=""): None for package in rows})


def _complete(component: DetectedComponent, tree: SourceTree, rows: dict[Package, str]) -> None:
    fitting = {
        item: path
        for item, path in rows.items()
        if not (component.version and item.version) or item.version == component.version
    }
    if not fitting:
        return
    versions = {item.version for item in fitting}
    if not component.version and len(versions) == 1:
        package = next(iter(fitting))
        component.version = package.version
        component.purl = component.purl or package.purl
    if not any(item.expression for item in component.evidence):
        component.evidence += list(_licenses(tree, fitting))
    if not component.texts:
        component.texts |= dict(_texts(tree, fitting))


def _licenses(tree: SourceTree, rows: dict[Package, str]) -> Iterator[Evidence]:
    """Yield what lock files and manifests say about a package's license, else what its license file says."""
    said = {}
    for package, path in rows.items():
        expression = expressions.normalise(package.license) if package.license else None
        if expression is not None:
            where = tree.where(path)
            said[expression] = Evidence(source=Source.LISTING, where=where, says=package.license, expression=expression)
    if len(said) == 1:
        yield from said.values()
        return
    for where, text in _texts(tree, rows):
        yield from text_evidence(where, text)


def _texts(tree: SourceTree, rows: dict[Package, str]) -> Iterator[tuple[str, str]]:
    for path in rows.values():
        for name in _LICENSES:
            if (file := posixpath.join(path, name)) in tree.files:
                yield tree.where(file), tree.text(file)
                break


def _direct(tree: SourceTree, needed: dict[str, tuple[Package, ...]]) -> Iterator[str]:
    """Yield the normalised names of what the projects beside lock files depend on."""
    for path in needed:
        manifest = tree.files.get(posixpath.join(posixpath.dirname(path), "package.json"), b"")
        for name in bundled_packages(manifest):
            yield normalised(script_name(name))


def _add_named(
    collector: Collector, tree: SourceTree, by_name: dict[str, dict[Package, str]], direct: set[str]
) -> None:
    known = {normalised(component.name) for component in collector.components.values()}
    own = collector.contents.distribution.name
    places: dict[str, str] = {}
    for path in sorted(collector.contents.paths):
        if path.endswith(_CODE) and not is_of_tests(path):
            for word in set(_WORD.findall(collector.contents.read(path) or b"")):
                places.setdefault(word.decode("ascii", "replace"), path)
    for key in sorted(direct & by_name.keys() - known):
        rows = by_name[key]
        package = min(rows, key=lambda item: (item.name, item.version))
        place = places.get(package.name)
        if place is None or not _OF_ONE.fullmatch(package.name) or same_package(package.name, own):
            continue
        component = collector.component(Kind.VENDORED, script_name(package.name))
        component.forms.add(Form.DATA)
        component.named_in = "unlisted-scripts"
        says = f"names {package.name}, which {rows[package]} has"
        component.evidence.append(Evidence(source=Source.SBOM, where=place, says=says, expression=None))
        _complete(component, tree, rows)
        license_ = npm_license(package.name, component.version)
        if license_ is not None and not any(item.expression for item in component.evidence):
            component.evidence.append(license_)
