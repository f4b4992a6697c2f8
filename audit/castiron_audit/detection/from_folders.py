"""Detects code and data of others by license files in the folders of a package, and by lists of notices."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.bundles import packages_of_nlf
from castiron_audit.catalogue import library_of_name, npm_license
from castiron_audit.fonts import SUFFIXES
from castiron_audit.license_files import (
    LICENSE_FILE_NAME,
    NOTICES_NAME,
    is_own_folder,
    is_own_license,
    licensed_software,
    may_hold_licenses,
    split_notices,
)
from castiron_audit.model import Evidence, Form, Kind, Source
from castiron_audit.names import is_of_tests, normalised, same_package
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.detection.collector import Collector

_NOT_TEXT = frozenset(
    {
        ".c", ".css", ".dat", ".gz", ".h", ".html", ".j2", ".js", ".json", ".map", ".png", ".py", ".pyc",
        ".pyi", ".pyx", ".rst_t", ".so", ".svg", ".toml", ".ttf", ".xml", ".yaml", ".yml",
    }
)  # fmt: skip
_SCRIPT_NOTICES = re.compile(r"\.(?:m?js|css)\.(?:LICENSE|LEGAL)\.txt$", re.IGNORECASE)
_VENDOR_FOLDER = re.compile(r"(?:^|/)(?:_vendor|_vendored|vendored|_externals?|extern|externals|third_party)/")
"""Those that `castiron_audit.detection.from_vendor_folders` reads."""
_OF_LICENSES = re.compile(
    r"(?:^|[/_-])licen[sc]es/(?P<name>[A-Za-z][\w.+-]*?)(?:-v?(?P<version>\d+(?:\.\d+)+))?(?:-(?:external|src|build))*$",
    re.IGNORECASE,
)
"""A folder for the licenses of what a project was built with: ``licenses/NAME/LICENSE``, beside no sources.

