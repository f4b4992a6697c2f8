"""Decides whether a version is affected.  Source: OSV schema, section "Evaluation"."""

from __future__ import annotations

import functools
import re
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from castiron_audit.advisories.packages import UPSTREAM
from castiron_audit.advisories.versions import comparer, semver_key, upstream_key
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from castiron_audit.advisories.versions import Key

_EVENTS = ("introduced", "fixed", "last_affected", "limit")
_TAG = re.compile(
    r"(?:^|[-_/]|(?<![A-Za-z])(?:v|r|rel|release|ver|version))"
    r"(\d+(?:[._-]\d+)*(?:[._-]?(?:alpha|beta|pre|rc|dev)[._-]?\d*|[a-z])?)$",
    re.IGNORECASE,
)
"""The version at the end of a tag: ``curl-8_5_0``, ``v1.3.1``, ``openssl-3.0.13``, ``OpenSSL_1_1_1w``."""


class State(StrEnum):
    """What an advisory means for a version."""

    AFFECTED = "affected"
    NOT_AFFECTED = "not affected"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer for one version."""

    state: State
    fixed: str = ""
    """First version without the vulnerability, empty if none is known."""
    why: str = ""
    """Why it cannot be decided."""


NOT_AFFECTED = Decision(state=State.NOT_AFFECTED)


def decide(version: str, affected: dict[str, Any], ecosystem: str) -> Decision:
    """Return whether a version is affected by an entry of ``affected``; what cannot be compared is undecided."""
    if not version:
        return Decision(state=State.UNDECIDED, why="the component's version is not known")
    listed = [str(item) for item in affected.get("versions") or ()]
    ranges = [item for item in affected.get("ranges") or () if isinstance(item, dict)]
    if not listed and not ranges:
        return Decision(state=State.UNDECIDED, why="the advisory names no versions")
    if _is_listed(version, listed, ecosystem):
        return Decision(state=State.AFFECTED, fixed=_fix_of(version, ranges, ecosystem))
    # Commits beside ranges of versions say the same, and only those can be compared.
    versioned = [item for item in ranges if item.get("type") != "GIT"]
    answers = [_in_range(version, item, ecosystem, listed) for item in versioned or ranges]
    return combined(answers)


def combined(answers: Iterable[Decision]) -> Decision:
    """Return the answer of several ranges: affected if one says so, undecided if one cannot tell."""
    rows = list(answers)
    for state in (State.AFFECTED, State.UNDECIDED):
        found = [row for row in rows if row.state is state]
        if found:
            return next((row for row in found if row.fixed), found[0])
    return NOT_AFFECTED


def _is_listed(version: str, listed: Sequence[str], ecosystem: str) -> bool:
    if version in listed:
        return True
    key = comparer(ecosystem)
    own = key(version)
    first = version.lstrip("vV")[:1]
    if own is not None and any(key(item) == own for item in listed if item.lstrip("vV")[:1] == first):
        return True
    if ecosystem != UPSTREAM:
        return False
    plain = _of_tag(version)
    return plain is not None and any(_of_tag(item) == plain for item in listed)


def _of_tag(tag: str) -> Key | None:
    match = _TAG.search(tag)
    return upstream_key(re.sub(r"(?<=\d)[_-](?=\d)", ".", match[1]).lower()) if match else None


def _in_range(version: str, item: dict[str, Any], ecosystem: str, listed: Sequence[str]) -> Decision:
    kind = item.get("type")
    if kind == "GIT":
        return _in_git_range(version, item, listed)
    if kind not in {"SEMVER", "ECOSYSTEM"}:
        return Decision(state=State.UNDECIDED, why=f"ranges of type {kind!r} are not known")
    return _in_events(version, _events(item), semver_key if kind == "SEMVER" else comparer(ecosystem))


def _in_git_range(version: str, item: dict[str, Any], listed: Sequence[str]) -> Decision:
    """Decide a range of commits: by the versions that its record adds, else by the list of its tags."""
    added = item.get("database_specific")
    rows = added.get("versions") if isinstance(added, dict) else None
    if isinstance(rows, list) and rows:
        return _in_events(version, _events({"events": rows}), upstream_key)
    closed = any(name in {"fixed", "last_affected", "limit"} for name, _ in _events(item))
    if listed and closed:
        # Databases list every tag in the range.
        return NOT_AFFECTED
    return Decision(
        state=State.UNDECIDED, why="the advisory gives commits, and of the component only the version is known"
    )


def _events(item: dict[str, Any]) -> list[tuple[str, str]]:
    """Return (kind, version) of each event, in their order; an event may be several (older records)."""
    return [
        (name, str(event[name]))
        for event in item.get("events") or ()
        if isinstance(event, dict)
        for name in _EVENTS
        if event.get(name) is not None
    ]


def _in_events(version: str, events: list[tuple[str, str]], key: Callable[[str], Key | None]) -> Decision:
    own = key(version)
    if own is None:
        return Decision(state=State.UNDECIDED, why=f"the version {version!r} cannot be compared")
    keyed: list[tuple[str, str, Key | None]] = []
    for name, text in events:
        lowest = (name == "introduced" and text == "0") or (name == "limit" and text == "*")
        made = None if lowest else key(text)
        if not lowest and _without_revision(text) == version != text:
            why = f"it is not known which revision of the package {version} is, and the advisory names {text}"
            return Decision(state=State.UNDECIDED, why=why)
        if made is None and not lowest:
            return Decision(state=State.UNDECIDED, why=f"the advisory's version {text!r} cannot be compared")
        keyed.append((name, text, made))
    if not any(name == "introduced" for name, _, _ in keyed):
        return Decision(state=State.UNDECIDED, why="the advisory does not say since when")
    limits = [(text, made) for name, text, made in keyed if name == "limit"]
    if limits and not any(text == "*" or own < made for text, made in limits):
        return NOT_AFFECTED
    affected = False
    rows = sorted((row for row in keyed if row[0] != "limit"), key=functools.cmp_to_key(_order))
    for name, _, made in rows:
        if name == "introduced":
            affected = affected or made is None or own >= made
        elif name == "fixed":
            affected = affected and own < made
        else:
            affected = affected and own <= made
    if not affected:
        return NOT_AFFECTED
    return Decision(
        state=State.AFFECTED, fixed=next((text for name, text, made in rows if name == "fixed" and made > own), "")
    )


def _without_revision(version: str) -> str:
    """Return the upstream version of a package of Alpine, Debian or an RPM distribution: ``3.3.1`` of ``3.3.1-r2``."""
    return re.sub(r"-(?:r\d+|[\dA-Za-z.+~]*\d[\dA-Za-z.+~]*)$", "", version)


def _order(left: tuple[str, str, Key | None], right: tuple[str, str, Key | None]) -> int:
    """Order events by version, those from the beginning first; of one version ``last_affected`` is the last."""
    if left[2] is None or right[2] is None:
        return (left[2] is not None) - (right[2] is not None)
    if left[2] == right[2]:
        return (left[0] == "last_affected") - (right[0] == "last_affected")
    return -1 if left[2] < right[2] else 1


def _fix_of(version: str, ranges: Sequence[dict[str, Any]], ecosystem: str) -> str:
    """Return the first fix after a listed version; empty if none is named that can be compared."""
    fixes: list[tuple[Key, str]] = []
    for item in ranges:
        kind = item.get("type")
        added = item.get("database_specific")
        events = _events(item)
        if kind == "GIT":
            events = _events({"events": added.get("versions") or ()}) if isinstance(added, dict) else []
        key = semver_key if kind == "SEMVER" else upstream_key if kind == "GIT" else comparer(ecosystem)
        own = key(version)
        named = [(key(text), text) for name, text in events if name == "fixed"]
        fixes += [(made, text) for made, text in named if made is not None and own is not None and made > own]
    first = None
    for made, text in fixes:
        if first is None or made < first[0]:
            first = made, text
    return first[1] if first is not None else ""
