"""Compares the target with systems that most wheels are for, and explains where it gets another version.

The versions that other systems get are found at once, as nearly everything has a wheel for them.  They are pinned for
the target; only what the target cannot have in that version, and what needs that, is under question.  So uv never
tries the versions of everything else, and no distribution falls back by years without a word.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from castiron_common.errors import DependencyError
from castiron_manifest.model import Severity
from castiron_wheels.emulated_wheels import files_of_versions
from castiron_wheels.errors import ResolutionError
from castiron_wheels.nearness import floor, is_near
from castiron_wheels.pylock import listed_versions
from castiron_wheels.requirements_file import line_name

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from castiron_wheels.model import Candidate
    from castiron_wheels.questions import Questions

_REASON = re.compile(r"^([\w.-]+)[=\[ ].*# via (.+)$")
"""A line of uv's annotated answer."""
_NAME = re.compile(r"(?<![\w.-])[A-Za-z0-9][\w.-]*(?=[\[,\s]|$)")
"""A distribution that such a line names; ``-r -`` is what was asked for."""
_SHOWN = 4


def candidates_for_target(questions: Questions) -> list[Candidate]:
    """Return one file for each distribution: in the versions that other systems get, wherever the target can have them.

    Raises `DependencyError` if the target has only far older versions, or none.
    """
    try:
        text = questions.ask(questions.lines, sibling=True, what="resolving as for other systems")
    except ResolutionError as error:
        if error.unreachable:
            raise
        # What no other system can have either, the target perhaps can.
        try:
            return questions.candidates(questions.lines)
        except ResolutionError as own:
            if own.unreachable or not questions.context.target.target.wheels.emulated_tags:
                raise
            raise error from own  # the target may have what other systems have: their reason is the right one
    elsewhere = listed_versions(text)
    pins = {name: f"{name}=={item.version}" for name, item in elsewhere.items()}
    # These versions go together already, so nobody's requirements are looked at again.
    given = [line for line in questions.lines if line_name(line) not in pins]
    try:
        return files_of_versions(questions, pins, given, text)
    except ResolutionError as error:
        if error.unreachable:
            raise
    return _with_other_versions(questions, elsewhere, pins)


def _with_other_versions(
    questions: Questions, elsewhere: Mapping[str, Candidate], pins: Mapping[str, str]
) -> list[Candidate]:
    there = questions.available(sorted(pins.values()), what="looking for distributions without files for the target")
    lacking = sorted(name for name, pin in pins.items() if pin not in there)
    needs = _needs(questions, pins.values())
    in_question = {name for name in pins if name in lacking or needs.get(name, set()).intersection(lacking)}
    floors = {
        name: limit
        for name in pins
        if name not in questions.requirements.older and (limit := floor(name, str(elsewhere[name].version)))
    }
    some = [floors.get(name, "") if name in in_question else pin for name, pin in pins.items()]
    every = list(floors.values())
    failure: ResolutionError | None = None
    for limits in (some, every):
        try:
            chosen = questions.candidates(
                questions.lines,
                limits=sorted(filter(None, limits)),
                what=f"looking for versions that do not need {', '.join(lacking[:_SHOWN])}",
            )
        except ResolutionError as error:
            if error.unreachable:
                raise
            failure = error
            continue
        far = [
            item
            for item in chosen
            if item.name in elsewhere
            and item.name not in questions.requirements.older
            and item.version != elsewhere[item.name].version
            and not is_near(item, elsewhere[item.name])
        ]
        if far:
            raise _too_old(questions, far, elsewhere, lacking, needs)
        _tell(questions, chosen, elsewhere, lacking, needs)
        return chosen
    assert failure is not None
    raise _nothing_near(questions, failure, elsewhere, lacking, needs)


