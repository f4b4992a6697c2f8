"""Checks components against advisories: which affect them, which do not, and which cannot be decided."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from castiron_audit.advisories.packages import (
    UPSTREAM,
    package_of_advisory,
    packages_of,
    repositories_of_advisory,
    upstream_of,
    version_of,
)
from castiron_audit.advisories.ranges import NOT_AFFECTED, Decision, State, combined, decide
from castiron_audit.names import upstream_version

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from castiron_audit.advisories.packages import Package
    from castiron_audit.model import Component


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one advisory means for one component.  Sorted by (component's id, advisory)."""

    component: Component
    advisory: str
    """Its identifier: ``CVE-2024-6232``, ``PYSEC-2023-1``."""
    aliases: tuple[str, ...]
    summary: str
    decision: Decision


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of the ``affected`` of an advisory."""

    advisory: str
    aliases: tuple[str, ...]
    summary: str
    affected: dict[str, Any]
    package: Package | None
    """None: it names repositories only."""


@dataclass(slots=True)
class Database:
    """Advisories by package: made once, asked for each binary."""

    by_package: dict[tuple[str, str], list[Entry]] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)
    """Advisories that name neither a package nor a repository; they are compared with nothing."""

    @classmethod
    def of(cls, advisories: Iterable[dict[str, Any]]) -> Database:
        """Return the database of advisories."""
        made = cls()
        for advisory in advisories:
            named = False
            for entry in _entries(advisory):
                keys = (
                    [entry.package.key]
                    if entry.package is not None
                    else [(UPSTREAM, name) for name in repositories_of_advisory(entry.affected)]
                )
                for key in keys:
                    made.by_package.setdefault(key, []).append(entry)
                    named = True
            if not named:
                made.unreadable.append(str(advisory["id"]))
        return made

    def check(self, components: Sequence[Component]) -> list[Answer]:
        """Return what the advisories on these components' packages mean for them, each once per component."""
        found: dict[tuple[str, str], Answer] = {}
        for component in components:
            for advisory, rows in self._of_component(component).items():
                decision = _decided(component, rows)
                entry = rows[0][0]
                found[component.id, advisory] = Answer(
                    component=component,
                    advisory=advisory,
                    aliases=entry.aliases,
                    summary=entry.summary,
                    decision=decision,
                )
        return [answer for _, answer in sorted(found.items())]

    def _of_component(self, component: Component) -> dict[str, list[tuple[Entry, Package | None]]]:
        """Return the entries on a component by advisory, each with its package; None: the project of that package."""
        rows: dict[str, list[tuple[Entry, Package | None]]] = {}
        seen: set[int] = set()
        for package in packages_of(component):
            for entry in self.by_package.get(package.key, ()):
                if id(entry) not in seen:
                    seen.add(id(entry))
                    rows.setdefault(entry.advisory, []).append((entry, package))
        upstream = upstream_of(component)
        if upstream is not None:
            for entry in self.by_package.get(upstream.key, ()):
                if entry.advisory not in rows:
                    rows.setdefault(entry.advisory, []).append((entry, None))
        return rows


def _entries(advisory: dict[str, Any]) -> Iterator[Entry]:
    aliases = advisory.get("aliases")
    for affected in advisory.get("affected") or ():
        if isinstance(affected, dict):
            yield Entry(
                advisory=str(advisory["id"]),
                aliases=tuple(str(item) for item in aliases) if isinstance(aliases, list) else (),
                summary=" ".join(str(advisory.get("summary") or "").split()),
                affected=affected,
                package=package_of_advisory(affected),
            )


def _decided(component: Component, rows: list[tuple[Entry, Package | None]]) -> Decision:
    """Return the answer of all entries of one advisory that are about a component."""
    own = [(entry, package) for entry, package in rows if package is not None]
    if not own:
        return _of_project(component, [entry for entry, _ in rows])
    release = next((package.release for _, package in own if package.release), "")
    releases = {entry.package.release for entry, _ in own if entry.package is not None and entry.package.release}
    if release and releases:
        # An entry without a release is about all of them.
        own = [
            (entry, package)
            for entry, package in own
            if entry.package is None or entry.package.release in {"", release}
        ]
        if not own:
            return NOT_AFFECTED
    answers = [decide(version_of(component), entry.affected, package.ecosystem) for entry, package in own]
    if not release and len(releases) > 1 and len({answer.state for answer in answers}) > 1:
        why = (
            f"the answer is another for each release ({', '.join(sorted(releases))}), and the component's is not known"
        )
        return Decision(state=State.UNDECIDED, why=why)
    return combined(answers)


def _of_project(component: Component, entries: list[Entry]) -> Decision:
    """Return the answer for a distribution's package of advisories on the project: it may have the fix already."""
    version = upstream_version(component.version)
    if all(decide(version, entry.affected, UPSTREAM).state is State.NOT_AFFECTED for entry in entries):
        return NOT_AFFECTED
    kind = (component.purl or "").removeprefix("pkg:").split("/")
    distribution = kind[1] if len(kind) > 1 else "the distribution"
    return Decision(
        state=State.UNDECIDED,
        why=f"the advisory is on the project, whose fix the package of {distribution} may have; see its own advisories",
    )
