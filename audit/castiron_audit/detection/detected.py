"""A component inside of a distribution while it is put together, and what is known about libraries by name."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from castiron_audit import conclusions, expressions
from castiron_audit.model import Evidence, Finding, Form, Kind, Severity, Source, Verdict
from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_audit.model import Component
    from castiron_manifest.model import Native

_HASHED = re.compile(r"-[0-9a-f]{8}(?=[-.])")
"""What auditwheel adds to a library's name, once per repair."""
_TITLED = re.compile(
    r"^(?P<before>.+?)[-_.]licen[sc]e|^licen[sc]e[-_.](?P<after>.+?)(?:\.(?:txt|md|rst))?$", re.IGNORECASE
)
_SHORT = 3000
"""Characters; a license file that only points to the license files beside it is shorter."""
_GENERIC = frozenset(
    [
        "src",
        "source",
        "lib",
        "include",
        "licenses",
        "license",
        "python",
        "code",
        "subprojects",
        "vendor",
        "vendored",
        "_vendor",
        "third_party",
        "external",
        "external_licenses",
        "external-licenses",
        "docs",
    ]
)
"""Folders that do not name what is in them."""


@dataclass(slots=True)
class Part:
    """A component being put together."""

    kind: Kind
    name: str
    version: str = ""
    purl: str | None = None
    cpe: str | None = None
    evidence: list[Evidence] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """Path -> text."""
    natives: list[Native] = field(default_factory=list)
    forms: set[Form] = field(default_factory=set)
    size: int = 0
    reason: str = ""
    patterns: tuple[str, ...] = ()
    """Of its files, where a list tells them."""
    proven: bool = True
    """False while only a document that also lists optional parts names it."""


@cache
def _catalogue() -> tuple[tuple[re.Pattern[str], dict[str, Any]], ...]:
    return tuple((re.compile(f"^{row['match']}", re.IGNORECASE), row) for row in table("libraries")["library"])


def unhashed(path: str) -> str:
    """Return a library's file name without what auditwheel added."""
    return _HASHED.sub("", posixpath.basename(path))


def library_of_file(path: str) -> dict[str, Any] | None:
    """Return the catalogue's row for a shared library's file name."""
    name = unhashed(path).replace("_-", "_", 1)
    return next((row for pattern, row in _catalogue() if pattern.match(name)), None)


def library_of_name(name: str) -> dict[str, Any] | None:
    """Return the catalogue's row for a name in a document or list."""
    plain = name.lower().strip()
    for _, row in _catalogue():
        if plain == row["name"] or plain in row["aliases"]:
            return row
    return None


def font_of_family(family: str) -> dict[str, Any] | None:
    """Return the row of a well-known font that does not name its license itself."""
    rows = table("fonts")["font"]
    return next((row for row in rows if re.match(row["match"], family, re.IGNORECASE)), None)


def part_verdict(part: Part) -> Verdict:
    """Return the verdict on a third party: a list or document in the wheel, else the catalogue, else its texts."""
    order = list(Source)
    evidence = sorted(dict.fromkeys(part.evidence), key=lambda item: order.index(item.source))
    strong = next((item for item in evidence if item.expression and item.source is not Source.TEXT), None)
    if strong is not None:
        # A bill of materials may know less than the catalogue, which was read in the library's own source.
        catalogue = next((item for item in evidence if item.source is Source.CATALOGUE), None)
        if strong.source is Source.SBOM and catalogue is not None:
            strong = catalogue
        similarity = max(
            (
                item.similarity
                for item in evidence
                if item.similarity is not None
                and item.expression
                and any(
                    conclusions.similar(left, right)
                    for left in expressions.leaves(item.expression)
                    for right in expressions.leaves(strong.expression or "")
                )
            ),
            default=None,
        )
        return Verdict(
            expression=strong.expression,
            source=strong.source,
            where=strong.where,
            similarity=similarity,
            evidence=tuple(evidence),
            reason=part.reason,
        )
    texts = [item for item in evidence if item.expression]
    choice = conclusions.says_choice(tuple(text for text in part.texts.values() if len(text) < _SHORT))
    return Verdict(
        expression=conclusions.joined(texts, choice=choice),
        source=Source.TEXT if texts else Source.NONE,
        where=", ".join(dict.fromkeys(item.where for item in texts)),
        similarity=min((item.similarity for item in texts if item.similarity is not None), default=None),
        evidence=tuple(evidence),
        reason=part.reason,
    )


