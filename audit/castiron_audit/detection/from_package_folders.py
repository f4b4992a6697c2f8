"""Detects packages of npm in folders and files that are named as content networks name them: ``vega@5.2.0/``.

Tools that bundle scripts keep that layout (``NAME@VERSION/...``, jsDelivr's and unpkg's), and put license texts beside
it as ``licenses/NAME@VERSION.txt``.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit.catalogue import script_license, script_name
from castiron_audit.license_files import LICENSE_FILE_NAME
from castiron_audit.model import Form, Kind
from castiron_audit.names import normalised, same_package
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.detection.collector import Collector

_NAME = r"(?P<name>(?:@[a-z][\w.-]*/)?[a-z][\w.-]*)"
_VERSION = r"[\^~]?v?(?P<version>\d{1,5}(?:\.\d{1,5}){0,2}(?:-[\w.]{1,24})?|latest)"
_FOLDER = re.compile(rf"(?:^|/){_NAME}@{_VERSION}/")
_TEXT = re.compile(rf"(?:^|/)licen[sc]es?/{_NAME}@{_VERSION}\.(?:txt|md)$", re.IGNORECASE)
_SCRIPT = re.compile(rf"(?:^|/){_NAME}@{_VERSION}(?:\.min)?\.(?:m?js|css)$")
_TESTS = re.compile(r"(?:^|/)(?:tests?|testing|examples?)/")
_SCRIPTS = (".js", ".mjs", ".cjs", ".css", ".wasm")


def detect_from_package_folders(collector: Collector) -> None:
    """Add the packages of which something goes in; a license text of its own shows one, too."""
    texts = {_key(name): path for path, name, _ in _matches(collector, _TEXT)}
    seen: dict[str, tuple[str, str]] = {}
    for pattern in (_FOLDER, _SCRIPT):
        for path, name, version in _matches(collector, pattern):
            if pattern is _SCRIPT or path.endswith(_SCRIPTS):
                seen.setdefault(_key(name), (name, version))
    for _, name, version in _matches(collector, _TEXT):
        # What stands in the folder's name may be a range; the text's name has the version that was fetched.
        seen[_key(name)] = (name, version or seen.get(_key(name), ("", ""))[1])
    for key, (name, version) in sorted(seen.items()):
        if not same_package(name, collector.contents.distribution.name):
            _add(collector, name, version, texts.get(key, ""))


def _matches(collector: Collector, pattern: re.Pattern[str]) -> Iterator[tuple[str, str, str]]:
    """Yield path, name and version; the version is empty if the name has none that is fixed."""
    for path in sorted(collector.contents.paths):
        match = pattern.search(path)
        if match and not _TESTS.search(path):
            fixed = match["version"].partition("-")[0].count(".") == 2
            yield path, match["name"], match["version"] if fixed else ""


def _key(name: str) -> str:
    return normalised(script_name(name))


def _add(collector: Collector, name: str, version: str, text_path: str) -> None:
    component = collector.component(Kind.VENDORED, script_name(name))
    component.forms.add(Form.DATA)
    component.version = component.version or version
    if version:
        component.purl = component.purl or f"pkg:npm/{name.replace('@', '%40')}@{version}"
    paths = [text_path] if text_path else []
    for path in sorted(collector.contents.paths):
        match = _FOLDER.search(path)
        if match and _key(match["name"]) == _key(name) and path[match.end() :].count("/") == 0:
            paths += [path] if LICENSE_FILE_NAME.search(posixpath.basename(path)) else []
    for path in paths:
        data = collector.contents.read(path)
        if data is not None and path not in component.texts:
            text = data.decode("utf-8", "replace")
            component.texts[path] = text
            component.evidence += text_evidence(path, text)
    known = script_license(name)
    if known is not None and not any(item.expression for item in component.evidence):
        component.evidence.append(known)