CMake's ExternalProject adds ``-external``, FetchContent ``-src``.
"""
_LIBRARY_FILE = re.compile(r"lib(?P<name>[A-Za-z][\w.+-]*?)\.so(?:\.(?P<version>\d+\.\d+\.\d+(?:\.\d+)*))?$")
_LARGEST = 4_000_000
_HEAD = 400
_SAYS_VERSION = re.compile(rb"""\bversion\s*[=:]\s*["'](\d+\.\d+\.\d+)["']""", re.IGNORECASE)


def detect_from_folders(collector: Collector) -> None:
    """Add the folders that have a license file of their own, and what lists of notices name."""
    for path, text in _license_files(collector):
        folder, name = posixpath.split(path)
        if NOTICES_NAME.search(name):
            _add_notices(collector, path, text)
        elif ".dist-info/" not in path and not _VENDOR_FOLDER.search(path):
            _add_folder(collector, path, folder, name, text)


def _license_files(collector: Collector) -> Iterator[tuple[str, str]]:
    """Yield path and text of the files that may be license files, sorted; those of tests left out."""
    site = collector.contents.site
    paths = {file.path for file in collector.contents.distribution.license.files} | collector.contents.recorded()
    for path in sorted(path for path in paths if may_hold_licenses(path[path.rfind("/") + 1 :])):
        name = posixpath.basename(path)
        suffix = posixpath.splitext(name)[1].lower()
        if not LICENSE_FILE_NAME.search(name) and not NOTICES_NAME.search(name):
            continue
        if suffix in _NOT_TEXT or is_of_tests(path) or _SCRIPT_NOTICES.search(name) or path.endswith(SUFFIXES):
            continue
        file = site / path if site is not None else None
        if file is not None and file.is_file() and file.stat().st_size <= _LARGEST:
            yield path, file.read_text(encoding="utf-8", errors="replace")


def _add_notices(collector: Collector, path: str, text: str) -> None:
    own = collector.contents.distribution.name
    for package in packages_of_nlf(text):
        if package.version.startswith("0.0.0") or package.name.startswith((f"@{own}/", f"@{own}-")):
            continue  # A part of the project itself, which nobody publishes.
        component = collector.copy_of(Kind.VENDORED, package.name, package.version)
        component.forms.add(Form.DATA)
        component.version = component.version or package.version
        component.purl = component.purl or package.purl
        component.named_in = "unlisted-scripts"
        expression = expressions.normalise(package.license)
        said = npm_license(package.name, package.version)
        if expression is not None:
            said = Evidence(source=Source.LISTING, where=path, says=package.license, expression=expression)
        if said is not None and not any(item.expression for item in component.evidence):
            component.evidence.append(said)
    for listed in split_notices(text):
        if same_package(listed.name, own):
            continue
        entry = library_of_name(listed.name)
        component = collector.component(
            Kind.VENDORED if entry is None else Kind.LIBRARY, listed.name if entry is None else entry.name
        )
        where = f"{path}, {listed.name}"
        component.forms |= collector.forms_of(())
        component.evidence += text_evidence(where, listed.text)
        component.texts[where] = listed.text
        if entry is not None:
            component.add_catalogue_entry(entry)


def _add_folder(collector: Collector, path: str, folder: str, name: str, text: str) -> None:
    own = collector.contents.distribution.name
    software = licensed_software(folder, name)
    if software is None or same_package(software.name, own):
        return
    if "/" not in folder and is_own_folder(folder, own, collector.contents.paths):
        return  # ``bokeh/LICENSE.txt`` is Bokeh's own.
    if collector.contents.is_application and "/" not in folder:
        return  # The application's own package.
    if any(path in component.texts for component in collector.components.values()):
        return
    files = [
        item
        for item in collector.contents.paths
        if item.startswith(f"{folder}/") and not LICENSE_FILE_NAME.search(posixpath.basename(item))
    ]
    if not files and is_own_license(name) and _OF_LICENSES.search(folder) and collector.contents.natives:
        _add_compiled(collector, path, folder, text)
        return
    if not files or all(item.endswith((*SUFFIXES, ".txt", ".eot")) for item in files):
        return  # Nothing of it goes in, or it is a folder of fonts, which tell more themselves.
    evidence = text_evidence(path, text)
    if not evidence and not is_own_license(name):
        return  # Only a file that is named as license files are is one whatever it says.
    code = any(item.endswith((".py", ".pyc")) for item in files)
    package = collector.package_folders.get(folder)
    title = software.name.strip(".") if package is None else package.name
    if code and library_of_name(title) is not None:
        # A package that uses a library is no copy of it: "django.contrib.gis.gdal".
        title = folder.replace("/", ".")
    elif f"{folder}/{title}.js" in files and not code and any(map(npm_license, (f"{title}.js", f"{title}js"))):
        title = f"{title}.js"
    version = "" if package is None else package.version
    version = version or software.version or _version_in_script(collector, folder, title.removesuffix(".js"))
    component = collector.copy_of(Kind.VENDORED, title, version)
    if any(item.expression for item in evidence):
        # What lies in its folder is about this version, the catalogue's row about any.
        component.evidence = [item for item in component.evidence if item.source is not Source.CATALOGUE]
    component.version = component.version or version
    component.forms |= {Form.BYTECODE if code else Form.DATA}
    component.paths |= set(files)
    component.evidence += evidence
    component.texts[path] = text


def _add_compiled(collector: Collector, path: str, folder: str, text: str) -> None:
    """Add what was compiled in, or is a shared library of its own, and only has its license in a folder."""
    match = _OF_LICENSES.search(folder)
    assert match is not None, "who calls has searched for it"
    own = collector.contents.distribution.name
    name = match["name"].lower().removeprefix(f"{own}-")
    evidence = text_evidence(path, text)
    said = [item.expression for item in evidence if item.expression]
    if same_package(name, own) or not said:
        return
    entry = library_of_name(name)
    if entry is not None and not any(
        expressions.shares_license(item, entry.evidence().expression or "") for item in said
    ):
        entry = None  # Another project of that name.
    component = collector.component(Kind.LIBRARY, entry.name if entry else name)
    component.proven = True
    component.version = component.version or match["version"] or ""
    component.forms.add(Form.STATIC)
    component.evidence += evidence
    component.texts[path] = text
    if entry is not None:
        component.add_catalogue_entry(entry)
        return
    for native in collector.contents.natives:
        file = _LIBRARY_FILE.match(posixpath.basename(native.path))
        if file and normalised(file["name"]) == normalised(name):
            component.natives += [] if native in component.natives else [native]
            component.paths.add(native.path)
            component.version = component.version or file["version"] or ""


def _version_in_script(collector: Collector, folder: str, title: str) -> str:
    """Return the version that the script named after a folder states in its head, or as its only one in its code."""
    for suffix in (".js", ".min.js"):
        data = collector.contents.read(f"{folder}/{title}{suffix}")
        if data is None:
            continue
        head = rf"{re.escape(title)}[ a-z]{{0,20}}?[ v](\d+\.\d+(?:\.\d+)*)\b"
        if match := re.search(head, data[:_HEAD].decode("utf-8", "replace"), re.IGNORECASE):
            return match[1]
        said = {match[1].decode() for match in _SAYS_VERSION.finditer(data)}
        if len(said) == 1:
            return said.pop()
    return ""