def part_findings(component: Component) -> Iterable[Finding]:
    """Yield what is odd about a third party's license."""
    verdict = component.verdict
    if verdict.expression is None:
        said = "; ".join(item.says for item in verdict.evidence) or "nothing"
        yield Finding(
            code="unknown-license",
            severity=Severity.ERROR if component.kind is not Kind.CRATE else Severity.WARNING,
            component=component.id,
            message=f"Its license is unknown; it says: {said}.",
        )
        return
    families = {conclusions.family(leaf) for leaf in expressions.leaves(verdict.expression)}
    for item in verdict.evidence:
        if item.expression is None or item.source in {verdict.source, Source.TEXT}:
            continue
        if not families & {conclusions.family(leaf) for leaf in expressions.leaves(item.expression)}:
            yield Finding(
                code="contradiction",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{item.source} ({item.where}) says {item.expression}, "
                f"{verdict.source} says {verdict.expression}.",
            )


def header_evidence(headers: Any, where: str) -> list[Evidence]:
    """Return what the metadata of a vendored package says about its license."""
    found = []
    if headers["License-Expression"]:
        said = headers["License-Expression"]
        found.append(Evidence(source=Source.EXPRESSION, where=where, says=said, expression=expressions.normalise(said)))
    exact = [
        expression
        for item in headers.get_all("Classifier", [])
        if item.startswith("License ::") and (expression := expressions.from_classifier(item)[0])
    ]
    if exact:
        found.append(
            Evidence(source=Source.CLASSIFIER, where=where, says="; ".join(exact), expression=expressions.both(exact))
        )
    if headers["License"] and (plain := expressions.from_field(headers["License"])):
        found.append(Evidence(source=Source.FIELD, where=where, says=headers["License"][:100], expression=plain))
    return found


def subject_of(folder: str, name: str) -> tuple[str, str, str] | None:
    """Return (name, version, source folder) of whom a license file speaks; None if it does not say."""
    match = _TITLED.match(name)
    if match is not None:
        title = (match["before"] or match["after"] or "").strip("-_. ")
        if title.lower() in {"external", "third-party", "thirdparty", "third_party", "bundled"}:
            return "third-party parts", "", ""
        if (
            title
            and title.lower() not in {"txt", "md", "rst"}
            and not conclusions.is_main_file(f"x.dist-info/licenses/{name}")
        ):
            return title.lower(), "", ""
    parts = [part for part in folder.split("/") if part]
    parts = parts[1:] if parts[:1] == ["licenses"] else parts
    meaningful = [part for part in parts if part.lower() not in _GENERIC]
    if not meaningful:
        return None
    last = re.sub(r"\.(?:dist|egg)-info$", "", meaningful[-1])  # the metadata of what is vendored
    found = re.fullmatch(r"(?P<name>[A-Za-z][\w.+-]*?)-v?(?P<version>\d[\w.]*)", last)
    origin = "/".join(parts).removeprefix("src/")
    return (found["name"], found["version"], origin) if found else (last, "", origin)


def upstream(version: str) -> str:
    """Return a version without a Linux distribution's revision: ``14.2.0`` for ``14.2.0-r6``."""
    return re.sub(r"-r\d+$", "", version)


def same_name(left: str, right: str) -> bool:
    """Return whether two names mean the same package, ``-rust`` and ``-python`` of a crate's name left out."""
    return plain_name(left) == plain_name(right) or plain_name(left) in {
        f"{plain_name(right)}-rust",
        f"{plain_name(right)}-python",
    }


def plain_name(name: str) -> str:
    """Return a name as it is compared: lower case, runs of separators as one hyphen."""
    return re.sub(r"[-_.\s/]+", "-", name.lower()).strip("-")
