"""Reads the software bills of materials (SBOMs) that wheels carry: CycloneDX and SPDX in JSON.

Sources: PEP 770; CycloneDX 1.4 to 1.7; SPDX 2.3.  auditwheel, cargo-cyclonedx, maturin and projects' own scripts write
them, each in its own way, so nothing but names is relied on.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from castiron_audit.expressions import all_of, normalise
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 16 << 20
"""Characters of an SBOM; trace puts no text of more than 4 MB into a manifest."""
_LOCAL = re.compile(r"[?&](?:download_url|vcs_url)=(?:file|path)")
_APK_SPLIT = re.compile(r"^(?P<suffix>[a-z][a-z_-]*)-(?P<version>\d.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class SbomComponent:
    """One component that an SBOM lists."""

    name: str
    version: str
    purl: str | None
    license: str | None
    """SPDX expression; None if the SBOM has none that is valid."""
    cpe: str | None = None
    scope: str = "required"
    """``required``, ``optional`` or ``excluded``, as CycloneDX defines them."""
    local: bool = False
    """True if it was built from a folder of the project itself, as its purl says."""

    @property
    def ecosystem(self) -> str:
        """The purl's type: ``cargo``, ``apk``, ``pypi``; empty without a purl."""
        return self.purl[4:].split("/")[0] if self.purl and self.purl.startswith("pkg:") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sbom:
    """A software bill of materials."""

    described: SbomComponent | None
    """What the SBOM is about."""
    components: tuple[SbomComponent, ...]
    """Sorted by (name, version), without the described one."""


class UnreadableSbomError(ValueError):
    """The text is not an SBOM in a format that we know."""


def read_sbom(text: str) -> Sbom:
    """Return what an SBOM lists.  Raises `UnreadableSbomError`."""
    if len(text) > _LONGEST:
        raise UnreadableSbomError(f"it has {len(text)} characters")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnreadableSbomError(f"not JSON: {error}") from error
    if not isinstance(document, dict):
        raise UnreadableSbomError("not a JSON object")
    if document.get("bomFormat") == "CycloneDX":
        return _cyclonedx(document)
    if str(document.get("spdxVersion", "")).startswith("SPDX-2"):
        return _spdx(document)
    raise UnreadableSbomError("neither CycloneDX nor SPDX 2")


def _cyclonedx(document: dict[str, Any]) -> Sbom:
    metadata = document.get("metadata")
    about = metadata.get("component") if isinstance(metadata, dict) else None
    described = _component(about) if isinstance(about, dict) else None
    components = {component for item in _nested(document) if (component := _component(item)) is not None}
    return Sbom(described=described, components=_sorted(components, described))


def _objects(rows: object) -> list[dict[str, Any]]:
    """Return the JSON objects in a list; nothing if ``rows`` is no list."""
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _nested(owner: dict[str, Any]) -> Iterator[dict[str, Any]]:
    pending = [owner]
    while pending:
        children = _objects(pending.pop().get("components"))
        yield from children
        pending += children


def _component(item: dict[str, Any]) -> SbomComponent | None:
    name = str(item.get("name") or "")
    if not name or item.get("type") in ("file", "operating-system"):
        return None
    version = str(item.get("version") or "")
    purl = item.get("purl")
    if isinstance(purl, str) and purl.startswith("pkg:apk/") and (match := _APK_SPLIT.match(version)):
        # auditwheel splits "krb5-libs-1.21.3-r0" at the first hyphen.
        name, version = f"{name}-{match['suffix']}", match["version"]
        purl = f"pkg:apk/alpine/{name}@{version}"
    return SbomComponent(
        name=name,
        version=version,
        purl=_clean(purl) if isinstance(purl, str) else None,
        license=_licenses(item.get("licenses")),
        cpe=item.get("cpe") if isinstance(item.get("cpe"), str) else None,
        scope=str(item.get("scope") or "required"),
        local=isinstance(purl, str) and _LOCAL.search(purl) is not None,
    )


def _clean(purl: str) -> str:
    """Return a purl without qualifiers that name paths on the machine that built the wheel."""
    head, _, rest = purl.partition("?")
    query, _, fragment = rest.partition("#")
    kept = [
        qualifier
        for qualifier in query.split("&")
        if qualifier and not re.match(r"(?:download_url|vcs_url)=(?:file|path)", qualifier)
    ]
    return head + ("?" + "&".join(kept) if kept else "") + (f"#{fragment}" if fragment and not query else "")


def _licenses(rows: object) -> str | None:
    if not isinstance(rows, list):
        return None
    expressions = []
    for row in _objects(rows):
        license_ = row.get("license")
        fields = license_ if isinstance(license_, dict) else {}
        said = row.get("expression") or fields.get("id") or fields.get("name") or ""
        expression = normalise(str(said))
        if expression is None:
            return None
        expressions.append(expression)
    return all_of(expressions)


def _spdx(document: dict[str, Any]) -> Sbom:
    ids = document.get("documentDescribes")
    described_ids = [*ids] if isinstance(ids, list) else []
    relationships = _objects(document.get("relationships"))
    described_ids += [
        row.get("relatedSpdxElement") for row in relationships if row.get("relationshipType") == "DESCRIBES"
    ]
    described = None
    components = set()
    for package in _objects(document.get("packages")):
        if not package.get("name"):
            continue
        component = _package(package)
        if package.get("SPDXID") in described_ids:
            described = component
        else:
            components.add(component)
    return Sbom(described=described, components=_sorted(components, described))


def _package(package: dict[str, Any]) -> SbomComponent:
    references = {
        str(row.get("referenceType")): str(row.get("referenceLocator")) for row in _objects(package.get("externalRefs"))
    }
    said = str(package.get("licenseConcluded") or "NOASSERTION")
    if said in {"NOASSERTION", "NONE"}:
        said = str(package.get("licenseDeclared") or "")
    return SbomComponent(
        name=str(package["name"]),
        version=str(package.get("versionInfo") or ""),
        purl=references.get("purl"),
        license=normalise(said) if said not in {"", "NOASSERTION", "NONE"} else None,
        cpe=references.get("cpe23Type"),
    )


def _sorted(components: set[SbomComponent], described: SbomComponent | None) -> tuple[SbomComponent, ...]:
    others = (
        component
        for component in components
        if described is None or (component.name, component.version) != (described.name, described.version)
    )
    return tuple(sorted(others, key=_sort_key))


def _sort_key(component: SbomComponent) -> tuple[str, str, str, str, bool, str]:
    return (
        component.name,
        component.version,
        component.purl or "",
        component.license or "",
        component.scope != "required",
        component.cpe or "",
    )
