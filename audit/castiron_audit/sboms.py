"""Reads software bills of materials that wheels carry: CycloneDX and SPDX in JSON.

Sources: PEP 770; CycloneDX 1.4 to 1.7; SPDX 2.3.  auditwheel, cargo-cyclonedx, maturin and projects' own scripts write
these, each with habits of its own, so nothing but names is taken for granted.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castiron_audit.expressions import both, normalise

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 16 << 20
"""Letters of a document; trace takes along no text of more than 4 MB."""
_APK_SPLIT = re.compile(r"^(?P<suffix>[a-z][a-z_-]*)-(?P<version>\d.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One component that a document names."""

    name: str
    version: str
    purl: str | None
    license: str | None
    """SPDX expression, if the document has one."""
    cpe: str | None = None
    sha256: str | None = None
    scope: str = "required"
    """``required``, ``optional`` or ``excluded``, as CycloneDX defines them."""

    @property
    def ecosystem(self) -> str:
        """The purl's type: ``cargo``, ``apk``, ``pypi``; empty without a purl."""
        return self.purl[4:].split("/")[0] if self.purl and self.purl.startswith("pkg:") else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A bill of materials."""

    subject: Entry | None
    """What the document is about."""
    entries: tuple[Entry, ...]
    """Sorted by (name, version), without the subject."""


class UnreadableSbomError(ValueError):
    """The text is no bill of materials in a format that we know."""


def read_sbom(text: str) -> Document:
    """Return what a document names.  Raises `UnreadableSbomError`."""
    if len(text) > _LONGEST:
        raise UnreadableSbomError(f"it has {len(text)} letters")
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


def _cyclonedx(document: dict[str, Any]) -> Document:
    metadata = document.get("metadata")
    about = metadata.get("component") if isinstance(metadata, dict) else None
    subject = _component(about) if isinstance(about, dict) else None
    entries = {entry for item in _nested(document) if (entry := _component(item)) is not None}
    return Document(subject=subject, entries=_sorted(entries, subject))


def _maps(rows: object) -> list[dict[str, Any]]:
    """Return the maps of a list; nothing if it is none."""
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _nested(owner: dict[str, Any]) -> Iterator[dict[str, Any]]:
    waiting = [owner]
    while waiting:
        inner = _maps(waiting.pop().get("components"))
        yield from inner
        waiting += inner


def _component(item: dict[str, Any]) -> Entry | None:
    name = str(item.get("name") or "")
    if not name or item.get("type") in ("file", "operating-system"):
        return None
    version = str(item.get("version") or "")
    purl = item.get("purl")
    if isinstance(purl, str) and purl.startswith("pkg:apk/") and (match := _APK_SPLIT.match(version)):
        # auditwheel splits "krb5-libs-1.21.3-r0" at the first hyphen.
        name, version = f"{name}-{match['suffix']}", match["version"]
        purl = f"pkg:apk/alpine/{name}@{version}"
    return Entry(
        name=name,
        version=version,
        purl=_clean(purl) if isinstance(purl, str) else None,
        license=_licenses(item.get("licenses")),
        cpe=item.get("cpe") if isinstance(item.get("cpe"), str) else None,
        sha256=next(
            (str(row.get("content")) for row in _maps(item.get("hashes")) if row.get("alg") == "SHA-256"),
            None,
        ),
        scope=str(item.get("scope") or "required"),
    )


def _clean(purl: str) -> str:
    """Return a purl without qualifiers that name places on the machine which built it."""
    head, _, rest = purl.partition("?")
    query, _, fragment = rest.partition("#")
    kept = [part for part in query.split("&") if part and not re.match(r"(?:download_url|vcs_url)=(?:file|path)", part)]
    return head + ("?" + "&".join(kept) if kept else "") + (f"#{fragment}" if fragment and not query else "")


def _licenses(rows: object) -> str | None:
    if not isinstance(rows, list):
        return None
    found = []
    for row in _maps(rows):
        inner = row.get("license") if isinstance(row.get("license"), dict) else {}
        said = row.get("expression") or (inner or {}).get("id") or (inner or {}).get("name") or ""
        expression = normalise(str(said))
        if expression is None:
            return None
        found.append(expression)
    return both(found)


def _spdx(document: dict[str, Any]) -> Document:
    named = document.get("documentDescribes")
    described = [*named] if isinstance(named, list) else []
    related = (row for row in _maps(document.get("relationships")) if row.get("relationshipType") == "DESCRIBES")
    described += [row.get("relatedSpdxElement") for row in related]
    subject = None
    entries = set()
    for item in _maps(document.get("packages")):
        if not item.get("name"):
            continue
        references = {
            str(row.get("referenceType")): str(row.get("referenceLocator")) for row in _maps(item.get("externalRefs"))
        }
        said = str(item.get("licenseConcluded") or "NOASSERTION")
        if said in {"NOASSERTION", "NONE"}:
            said = str(item.get("licenseDeclared") or "")
        entry = Entry(
            name=str(item["name"]),
            version=str(item.get("versionInfo") or ""),
            purl=references.get("purl"),
            license=normalise(said) if said not in {"", "NOASSERTION", "NONE"} else None,
            cpe=references.get("cpe23Type"),
        )
        if item.get("SPDXID") in described:
            subject = entry
        else:
            entries.add(entry)
    return Document(subject=subject, entries=_sorted(entries, subject))


def _sorted(entries: set[Entry], subject: Entry | None) -> tuple[Entry, ...]:
    others = (
        entry for entry in entries if subject is None or (entry.name, entry.version) != (subject.name, subject.version)
    )
    return tuple(sorted(others, key=lambda entry: (entry.name, entry.version, entry.purl or "", entry.license or "")))
