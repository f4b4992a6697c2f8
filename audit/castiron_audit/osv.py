"""Compares components with security advisories in the OSV format, offline.

Source: OSV schema 1.6.  An advisory names packages by ecosystem and name or by purl; ``versions`` lists the affected
ones, ``ranges`` begin with ``introduced`` and end before ``fixed`` or with ``last_affected``.
"""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from packaging.version import InvalidVersion, Version

from castiron_common.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from castiron_audit.model import Component

_ECOSYSTEMS = {"PyPI": "pypi", "crates.io": "cargo"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """An advisory that affects a component.  Sorted by (component's id, advisory)."""

    component: Component
    advisory: str
    """Its identifier: ``CVE-2024-6232``, ``PYSEC-2023-1``."""
    summary: str
    fixed: str
    """First version without the vulnerability, empty if none is known."""


def read_advisories(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the advisories of JSON files (one, a list, or ``{"vulns": [...]}``) and zip archives of such.

    Raises `InputError`.
    """
    advisories: list[dict[str, Any]] = []
    for path in files:
        try:
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in sorted(archive.namelist()):
                        if name.endswith(".json"):
                            advisories += _rows(json.loads(archive.read(name)))
            else:
                advisories += _rows(json.loads(path.read_bytes()))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path} cannot be read as OSV advisories: {error}.",
                hint="Give JSON in OSV's format, or a zip of such.",
            ) from error
    return advisories


def _rows(document: object) -> list[dict[str, Any]]:
    if isinstance(document, dict) and "vulns" in document:
        document = document["vulns"]
    rows: list[Any] = document if isinstance(document, list) else [document]
    if not all(isinstance(row, dict) and "id" in row for row in rows):
        raise ValueError("an advisory has no id")
    return [row for row in rows if not row.get("withdrawn")]


def match_advisories(components: Sequence[Component], advisories: Iterable[dict[str, Any]]) -> list[Match]:
    """Return the advisories that affect components in these versions, each once per component."""
    by_name: dict[tuple[str, str], list[Component]] = {}
    for component in components:
        for key in _keys(component):
            by_name.setdefault(key, []).append(component)
    matches: dict[tuple[str, str], Match] = {}
    for advisory in advisories:
        for affected in advisory.get("affected") or ():
            for component in by_name.get(_affected_key(affected), ()):
                fixed = _fix_if_affected(component.version, affected)
                if fixed is not None:
                    matches[component.id, advisory["id"]] = Match(
                        component=component,
                        advisory=str(advisory["id"]),
                        summary=str(advisory.get("summary") or "").strip(),
                        fixed=fixed,
                    )
    return [match for _, match in sorted(matches.items())]


def _keys(component: Component) -> Iterator[tuple[str, str]]:
    kind = component.purl[4:].split("/")[0] if component.purl else "generic"
    yield kind, _plain(component.name)
    if component.cpe:
        # Databases name C libraries as CPE names the product.
        yield "generic", _plain(component.cpe.split(":")[4])
    if kind not in {"pypi", "cargo", "generic"}:
        yield "generic", _plain(component.name)


def _affected_key(affected: dict[str, Any]) -> tuple[str, str]:
    package = affected.get("package") or {}
    purl = str(package.get("purl") or "")
    if purl.startswith("pkg:"):
        kind, _, rest = purl[4:].partition("/")
        name = rest.split("@")[0].split("?")[0].rsplit("/", 1)[-1]
        return (kind if kind in {"pypi", "cargo"} else "generic"), _plain(name)
    ecosystem = str(package.get("ecosystem") or "").split(":")[0]
    return _ECOSYSTEMS.get(ecosystem, "generic"), _plain(str(package.get("name") or ""))


def _fix_if_affected(version: str, affected: dict[str, Any]) -> str | None:
    """Return None if ``version`` is not affected, else the version with the fix, "" if the advisory names none."""
    version = version.split("-r", maxsplit=1)[0]  # Alpine Linux adds the revision of its package.
    if version in (affected.get("versions") or ()):
        return _first_fix(affected)
    own = _version(version)
    for item in affected.get("ranges") or ():
        if item.get("type") not in {"ECOSYSTEM", "SEMVER"} or own is None:
            continue
        is_affected = False
        fix = ""
        for event in item.get("events") or ():
            if (start := event.get("introduced")) is not None:
                is_affected = is_affected or start == "0" or (_version(start) or own) <= own
            elif (end := event.get("fixed")) is not None:
                limit = _version(end)
                if limit is not None and own >= limit:
                    is_affected = False
                elif is_affected and not fix:
                    fix = end
            elif (last := event.get("last_affected")) is not None:
                limit = _version(last)
                is_affected = is_affected and (limit is None or own <= limit)
        if is_affected:
            return fix
    return None


def _first_fix(affected: dict[str, Any]) -> str:
    events = (event for item in affected.get("ranges") or () for event in item.get("events") or ())
    return next((str(event["fixed"]) for event in events if "fixed" in event), "")


def _version(text: str) -> Version | None:
    try:
        return Version(text)
    except InvalidVersion:
        return None


def _plain(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")
