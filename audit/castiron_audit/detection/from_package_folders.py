"""Detects packages of npm in folders and files that are named as content networks name them: ``vega@5.2.0/``.

Tools that bundle scripts keep that layout (``NAME@VERSION/...``, jsDelivr's and unpkg's), and put license texts beside
it as ``licenses/NAME@VERSION.txt``.
"""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from castiron_audit.catalogue import npm_license, script_name
from castiron_audit.license_files import LICENSE_FILE_NAME
from castiron_audit.model import Form, Kind
from castiron_audit.names import in_order, normalised, same_package
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.detection.collector import Collector

_NAME = r"(?P<name>(?:@[a-z][\w.-]*/)?[a-z][\w.-]*)"
_VERSION = r"(?P<range>[\^~]?)v?(?P<version>\d{1,5}(?:\.\d{1,5}){0,2}(?:-[\w.]{1,24})?|latest)"
_FOLDER = re.compile(rf"(?:^|/){_NAME}@{_VERSION}/")
_TEXT = re.compile(rf"(?:^|/)licen[sc]es?/{_NAME}@{_VERSION}\.(?:txt|md)$", re.IGNORECASE)
_SCRIPT = re.compile(rf"(?:^|/){_NAME}@{_VERSION}(?:\.min)?\.(?:m?js|css)$")
_TESTS = re.compile(r"(?:^|/)(?:tests?|testing|examples?)/")
_SCRIPTS = (".js", ".mjs", ".cjs", ".css", ".wasm")


def detect_from_package_folders(collector: Collector) -> None:
    """Add the packages of which something goes in; a license text of its own shows one, too."""
    packages: dict[str, _Package] = {}
    for pattern in (_FOLDER, _SCRIPT):
        for found in _matches(collector, pattern):
            if pattern is _SCRIPT or found.path.endswith(_SCRIPTS):
                package = packages.setdefault(_key(found.name), _Package(name=found.name))
                # What stands in the folder's name may be a range; the text's name has the version that was fetched.
                if found.is_fixed:
                    package.versions.setdefault(found.version, "")
                package.lowest = package.lowest or found.version
    for found in _matches(collector, _TEXT):
        package = packages.setdefault(_key(found.name), _Package(name=found.name))
        package.name = found.name
        package.versions[found.version] = found.path
    for _, package in sorted(packages.items()):
        if not same_package(package.name, collector.contents.distribution.name):
            for version, text in sorted((package.versions or {package.lowest: ""}).items()):
                _add(collector, package.name, version or package.lowest, text)


@dataclass(slots=True)
class _Package:
    """What paths say of one package."""

    name: str
    versions: dict[str, str] = field(default_factory=dict)
    """Those that are there, each with the path of its license text, or none."""
    lowest: str = ""
    """The version that a range begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Match:
    """A path that names a package."""

    path: str
    name: str
    version: str
    """Empty if it is not a whole one."""
    is_fixed: bool
    """False if it only begins a range."""


def _matches(collector: Collector, pattern: re.Pattern[str]) -> Iterator[_Match]:
    for path in in_order(collector.contents.paths):
        match = pattern.search(path) if "@" in path else None
        if match and not _TESTS.search(path):
            version = match["version"] if _is_whole(match["version"]) else ""
            yield _Match(path=path, name=match["name"], version=version, is_fixed=_is_fixed(match))


def _is_whole(version: str) -> bool:
    return version.partition("-")[0].count(".") == 2


def _is_fixed(match: re.Match[str]) -> bool:
    return _is_whole(match["version"]) and not match["range"]


def _key(name: str) -> str:
    return normalised(script_name(name))


def _add(collector: Collector, name: str, version: str, text_path: str) -> None:
    component = collector.copy_of(Kind.VENDORED, script_name(name), version)
    component.forms.add(Form.DATA)
    component.version = component.version or version
    if version:
        component.purl = component.purl or f"pkg:npm/{name.replace('@', '%40')}@{version}"
    paths = [text_path] if text_path else []
    for path in in_order(collector.contents.paths):
        match = _FOLDER.search(path) if "@" in path else None
        if (
            match
            and _key(match["name"]) == _key(name)
            and (match["version"] == version or not _is_fixed(match))
            and path[match.end() :].count("/") == 0
        ):
            paths += [path] if LICENSE_FILE_NAME.search(posixpath.basename(path)) else []
    for path in paths:
        data = collector.contents.read(path)
        if data is not None and path not in component.texts:
            text = data.decode("utf-8", "replace")
            component.texts[path] = text
            component.evidence += text_evidence(path, text)
    known = npm_license(name, version)
    if known is not None and not any(item.expression for item in component.evidence):
        component.evidence.append(known)
