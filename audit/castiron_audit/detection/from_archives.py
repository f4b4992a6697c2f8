"""Detects packages that a distribution carries as archives: wheels of Python, archives of Java."""

from __future__ import annotations

import lzma
import posixpath
import re
import struct
import zipfile
import zlib
from email.parser import HeaderParser
from io import BytesIO
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.catalogue import project_license
from castiron_audit.detection.from_vendor_folders import metadata_evidence
from castiron_audit.license_files import LICENSE_FILE_NAME
from castiron_audit.maven import read_projects
from castiron_audit.model import Evidence, Form, Kind, Severity, Source
from castiron_audit.names import normalised, same_package
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_audit.detection.collector import Collector, DetectedComponent

_LARGEST_MEMBER = 4_000_000
"""Bytes; metadata and license texts are smaller."""
_MOST_TEXTS = 50
_WHEEL_TEXTS = re.compile(r"^[^/]+\.dist-info/(?:licen[sc]es/)?[^/]+$")
_JAR_TEXTS = re.compile(r"^(?:META-INF/)?[^/]+$")
_TEXTS_OF_PARTS = re.compile(r"^META-INF/licen[sc]es?/(?P<name>.+)$", re.IGNORECASE)
_DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error),
    *(EOFError, LookupError, NotImplementedError, OSError, RuntimeError, ValueError),
)
"""What zipfile raises for damaged archives, and for ways to compress or encrypt that it does not know."""
_NOT_TEXT = (".class", ".py", ".so", ".html", ".xml", ".json")


def detect_from_archives(collector: Collector) -> None:
    """Add the wheels and Java archives among the files; one that cannot be read is a finding."""
    for path in sorted(collector.contents.paths):
        if path.endswith((".whl", ".jar")) and (data := collector.contents.read(path)) is not None:
            try:
                with zipfile.ZipFile(BytesIO(data)) as archive:
                    (_add_wheel if path.endswith(".whl") else _add_jar)(collector, path, archive)
            except _DAMAGED as error:
                collector.add_finding(
                    "unreadable-archive", Severity.WARNING, f"{path} cannot be read as a zip archive: {error}."
                )


def _add_wheel(collector: Collector, path: str, archive: zipfile.ZipFile) -> None:
    """Source: binary distribution format, packaging.python.org specifications."""
    names = [name for name in archive.namelist() if re.fullmatch(r"[^/]+\.dist-info/METADATA", name)]
    if len(names) != 1 or (text := _text(archive, names[0])) is None:
        return
    metadata = HeaderParser().parsestr(text)
    name, version = metadata["Name"], metadata["Version"]
    if not name or not version or same_package(name, collector.contents.distribution.name):
        return
    component = _component(collector, path, name.lower(), version)
    component.purl = component.purl or f"pkg:pypi/{normalised(name)}@{version}"
    component.evidence += metadata_evidence(metadata, f"{path}: {names[0]}")
    _add_texts(component, path, archive, _license_files(archive, _WHEEL_TEXTS))
    if not any(item.expression for item in component.evidence) and (known := project_license(name)) is not None:
        component.evidence.append(known)


def _add_jar(collector: Collector, path: str, archive: zipfile.ZipFile) -> None:
    """Add an archive and the projects that are in it.  Source: JAR file specification (the manifest's attributes)."""
    projects = read_projects(path, archive.namelist(), lambda name: _text(archive, name))
    stem = posixpath.basename(path).removesuffix(".jar")
    named = re.fullmatch(r"(?P<name>.+?)-(?P<version>\d[\w.]*)(?:-[a-z-]+)?", stem)
    name, version = (named["name"], named["version"]) if named else (stem, "")
    # An archive with others in it has several; the one that it is named after is its own.
    own = next((item for item in projects if item.artifact == name), projects[0] if len(projects) == 1 else None)
    if own is not None:
        name, version = own.artifact, own.version or version
    texts = {item: match["name"] for item in archive.namelist() if (match := _TEXTS_OF_PARTS.match(item))}
    for project in projects:
        if project is own or same_package(project.artifact, collector.contents.distribution.name):
            continue
        part = collector.component(Kind.VENDORED, project.artifact)
        part.version = part.version or project.version
        part.purl = part.purl or project.purl
        part.forms.add(Form.DATA)
        part.evidence += project.evidence
        _add_texts(part, path, archive, [item for item, place in texts.items() if _is_of(place, project.artifact)])
    if same_package(name, collector.contents.distribution.name):
        return
    component = _component(collector, path, name, version)
    if own is not None:
        component.purl = component.purl or own.purl
        component.evidence += own.evidence
    manifest = _text(archive, "META-INF/MANIFEST.MF") or ""
    said = re.search(r"^Bundle-License: ?(.+(?:\r?\n .+)*)", manifest, re.MULTILINE)
    if said is not None:
        says = re.sub(r"\r?\n ", "", said[1]).strip()
        evidence = text_evidence(f"{path}: META-INF/MANIFEST.MF", says)
        expression = expressions.normalise(says) or expressions.all_of(
            [item.expression for item in evidence if item.expression]
        )
        where = f"{path}: META-INF/MANIFEST.MF"
        component.evidence.append(Evidence(source=Source.FIELD, where=where, says=says[:200], expression=expression))
    _add_texts(component, path, archive, _license_files(archive, _JAR_TEXTS))


def _is_of(place: str, artifact: str) -> bool:
    """Return whether a file among the license texts is a project's: ``frob.txt``, ``LICENSE-frob``, ``frob/``."""
    words = re.sub(r"\.(?:txt|md)$", "", place.split("/", maxsplit=1)[0], flags=re.IGNORECASE)
    bare = re.sub(
        r"^(?:licen[sc]e|copying|notice)[-_.]|[-_.](?:licen[sc]e|copying|notice)$", "", words, flags=re.IGNORECASE
    )
    return normalised(bare) == normalised(artifact)


def _component(collector: Collector, path: str, name: str, version: str) -> DetectedComponent:
    component = collector.component(Kind.VENDORED, name)
    component.version = component.version or version
    component.forms.add(Form.DATA)
    component.paths.add(path)
    return component


def _add_texts(component: DetectedComponent, path: str, archive: zipfile.ZipFile, names: Iterable[str]) -> None:
    for name in sorted(names)[:_MOST_TEXTS]:
        if (text := _text(archive, name)) is not None:
            where = f"{path}: {name}"
            component.texts[where] = text
            component.evidence += text_evidence(where, text)


def _license_files(archive: zipfile.ZipFile, places: re.Pattern[str]) -> Iterator[str]:
    for name in archive.namelist():
        if places.match(name) and LICENSE_FILE_NAME.search(posixpath.basename(name)) and not name.endswith(_NOT_TEXT):
            yield name


def _text(archive: zipfile.ZipFile, name: str) -> str | None:
    """Return a member as text; None if it is not there or larger than any real one."""
    try:
        with archive.open(name) as member:
            data = member.read(_LARGEST_MEMBER + 1)
    except KeyError:
        return None
    return data.decode("utf-8", "replace") if len(data) <= _LARGEST_MEMBER else None
