"""Looks up licenses in Castiron's catalogue: native libraries, fonts and Python projects that do not tell theirs.

The rows are in ``data/libraries.toml``, ``data/fonts.toml`` and ``data/projects.toml``, each with the file in which the
license was read.
"""

from __future__ import annotations

import posixpath
import re
from functools import cache
from typing import Any

from packaging.utils import canonicalize_name

from castiron_audit.collected_licenses import collected_license
from castiron_audit.model import Evidence, Source
from castiron_audit.names import normalised
from castiron_audit.tables import table
from castiron_common.frozen import dataclass

_AUDITWHEEL_HASH = re.compile(r"-[0-9a-f]{8}(?=[-.])")
"""What auditwheel adds to a library's file name, once per repair."""
_SHORTEST_WITH_LIB = 6
_PACKAGE_SUFFIX = re.compile(r"-(?:libs?|threads|openmp|serial)$")
"""What Linux distributions add to the name of a library's package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogueEntry:
    """A library or a family of fonts that is well known."""

    name: str
    file_or_family: str
    """Pattern of the library's file name, or of the name of the fonts' family, from its start; case does not count."""
    license: str
    """SPDX expression."""
    source: str
    """The file of the project in which the license was read."""
    reason: str = ""
    """Why this expression, where that needs an explanation."""
    aliases: frozenset[str] = frozenset()
    """Its other names in SBOMs and lists, in lower case."""
    cpe: str | None = None
    """CPE 2.3 name up to the product."""
    license_since: tuple[tuple[int, str], ...] = ()
    """(first major version, expression) for each license that it has had, the latest first."""
    soname_is_version: bool = False
    """True if the version in its file's name is its own: ``libgeos.so.3.14.1``."""
    called: tuple[tuple[str, int], ...] = ()
    """(name, first major version) of another library, as which lists name it: zlib 2.3.3 is zlib-ng."""
    distributions: frozenset[str] = frozenset()
    """Distributions of the library's own project: in these it is no third party."""

    def evidence(self, major_version: int | None = None) -> Evidence:
        """Return what the catalogue says about the license, of a certain version where that is known."""
        expression = self.license
        if major_version is not None and self.license_since:
            expression = next(text for first, text in self.license_since if major_version >= first)
        return Evidence(source=Source.CATALOGUE, where=self.source, says=expression, expression=expression)


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A collection of data that is well known."""

    name: str
    files: tuple[str, ...]
    """Patterns of paths."""
    contains: str = ""
    """Text that a file of it has within its first bytes."""
    version: re.Pattern[str] | None = None
    license: str = ""
    """SPDX expression; empty if the files beside it tell."""
    reason: str = ""
    source: str = ""
    each: bool = False
    """True if each file is a component of its own, named after itself."""
    distributions: frozenset[str] = frozenset()
    """Those of the data's own project, in which it is no third party."""


