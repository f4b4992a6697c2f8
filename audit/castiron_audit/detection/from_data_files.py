"""Detects collections of data - time zones, domain suffixes, locales, dictionaries, models - and colour profiles."""

from __future__ import annotations

import fnmatch
import posixpath
import re
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.catalogue import data_sets
from castiron_audit.license_files import LICENSE_FILE_NAME
from castiron_audit.model import Evidence, Form, Kind, Source
from castiron_audit.names import in_order
from castiron_audit.profiles import read_profile
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from castiron_audit.catalogue import DataSet
    from castiron_audit.detection.collector import Collector, DetectedComponent

_HEAD = 64 << 10
"""Bytes of a file in which its marks are looked for."""
_PROFILES = (".icc", ".icm")
_TEXTS = frozenset({"", ".txt", ".md", ".rst", ".unicode"})
_BESIDE = re.compile(r"licen[sc]e|copying|notice|readme", re.IGNORECASE)


def detect_from_data_files(collector: Collector) -> None:
    """Add the data that goes in; a data set is one component, however many files it has."""
    own = collector.contents.distribution.name
    looked: set[tuple[str, str]] = set()
    paths = in_order(collector.contents.paths)
    together = "\n".join(paths)
    rows: dict[str, list[DataSet]] = {}
    for row, texts, pattern in _patterns():
        there = [] if own in row.distributions else [text for text in texts if text in together]
        for path in paths if there else ():
            if any(text in path for text in there) and pattern.match(path):
                rows.setdefault(path, []).append(row)
    for path in paths:
        if path.lower().endswith(_PROFILES):
            _add_profile(collector, path)
        for row in rows.get(path, ()):
            component = _add_data(collector, path, row)
            folder = posixpath.dirname(path)
            if component is not None and (component.name, folder) not in looked:
                looked.add((component.name, folder))
                _add_texts_beside(collector, folder, component, by_license=not row.license)


@cache
def _patterns() -> tuple[tuple[DataSet, tuple[str, ...], re.Pattern[str]], ...]:
    """Return the data sets, each with texts of which each of its files has one in its path, and what matches paths."""
    return tuple(
        (row, tuple(map(_longest_text, row.files)), re.compile("|".join(map(fnmatch.translate, row.files))))
        for row in data_sets()
    )


def _longest_text(pattern: str) -> str:
    """Return the longest part of a pattern that paths have as it is."""
    return max(re.split(r"[*?]|\[.*?\]", pattern), key=len)


def _add_data(collector: Collector, path: str, row: DataSet) -> DetectedComponent | None:
    head = ""
    if row.contains or row.version is not None:
        data = collector.contents.read(path)
        if data is None:
            return None
        head = data[:_HEAD].decode("utf-8", "replace")
        if row.contains not in head:
            return None
    component = collector.component(Kind.DATA, posixpath.basename(path) if row.each else row.name)
    component.forms.add(Form.DATA)
    component.paths.add(path)
    if row.version is not None and (match := row.version.search(head)):
        component.version = component.version or match[1]
    if row.license:
        evidence = Evidence(source=Source.CATALOGUE, where=row.source, says=row.license, expression=row.license)
        component.evidence += [] if evidence in component.evidence else [evidence]
        component.reason = component.reason or row.reason
    return component


def _add_texts_beside(collector: Collector, folder: str, component: DetectedComponent, *, by_license: bool) -> None:
    """Add the license files in the folder of data; README files, too, if nothing else tells the license."""
    site = collector.contents.site
    if site is None or not folder:
        return
    wanted = _BESIDE if by_license else LICENSE_FILE_NAME
    for file in sorted((site / folder).glob("*")):
        where = file.relative_to(site).as_posix()
        if file.suffix in _TEXTS and wanted.search(file.name) and where not in component.texts and file.is_file():
            text = file.read_text(encoding="utf-8", errors="replace")
            component.texts[where] = text
            component.evidence += text_evidence(where, text)


def _add_profile(collector: Collector, path: str) -> None:
    data = collector.contents.read(path)
    profile = read_profile(data) if data is not None else None
    if profile is None:
        return
    name = posixpath.basename(path).rpartition(".")[0]
    component = collector.component(Kind.DATA, f"{name} ICC profile")
    component.forms.add(Form.DATA)
    component.paths.add(path)
    if profile.copyright:
        where = f"{path}, copyright tag"
        component.texts.setdefault(where, profile.copyright + "\n")
        expression = profile.license
        component.evidence.append(
            Evidence(source=Source.SBOM, where=where, says=profile.copyright[:200], expression=expression)
        )
