"""Compares components with advisories in the OSV format, without asking anybody.

Source: OSV schema 1.6: a package by ecosystem and name or by purl; ``versions`` lists, ``ranges`` tell from
``introduced`` on, before ``fixed``, up to ``last_affected``.
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
class Hit:
    """An advisory that speaks of a component.  Sorted by (component's id, advisory)."""

    component: Component
    advisory: str
    summary: str
    fixed: str
    """First version without the flaw, empty if none is known."""


def read_advisories(files: Iterable[Path]) -> list[dict[str, Any]]:
    """Return the advisories of JSON files (one, a list, or ``{"vulns": [...]}``) and zip archives of such.

    Raises `InputError`.
    """
    found: list[dict[str, Any]] = []
    for path in files:
        try:
            if zipfile.is_zipfile(path):
                with zipfile.ZipFile(path) as archive:
                    for name in sorted(archive.namelist()):
                        if name.endswith(".json"):
                            found += _rows(json.loads(archive.read(name)))
            else:
                found += _rows(json.loads(path.read_bytes()))
        except (OSError, ValueError, zipfile.BadZipFile) as error:
            raise InputError(
                f"{path} cannot be read as OSV advisories: {error}.",
                hint="Give JSON in OSV's format, or a zip of such.",
            ) from error
    return found


def _rows(document: object) -> list[dict[str, Any]]:
    if isinstance(document, dict) and "vulns" in document:
        document = document["vulns"]
    rows: list[Any] = document if isinstance(document, list) else [document]
    if not all(isinstance(row, dict) and "id" in row for row in rows):
        raise ValueError("an advisory has no id")
    return [row for row in rows if not row.get("withdrawn")]


def matches(components: Sequence[Component], advisories: Iterable[dict[str, Any]]) -> list[Hit]:
    """Return the advisories that speak of components in these versions, each once per component."""
    by_name: dict[tuple[str, str], list[Component]] = {}
    for component in components:
        for key in _keys(component):
            by_name.setdefault(key, []).append(component)
    hits: dict[tuple[str, str], Hit] = {}
    for advisory in advisories:
        for affected in advisory.get("affected") or ():
            for component in by_name.get(_affected_key(affected), ()):
                fixed = _applies(component.version, affected)
                if fixed is not None:
                    hits[component.id, advisory["id"]] = Hit(
                        component=component,
                        advisory=str(advisory["id"]),
                        summary=str(advisory.get("summary") or "").strip(),
                        fixed=fixed,
                    )
    return [hit for _, hit in sorted(hits.items())]


def _keys(component: Component) -> Iterator[tuple[str, str]]:
    kind = component.purl[4:].split("/")[0] if component.purl else "generic"
    yield kind, _plain(component.name)
    if component.cpe:
        # Databases of C libraries name the product as CPE does.
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


def _applies(version: str, affected: dict[str, Any]) -> str | None:
    """Return the version that fixes it ("" if none is named) if ``version`` is affected, else None."""
    version = version.split("-r", maxsplit=1)[0]
    if version in (affected.get("versions") or ()):
        return _first_fix(affected)
    own = _version(version)
    for item in affected.get("ranges") or ():
        if item.get("type") not in {"ECOSYSTEM", "SEMVER"} or own is None:
            continue
        inside = False
        fix = ""
        for event in item.get("events") or ():
            if (start := event.get("introduced")) is not None:
                inside = inside or start == "0" or (_version(start) or own) <= own
            elif (end := event.get("fixed")) is not None:
                limit = _version(end)
                if limit is not None and own >= limit:
                    inside = False
                elif inside and not fix:
                    fix = end
            elif (last := event.get("last_affected")) is not None:
                limit = _version(last)
                inside = inside and (limit is None or own <= limit)
        if inside:
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
