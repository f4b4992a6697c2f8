"""Reads what Maven says of the projects in a Java archive; a shaded one, or one "with dependencies", has many."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.model import Evidence, Source
from castiron_audit.text_evidence import text_evidence
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

PROPERTIES = re.compile(r"^META-INF/maven/(?P<group>[^/]+)/(?P<artifact>[^/]+)/pom\.properties$")
DEPENDENCIES = "META-INF/DEPENDENCIES"
_VERSION = re.compile(r"^version=([\w.+-]{1,60})\s*$", re.MULTILINE)
_ELSEWHERE = re.compile(
    r"<!--.*?-->|<(?P<tag>dependencies|dependencyManagement|build|profiles|reporting|parent)\b.*?</(?P=tag)>", re.DOTALL
)
_LICENSE = re.compile(r"<license>(.*?)</license>", re.DOTALL)
_FIELD = r"<{}>\s*([^<]{{1,300}}?)\s*</{}>"
_HEAD = re.compile(r"\A\s*(?:<\?xml[^>]*>)?\s*<!--(.*?)-->", re.DOTALL)
_DEPENDENCY = re.compile(
    r"(?P<group>[\w.-]+):(?P<artifact>[\w.-]+):jar:[\w.+:-]+\s*\n\s*Licen[sc]e: (?P<license>[^\n]{1,300})"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class MavenProject:
    """A project whose classes an archive has."""

    group: str
    artifact: str
    version: str
    """Empty if nothing tells it."""
    evidence: tuple[Evidence, ...]

    @property
    def purl(self) -> str | None:
        """The package URL (type ``maven``); None without a version."""
        return f"pkg:maven/{self.group}/{self.artifact}@{self.version}" if self.version else None


def read_projects(where: str, names: Iterable[str], read: Callable[[str], str | None]) -> list[MavenProject]:
    """Return the projects that an archive at ``where`` names, with what each says about its license.

    ``read`` returns a member as text.  Sources: Maven's archiver (``pom.properties``, ``pom.xml`` beside it), Maven's
    POM reference (``licenses``), Apache's resource bundle (``META-INF/DEPENDENCIES``).
    """
    told = {
        (match["group"], match["artifact"]): match["license"]
        for match in _DEPENDENCY.finditer(read(DEPENDENCIES) or "")
    }
    projects = []
    for match in filter(None, map(PROPERTIES.match, sorted(names))):
        version = _VERSION.search(read(match.string) or "")
        pom_name = f"{match.string.removesuffix('properties')}xml"
        evidence = _license_evidence(f"{where}: {pom_name}", read(pom_name) or "")
        if (listed := told.get((match["group"], match["artifact"]))) is not None:
            evidence.append(_stated(f"{where}: {DEPENDENCIES}", listed))
        projects.append(
            MavenProject(
                group=match["group"],
                artifact=match["artifact"],
                version=version[1] if version else "",
                evidence=tuple(evidence),
            )
        )
    return projects


def _license_evidence(where: str, pom: str) -> list[Evidence]:
    own = _ELSEWHERE.sub("", pom)
    stated = []
    for license_element in _LICENSE.findall(own):
        fields = [re.search(_FIELD.format(tag, tag), license_element) for tag in ("name", "url")]
        said = " ".join(html.unescape(field[1]) for field in fields if field is not None)
        if said:
            stated.append(_stated(where, said))
    if stated:
        return [_together(where, stated)]
    # Of a project whose parent, which is not in the archive, names the license, the head of its own file tells it.
    head = _HEAD.search(pom)
    return list(text_evidence(where, head[1])) if head is not None else []


def _stated(where: str, said: str) -> Evidence:
    name = re.split(r"\s*\(?https?://", said, maxsplit=1)[0]
    expression = (
        expressions.from_field(name)
        or expressions.normalise(name)
        or expressions.all_of([item.expression for item in text_evidence(where, said) if item.expression])
    )
    return Evidence(source=Source.FIELD, where=where, says=said[:200], expression=expression)


def _together(where: str, stated: list[Evidence]) -> Evidence:
    """Return several licenses of one project as one statement.

    Maven's reference: "If multiple licenses are listed, it is assumed that the user can select any of them".
    """
    named = [item.expression for item in stated if item.expression is not None]
    expression = expressions.any_of(named) if len(named) == len(stated) else None
    says = "; ".join(item.says for item in stated)
    return Evidence(source=Source.FIELD, where=where, says=says[:200], expression=expression)
