"""Detects components by license files in the ``.dist-info`` folder: by lists in them, or by their paths."""

from __future__ import annotations

import fnmatch
import os
import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.bundles import crates_of_list
from castiron_audit.catalogue import distribution_of_package, library_of_name
from castiron_audit.license_files import LICENSE_FILE_NAME, is_own_license, licensed_software, split_license_file
from castiron_audit.model import Evidence, Form, Kind, Source
from castiron_audit.names import same_package
from castiron_audit.text_evidence import text_evidence

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from castiron_audit.detection.collector import Collector
    from castiron_audit.license_files import ListedSoftware

_COMPILED = re.compile(
    r"(?:^|/)[^./]*/?$|\*$|\.(?:c|cc|cpp|cxx|h|hpp|hh|f|f90|pyx|s|rs|so)(?:[.*]\S*)?$", re.IGNORECASE
)
"""Patterns of folders, sources and libraries, which may be in a wheel as machine code; ``x.ttf`` may not."""


def detect_from_license_lists(collector: Collector) -> None:
    """Add the software that lists in the distribution's own license files name, if its files go in."""
    included = _IncludedFiles(collector)
    for file in collector.contents.distribution.license.files:
        text = collector.contents.texts.get(file.sha256)
        if text is None or not is_own_license(file.path):
            continue
        for listed in split_license_file(text).third_party:
            if not listed.files or included.any_of(listed.files):
                _add_listed(collector, listed, f"{file.path}, {listed.name}")


def detect_from_crate_lists(collector: Collector) -> None:
    """Add the crates of lists that cargo-bundle-licenses made."""
    for file in collector.contents.distribution.license.files:
        for package in crates_of_list(collector.contents.texts.get(file.sha256, "")):
            component = collector.component(Kind.CRATE, package.name, package.version)
            component.purl = component.purl or f"pkg:cargo/{package.name}@{package.version}"
            component.forms.add(Form.STATIC)
            component.evidence.append(
                Evidence(
                    source=Source.LISTING,
                    where=file.path,
                    says=package.license,
                    expression=expressions.normalise(package.license.replace("/", " OR ")),
                )
            )
            collector.has_crates = True


def _add_listed(collector: Collector, listed: ListedSoftware, where: str) -> None:
    entry = library_of_name(listed.name)
    is_library = entry is not None or any(".libs/" in pattern for pattern in listed.files)
    component = collector.component(Kind.LIBRARY if is_library else Kind.VENDORED, entry.name if entry else listed.name)
    component.proven = True
    component.forms |= collector.forms_of(listed.files)
    component.file_patterns += listed.files
    if listed.license:
        component.evidence.append(
            Evidence(
                source=Source.LISTING,
                where=where,
                says=listed.license,
                expression=expressions.normalise(listed.license),
            )
        )
    component.evidence += text_evidence(where, listed.text)
    component.texts[where] = listed.text
    if entry is not None:
        component.add_catalogue_entry(entry)


def detect_from_license_paths(collector: Collector) -> None:
    """Add the software that license files are about whose folder or name tells whose they are."""
    for file in collector.contents.distribution.license.files:
        text = collector.contents.texts.get(file.sha256)
        if text is None or ".dist-info/" not in file.path or is_own_license(file.path):
            continue
        folder, name = posixpath.split(file.path.split("/", 1)[1])
        if not LICENSE_FILE_NAME.search(name):
            continue
        software = licensed_software(folder, name)
        project = distribution_of_package(software.name) if software is not None else ""
        if software is None or same_package(project, collector.contents.distribution.name):
            continue
        entry = library_of_name(project)
        component = collector.component(Kind.LIBRARY if entry else Kind.VENDORED, entry.name if entry else project)
        component.version = component.version or software.version
        component.forms |= collector.forms_of((f"{software.source_folder}/*",) if software.source_folder else ())
        component.proven = True
        component.evidence += text_evidence(file.path, text)
        component.texts[file.path] = text
        if entry is not None:
            component.add_catalogue_entry(entry)


class _IncludedFiles:
    """Answers whether files that a list names go into the binary."""

    def __init__(self, collector: Collector) -> None:
        self._paths = collector.contents.paths
        self._site: Path | None = collector.contents.site
        self._installed: frozenset[str] | None = None
        """What the environment has, relative to site-packages, read when it is first needed."""

    def any_of(self, patterns: Sequence[str]) -> bool:
        """Return whether files that patterns match go in.

        Sources of compiled code are in no wheel; they count as included unless the environment has them as files.
        """
        compiled = False
        installed = False
        for pattern in patterns:
            relative = pattern.removeprefix("./").lstrip("/").removeprefix("lib/").removeprefix("src/")
            options = (relative, f"{relative.rstrip('/')}/*", f"{relative}*")
            if any(map(re.compile("|".join(map(fnmatch.translate, options))).match, self._paths)):
                return True
            installed = installed or self._is_installed(relative)
            compiled = compiled or _COMPILED.search(relative) is not None
        return compiled and not installed

    def _is_installed(self, pattern: str) -> bool:
        """Return whether the environment has a file or folder of that name; lists may name anything."""
        if self._installed is None:
            self._installed = frozenset() if self._site is None else _paths_in(self._site)
        if "*" in pattern:
            return any(map(re.compile(fnmatch.translate(pattern)).match, self._installed))
        return posixpath.normpath(pattern) in self._installed


def _paths_in(site: Path) -> frozenset[str]:
    """Return files and folders relative to site-packages: ten thousands, for which a `Path` each is too much."""
    paths: set[str] = set()
    for folder, folders, files in os.walk(site):
        relative = os.path.relpath(folder, site)
        paths.update(name if relative == "." else f"{relative}/{name}" for name in (*folders, *files))
    return frozenset(paths)
