"""Reads the lists of packages that bundlers of JavaScript leave: names, versions, licenses and texts of what is in.

Forms: ``third-party-licenses.json`` as JupyterLab's and others' webpack plugins write it, the lists of
rollup-plugin-license and license-checker, ``package.json``, npm's lock files, the ``sources`` of source maps.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection

LIST_NAME = re.compile(
    r"(?:third[-_ ]?party|3rd[-_ ]?party|oss|npm|vendor|dependency|dependencies)[-_ .]?licen[sc]es?[\w.-]*\.json$"
    r"|^licen[sc]es?\.json$",
    re.IGNORECASE,
)
"""Searched for in names of files."""
_LONGEST = 64 << 20
"""Bytes of a list."""
_SPEAKS_OF_LICENSE = re.compile(r"licen[sc]e", re.IGNORECASE)
_LOCKED = re.compile(r"(?:^|/)node_modules/((?:@[\w.~-]+/)?[\w.~-]+)$")
_NAMED = re.compile(r"(?:@[\w.-]+/)?[\w.-]+")
_SOURCES = re.compile(rb'"sources"\s*:\s*\[\s*(?=")')
"""The list of sources; among the names of a bundle's variables ``"sources"`` may stand as well."""
_SOURCE = re.compile(r"node_modules/((?!\.)(?:@[\w.-]+/)?[\w.-]+)/")


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """A package of JavaScript that is in a bundle."""

    name: str
    version: str = ""
    """Empty if the list does not have it."""
    license: str = ""
    """What the list says, in its own words."""
    text: str = ""
    """The license text; empty if the list does not have it."""

    @property
    def purl(self) -> str | None:
        """Return its package URL, None without a version."""
        return f"pkg:npm/{self.name.replace('@', '%40')}@{self.version}" if self.version else None


def listed_packages(data: bytes) -> tuple[Package, ...]:
    """Return the packages of a bundler's list, sorted; none if it is no such list."""
    if len(data) > _LONGEST:
        return ()
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    return tuple(
        sorted({item for row in _rows(document) if (item := _package(row))}, key=lambda item: (item.name, item.version))
    )


_NEVER_BUNDLED = re.compile(
    r"@types/|@?eslint|@typescript-eslint/|npm-check-updates$|prettier$|typescript$|webpack|@plotly/dash-component-plugins$"
)
"""What manifests name among the dependencies and no bundle has: types, and tools that check or build."""
_OF_NLF = re.compile(
    r"^(?P<name>(?:@[\w.~-]{1,80}/)?[\w.~-]{1,120})@(?P<version>\d[\w.+-]*)"
    r" \[license\(s\): (?P<license>[^\]\n]{2,200})\]",
    re.MULTILINE,
)


def packages_of_nlf(text: str) -> tuple[Package, ...]:
    """Return the packages of a list that the program nlf makes: ``@codemirror/commands@6.8.1 [license(s): MIT]``.

    It writes several findings with a comma between them, of which none says more than that one of them may be.
    """
    return tuple(
        Package(
            name=match["name"], version=match["version"], license="" if "," in match["license"] else match["license"]
        )
        for match in _OF_NLF.finditer(text)
    )


_OF_NOTICES = re.compile(
    r"^%% (?P<name>(?:@[\w.~-]{1,80}/)?[\w.~-]{1,120})@(?P<version>\d[\w.+-]*) NOTICES AND INFORMATION BEGIN HERE\n"
    r"(?P<text>[\s\S]{0,200000}?)^END OF [^\n]{1,250} NOTICES AND INFORMATION",
    re.MULTILINE,
)
_RULES = re.compile(r"^=+$", re.MULTILINE)


def packages_of_notices(text: str) -> tuple[Package, ...]:
    """Return the packages of the notices that stand beside a bundle, each between two marks, with their licenses."""
    return tuple(
        Package(name=match["name"], version=match["version"], text=_RULES.sub("", match["text"]).strip() + "\n")
        for match in _OF_NOTICES.finditer(text)
    )


_CRATE_OF_LIST = re.compile(
    r"^- package_name: (?P<name>[\w-]{1,80})\n  package_version: (?P<version>[\w.+-]{1,60})\n"
    r"(?:  repository: [^\n]*\n)?  license: (?P<license>[^\n]{2,200})$",
    re.MULTILINE,
)


def crates_of_list(text: str) -> tuple[Package, ...]:
    """Return the crates of a list that cargo-bundle-licenses makes (``THIRDPARTY.yml``)."""
    if "\nthird_party_libraries:\n" not in text:
        return ()
    return tuple(
        Package(name=match["name"], version=match["version"], license=match["license"].strip("'\""))
        for match in _CRATE_OF_LIST.finditer(text)
    )