@cache
def data_sets() -> tuple[DataSet, ...]:
    """Return the collections of data that the catalogue knows."""
    return tuple(
        DataSet(
            name=row["name"],
            files=tuple(row["files"]),
            contains=row.get("contains", ""),
            version=re.compile(row["version"]) if "version" in row else None,
            license=row.get("license", ""),
            reason=row.get("reason", ""),
            source=row.get("source", ""),
            each=row.get("each", False),
            distributions=frozenset(row.get("distributions", ())),
        )
        for row in table("data_sets")["data"]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Libraries:
    """The rows of the libraries, by what they are looked up by."""

    by_start: tuple[tuple[str, CatalogueEntry], ...]
    """All, in their order, each with the letters, in lower case, that its files' names begin with at least."""
    named: dict[str, tuple[int, CatalogueEntry]]
    """The first row that has a name, and its place."""
    called: dict[str, list[tuple[int, CatalogueEntry]]]
    """Those that lists name as another library, each with its first major version, by that name."""


@cache
def _libraries() -> _Libraries:
    rows = [_entry(row) for row in table("libraries")["library"]]
    named: dict[str, tuple[int, CatalogueEntry]] = {}
    called: dict[str, list[tuple[int, CatalogueEntry]]] = {}
    for place, entry in enumerate(rows):
        for name in (entry.name, *entry.aliases):
            named.setdefault(name, (place, entry))
        for name, first in entry.called:
            called.setdefault(name, []).append((first, entry))
    by_start = tuple((_start(entry.file_or_family), entry) for entry in rows)
    return _Libraries(by_start=by_start, named=named, called=called)


@cache
def _pattern(text: str) -> re.Pattern[str]:
    """Return what matches file names or families; hundreds are not compiled where a few libraries are asked about."""
    return re.compile(text, re.IGNORECASE)


_LETTERS = re.compile(r"[\w-]+(?![?*{\w-])")


def _start(pattern: str) -> str:
    """Return the letters that whatever matches a pattern begins with; none if it has alternatives as a whole."""
    letters = _LETTERS.match(pattern)
    outside = pattern
    while (inner := re.sub(r"\([^()]*\)", "", outside)) != outside:
        outside = inner
    return "" if letters is None or "|" in outside else letters[0].lower()


@cache
def _fonts() -> tuple[CatalogueEntry, ...]:
    return tuple(_entry(row) for row in table("fonts")["font"])


def _entry(row: dict[str, Any]) -> CatalogueEntry:
    return CatalogueEntry(
        name=row["name"],
        file_or_family=row["match"],
        license=row["license"],
        source=row["source"],
        reason=row.get("reason", ""),
        aliases=frozenset(row.get("aliases", ())),
        cpe=row.get("cpe"),
        license_since=tuple((int(first), expression) for first, expression in row.get("since", ())),
        soname_is_version=row.get("soname_is_version", False),
        called=tuple((name, first) for name, first in row.get("called", ())),
        distributions=frozenset(row.get("distributions", ())),
    )


def original_file_name(path: str, owner: str = "") -> str:
    """Return a shared library's file name without what auditwheel added to it.

    ``owner`` is the distribution: some add their own name, so that no other copy is loaded (``libgdal-fiona.so.35``).
    """
    name = _AUDITWHEEL_HASH.sub("", posixpath.basename(path))
    return re.sub(rf"[-_]{re.escape(owner)}(?=[-.])", "", name, count=1) if owner else name


def library_of_file(path: str, owner: str = "") -> CatalogueEntry | None:
    """Return the library of a shared object of the distribution ``owner``, known by its file name."""
    name = original_file_name(path, owner).replace("_-", "_", 1)
    lowered = name.lower()
    return next(
        (
            entry
            for start, entry in _libraries().by_start
            if lowered.startswith(start) and _pattern(entry.file_or_family).match(name)
        ),
        None,
    )


def library_of_name(name: str, version: str = "") -> CatalogueEntry | None:
    """Return the library that an SBOM, a list or a license file names."""
    lowered = name.lower().strip()
    major = int(match[0]) if (match := re.match(r"\d{1,6}", version)) else 0
    for first, entry in _libraries().called.get(lowered, ()):
        if major >= first:
            return entry
    named = [
        found
        for name in (lowered, _PACKAGE_SUFFIX.sub("", lowered))
        if (found := _libraries().named.get(name)) is not None
    ]
    # Of two rows that have the name and the package's, the first one counts.
    known = min(named, key=lambda found: found[0])[1] if named else None
    if known is None and len(lowered) > _SHORTEST_WITH_LIB and lowered.startswith("lib"):
        # Linux distributions call packages after the file: libexpat, libzmq.
        return library_of_name(lowered[3:], version)
    return known


def collected_library(*names: str) -> CatalogueEntry | None:
    """Return the first of the names that a collection of packages has a library of, as a row of the catalogue."""
    for name in names:
        evidence = collected_license("libraries", name)
        if evidence is not None and evidence.expression is not None:
            return CatalogueEntry(
                name=name, file_or_family="", license=evidence.expression, source=evidence.where, aliases=frozenset()
            )
    return None


def font_of_family(family: str) -> CatalogueEntry | None:
    """Return the well-known fonts of a family that do not name their license themselves."""
    return next((entry for entry in _fonts() if _pattern(entry.file_or_family).match(family)), None)


def project_license(name: str) -> Evidence | None:
    """Return what the catalogue says about the license of a Python project, None if it has no row for it."""
    return _said_of(name, table("projects")["projects"].get(canonicalize_name(name)))


def distribution_of_package(import_name: str) -> str:
    """Return the name of the distribution that a package is of, where it is known to be another one."""
    name: str = table("projects")["import_names"].get(import_name, import_name)
    return name


def script_name(name: str) -> str:
    """Return the name of a project of JavaScript that its banner calls otherwise."""
    other: str = table("scripts")["names"].get(normalised(name), name)
    return other


def script_license(name: str, version: str = "") -> Evidence | None:
    """Return what the catalogue says about the license of a project of JavaScript, None if it has no row for it."""
    row = table("scripts")["scripts"].get(normalised(name))
    return None if row is None else _license_of_version(name, version) or _said_of(name, row)


def _said_of(name: str, row: tuple[str, str] | None) -> Evidence | None:
    if row is None:
        return None
    expression, source = row
    return Evidence(source=Source.CATALOGUE, where=f"{name}: {source}", says=expression, expression=expression)


def npm_license(name: str, version: str = "") -> Evidence | None:
    """Return the license of a package of npm: that of the catalogue's row, else what published lists name.

    Of a package whose license has changed only that of a known version is known.
    """
    key = normalised(name)
    if (known := script_license(name, version)) is not None:
        return known
    if key in table("npm_changes")["changes"]:
        return _license_of_version(name, version)
    row = table("npm_licenses")["packages"].get(key)
    if row is None:
        return None
    expression, source = row
    return Evidence(source=Source.CATALOGUE, where=f"{name}, in {source}", says=expression, expression=expression)


def _license_of_version(name: str, version: str) -> Evidence | None:
    """Return the license that a version has of a package whose license has changed; None of any other package."""
    changes = table("npm_changes")["changes"].get(normalised(name), ())
    said = [expression for first, expression in changes if version and _numbers(first) <= _numbers(version)]
    where = f"{name} {version}: package.json"
    return Evidence(source=Source.CATALOGUE, where=where, says=said[-1], expression=said[-1]) if said else None


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d{1,9}", version)[:3])


def license_as_of_script(field: str | None, where: str) -> Evidence | None:
    """Return what a ``License`` field means that says "(same as jQuery)", as those of XStatic's packages do."""
    match = re.fullmatch(r"\W*same as (\w[\w. -]{0,40}?)\W*", field or "", re.IGNORECASE)
    known = script_license(script_name(match[1])) if match else None
    if match is None or known is None:
        return None
    return Evidence(
        source=Source.CATALOGUE, where=f"{where}; {known.where}", says=match[0], expression=known.expression
    )