def _needs(questions: Questions, pins: Iterable[str]) -> dict[str, set[str]]:
    """Return what each distribution needs on other systems, directly or not."""
    text = questions.ask(
        questions.lines, limits=sorted(pins), sibling=True, reasons=True, what="reading what requires what"
    )
    parents: dict[str, set[str]] = {}
    for match in filter(None, map(_REASON.match, text.splitlines())):
        name = str(canonicalize_name(match[1]))
        parents.setdefault(name, set()).update(canonicalize_name(other) for other in _NAME.findall(match[2]))
    needs: dict[str, set[str]] = {}
    for name in parents:
        waiting, seen = [name], {name}
        while waiting:
            for parent in parents.get(waiting.pop(), set()) - seen:
                needs.setdefault(parent, set()).add(name)
                seen.add(parent)
                waiting.append(parent)
    return needs


def _tell(
    questions: Questions,
    chosen: Iterable[Candidate],
    elsewhere: Mapping[str, Candidate],
    lacking: Collection[str],
    needs: Mapping[str, set[str]],
) -> None:
    asked = {line_name(line) for line in questions.lines}
    for item in chosen:
        other = elsewhere.get(item.name)
        if other is None or other.version == item.version or item.version is None or other.version is None:
            continue
        major = Version(other.version).major != Version(item.version).major
        questions.find(
            "older-version",
            item.name,
            f"{item.name} {item.version} was chosen, where other systems get {other.version}"
            f"{', another major version' if major else ''}: "
            f"{_cause(item.name, elsewhere, lacking, needs)}. To confirm it, ask for "
            f"{item.name}<={item.version}; or give a wheel of your own as a requirement (./name.whl).",
            Severity.WARNING if major or item.name in asked else Severity.INFO,
        )


def _cause(
    name: str, elsewhere: Mapping[str, Candidate], lacking: Collection[str], needs: Mapping[str, set[str]]
) -> str:
    if name in lacking:
        return "that has neither a wheel for the target nor a source distribution"
    causes = sorted(needs.get(name, set()).intersection(lacking)) or sorted(lacking)
    labels = [f"{other} {elsewhere[other].version}" for other in causes]
    shown = " and ".join(labels[:_SHOWN])
    verb = "has" if len(labels) == 1 else "have"
    link = "which that needs" if needs.get(name, set()).intersection(lacking) else "which is needed"
    return f"{shown}, {link}, {verb} neither a wheel for the target nor a source distribution"


def _too_old(
    questions: Questions,
    far: Iterable[Candidate],
    elsewhere: Mapping[str, Candidate],
    lacking: Collection[str],
    needs: Mapping[str, set[str]],
) -> DependencyError:
    texts = [
        f"  {item.name} {item.version}{_of(item)} instead of {elsewhere[item.name].version}"
        f"{_of(elsewhere[item.name])}: {_cause(item.name, elsewhere, lacking, needs)}."
        for item in far
    ]
    names = " ".join(f"--allow-older {item.name}" for item in far)
    return DependencyError(
        f"{questions.requirements.origin}: for {questions.context.target.platform} there are only much older versions "
        "than other systems get:\n" + "\n".join(texts),
        hint=f"Accept that with {names}; or give a wheel of your own as a requirement (./name.whl); or do without.",
    )


def _nothing_near(
    questions: Questions,
    failure: ResolutionError,
    elsewhere: Mapping[str, Candidate],
    lacking: Collection[str],
    needs: Mapping[str, set[str]],
) -> DependencyError:
    if not lacking:
        return failure
    asked = sorted({name for line in questions.lines if (name := line_name(line)) is not None})
    texts = []
    for name in lacking:
        roots = [root for root in asked if name in needs.get(root, set())]
        by = f", which {', '.join(roots[:_SHOWN])} needs," if roots else ""
        texts.append(
            f"{name} {elsewhere[name].version}{by} has neither a wheel for {questions.context.target.platform} nor a "
            "source distribution, and no version of recent years fits."
        )
    concerned = sorted({root for root in asked for name in lacking if name in needs.get(root, {root})} | set(lacking))
    names = " ".join(f"--allow-older {name}" for name in concerned[:_SHOWN])
    return DependencyError(
        "The dependencies cannot be resolved: " + "\n".join(texts),
        hint="Choose: a wheel of your own as a requirement (./name.whl), requirements that do not need it, or a far "
        f"older version: {names}.",
    )


def _of(item: Candidate) -> str:
    return "" if item.uploaded is None else f" ({item.uploaded[:4]})"