def locked_packages(data: bytes) -> tuple[Package, ...]:
    """Return the packages of a lock file of npm that tells their licenses (version 2 or later), sorted; else none."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    rows = document.get("packages") if isinstance(document, dict) else None
    found = {
        item
        for path, row in (rows.items() if isinstance(rows, dict) else ())
        # An alias has the name of the package that it stands for.
        if (match := _LOCKED.search(path)) and isinstance(row, dict) and (item := _package({"name": match[1]} | row))
    }
    return tuple(sorted(found, key=lambda item: (item.name, item.version)))


def _rows(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict):
        listed = document.get("packages", document.get("dependencies"))
        if isinstance(listed, list):
            return [row for row in listed if isinstance(row, dict)]
        # license-checker: {"name@version": {...}}
        rows = []
        for key, row in document.items():
            name, _, version = key.rpartition("@")
            if isinstance(row, dict) and name and version[:1].isdigit():
                rows.append({"name": name, "version": version} | row)
        return rows
    return [row for row in document if isinstance(row, dict)] if isinstance(document, list) else []


def _package(row: dict[str, Any]) -> Package | None:
    name = row.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"(?:@[\w.~-]{1,80}/)?[\w.~-]{1,120}", name):
        return None
    said = _first(row, "licenseId", "license", "licenses")
    if not said and not any(key in row for key in ("licenseId", "license", "licenses", "extractedText", "licenseText")):
        return None
    return Package(
        name=name,
        version=_first(row, "versionInfo", "version"),
        license=said,
        text=_first(row, "extractedText", "licenseText", "text"),
    )


def _first(row: dict[str, Any], *keys: str) -> str:
    for key in keys:
        value = row.get(key)
        if isinstance(value, list):  # Before npm knew SPDX expressions: a choice.
            types = [item.get("type") if isinstance(item, dict) else item for item in value]
            value = " OR ".join(item for item in types if isinstance(item, str))
        if isinstance(value, dict):
            value = value.get("type")
        if isinstance(value, str) and value:
            return value
    return ""


def package_of_json(data: bytes) -> Package | None:
    """Return the package of a ``package.json`` or ``bower.json``, None if it is none."""
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return _package(row) if isinstance(row, dict) else None


def bundled_packages(data: bytes) -> tuple[str, ...]:
    """Return the packages that a ``package.json`` names as ``dependencies``, sorted.

    None of an extension of JupyterLab, which shares most of them with the application that loads it.
    """
    try:
        row = json.loads(data)
    except (ValueError, RecursionError):
        return ()
    needed = row.get("dependencies") if isinstance(row, dict) and "jupyterlab" not in row else None
    return (
        tuple(sorted(name for name in needed if _NAMED.fullmatch(name) and not _NEVER_BUNDLED.match(name)))
        if isinstance(needed, dict)
        else ()
    )


def packages_of_source_map(data: bytes) -> tuple[str, ...]:
    """Return the names of the packages whose sources a source map names, sorted."""
    # The sources come first or last; what is between them are the sources' contents.
    names: set[str] = set()
    for match in _SOURCES.finditer(data, 0, _LONGEST):
        end = data.find(b'"]', match.end(), _LONGEST)
        names.update(_SOURCE.findall(data[match.end() : max(end, match.end())].decode("utf-8", "replace")))
    return tuple(sorted(names))


_HEAD_OF_SOURCE = 1500
"""Characters of a source in which its notice stands."""
_MOST_HEADS = 200
"""Sources of one package whose heads are returned."""


def heads_in_source_map(data: bytes, names: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Return the first lines of the packages' sources that a source map contains and that speak of a license."""
    try:
        document = json.loads(data[:_LONGEST])
    except (ValueError, RecursionError):
        return {}
    heads: dict[str, dict[str, None]] = {}
    if not isinstance(document, dict):
        return {}
    sources, contents = document.get("sources"), document.get("sourcesContent")
    if not isinstance(sources, list) or not isinstance(contents, list):
        return {}
    for source, content in zip(sources, contents, strict=False):
        if not isinstance(source, str) or not isinstance(content, str):
            continue
        packages = _SOURCE.findall(source)
        head = content[:_HEAD_OF_SOURCE]
        if packages and packages[-1] in names and _SPEAKS_OF_LICENSE.search(head):
            known = heads.setdefault(packages[-1], {})
            if len(known) < _MOST_HEADS:
                known[head] = None
    return {name: tuple(known) for name, known in sorted(heads.items())}
