"""Looks for an older version with a wheel where the newest would have to be built, if nothing else gives way for it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from packaging.version import Version

from castiron_manifest.model import Severity
from castiron_wheels.errors import ResolutionError
from castiron_wheels.nearness import floor, is_near

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castiron_wheels.model import Candidate
    from castiron_wheels.questions import Questions

_AT_ONCE = 4


def with_preferred_wheels(questions: Questions, candidates: list[Candidate]) -> list[Candidate]:
    """Return the candidates, with an older version of those that have no wheel, where there is a near one."""
    without = [item for item in candidates if item.sdist and item.indexed and not questions.is_pinned(item.name)]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        newest = list(pool.map(lambda item: _newest_wheel(questions, item), without))
    for before, there in zip(without, newest, strict=True):
        if there is None or not is_near(there, before):
            continue
        # Everything but this distribution stays as it is: no version of another one is looked at.
        pins = [f"{item.name}=={item.version}" for item in candidates if item.indexed and item.name != before.name]
        try:
            other = questions.candidates(
                questions.lines,
                ["--only-binary", before.name],
                limits=[*pins, *_range(before)],
                what=f"looking for a version of {before.name} with a wheel",
            )
        except ResolutionError as error:
            if error.unreachable:
                raise
            continue  # no version has a wheel that goes with the rest
        after = next((item for item in other if item.name == before.name), None)
        if (
            after is None
            or after.sdist
            or not is_near(after, before)
            or not _only_changes(before.name, candidates, other)
        ):
            continue
        # The other files are kept: this resolution knew no wheels for the emulated C library.
        files = {item.name: item for item in candidates if item.name != before.name}
        candidates = [files.get(item.name, item) for item in other]
        major = Version(str(after.version)).major != Version(str(before.version)).major
        questions.find(
            "older-version",
            before.name,
            f"{before.name} {after.version} was chosen{', another major version,' if major else ','} because "
            f"{before.version} has no wheel for the target; ask for {before.name}=={before.version} to have that "
            "built.",
            Severity.WARNING,
        )
    return candidates


def _newest_wheel(questions: Questions, item: Candidate) -> Candidate | None:
    """Return the newest wheel of a distribution that is near to the candidate, whatever it requires."""
    line = item.name + ",".join(limit.removeprefix(item.name) for limit in _range(item))
    try:
        chosen = questions.candidates(
            [line], ["--no-deps", "--only-binary", item.name], what=f"looking for a wheel of {item.name}"
        )
    except ResolutionError as error:
        if error.unreachable:
            raise
        return None
    return chosen[0]


def _range(item: Candidate) -> Sequence[str]:
    lowest = floor(item.name, str(item.version))
    return [f"{item.name}<={item.version}", *([lowest] if lowest else [])]


def _only_changes(name: str, before: Iterable[Candidate], after: Iterable[Candidate]) -> bool:
    """Say whether all other distributions that are in both keep their versions: nothing else had to give way."""
    versions = {item.name: item.version for item in after}
    return all(item.name == name or versions.get(item.name, item.version) == item.version for item in before)
