"""Detects modules and packages of Python that were copied without a word, by a definition that only they have."""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.detection.from_vendor_folders import OWN_VERSION
from castiron_audit.model import Evidence, Form, Kind, Source
from castiron_audit.names import in_order, is_of_tests, normalised, same_package
from castiron_audit.tables import table
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_audit.detection.collector import Collector
    from castiron_audit.detection.contents import DistributionContents

_LARGEST = 2_000_000
_VERSION_FILES = ("__init__.py", "_version.py", "version.py", "__version__.py", "__about__.py")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Module:
    """A module of a project that others copy."""

    definition: re.Pattern[bytes]
    """At the start of a line."""
    project: str
    license: str
    source: str

    def is_whole_project(self, file: str) -> bool:
        """Return whether the project is this one file: ``six.py``."""
        return normalised(file.removesuffix(".py")) == normalised(self.project)


@cache
def _modules() -> Mapping[str, tuple[_Module, ...]]:
    """Return the known modules by the names of their files."""
    found: dict[str, list[_Module]] = {}
    for file, definition, project, license_, source in table("python_modules")["modules"]:
        pattern = re.compile(rb"^" + re.escape(definition.encode()), re.MULTILINE)
        found.setdefault(file, []).append(_Module(definition=pattern, project=project, license=license_, source=source))
    return {file: tuple(rows) for file, rows in found.items()}


def detect_from_python_modules(collector: Collector) -> None:
    """Add the projects of which a known module lies deeper than a distribution's own modules do."""
    contents = collector.contents
    known = _modules()
    claimed = {path for component in collector.components.values() for path in component.paths}
    for path in in_order(contents.paths):
        folder, _, file = path.rpartition("/")
        if file not in known or path in claimed or is_of_tests(path):
            continue
        for module in known[file]:
            # In ``six.py`` and ``click/core.py`` it is the distribution itself.
            whole = module.is_whole_project(file)
            if path.count("/") < (1 if whole else 2) or same_package(module.project, contents.distribution.name):
                continue
            data = contents.head(path, _LARGEST)
            if module.definition.search(data):
                _add(collector, module, path, folder, data, whole=whole)


def _add(collector: Collector, module: _Module, path: str, folder: str, data: bytes, *, whole: bool) -> None:
    component = collector.component(Kind.VENDORED, module.project)
    component.forms.add(Form.BYTECODE)
    component.paths |= {path} if whole else {item for item in collector.contents.paths if item.startswith(f"{folder}/")}
    component.version = component.version or _version(collector.contents, folder, data, whole=whole)
    if component.version:
        component.purl = component.purl or f"pkg:pypi/{normalised(module.project)}@{component.version}"
    if not any(item.expression for item in component.evidence):
        where = f"{module.project}: {module.source}"
        component.evidence.append(
            Evidence(source=Source.CATALOGUE, where=where, says=module.license, expression=module.license)
        )


def _version(contents: DistributionContents, folder: str, data: bytes, *, whole: bool) -> str:
    """Return the version that a module, or the package around it, says it has; empty if neither does."""
    if match := OWN_VERSION.search(data):
        return match[1].decode()
    places = () if whole else (folder, posixpath.dirname(folder))
    for place in places:
        # The package above may be the distribution's own.
        for name in _VERSION_FILES if place.count("/") >= 1 else ():
            path = f"{place}/{name}"
            if path in contents.paths and (match := OWN_VERSION.search(contents.read(path) or b"")):
                return match[1].decode()
    return ""
