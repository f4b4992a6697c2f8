"""Takes wheels for the emulated C library (glibc) where there is none for the target's own.

A wheel for the target's C library is best, one for the emulated one is better than one of pure Python alone, and any
wheel is better than a build from source.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import DependencyError
from castiron_wheels.errors import ResolutionError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_wheels.model import Candidate
    from castiron_wheels.questions import Questions


def files_of_versions(
    questions: Questions, pins: Mapping[str, str], given: Sequence[str], text: str
) -> list[Candidate]:
    """Return the best file for the target of each distribution.

    ``pins`` are the chosen versions by name, ``given`` further lines (URLs), ``text`` is uv's answer for other systems,
    which names their wheels.  Raises `ResolutionError` if a distribution has no file that the target can use.
    """
    others = questions.emulated(text)
    try:
        own = questions.candidates([*given, *sorted(pins.values())], ["--no-deps"], what="looking for the files")
    except ResolutionError as error:
        if error.unreachable or not others:
            raise
        there = questions.available(sorted(pins.values()), what="looking for wheels that only other systems have")
        if any(pin not in there and name not in others for name, pin in pins.items()):
            raise
        own = questions.candidates([*given, *sorted(there)], ["--no-deps"]) if there or given else []
    return _merged(questions, own, others)


def with_emulated_wheels(
    questions: Questions, candidates: list[Candidate], *, offline: bool = False
) -> list[Candidate]:
    """Return the candidates with a wheel for the emulated C library where theirs is of pure Python, or none."""
    if not questions.context.target.target.wheels.emulated_tags:
        return candidates
    pins = [f"{item.name}=={item.version}" for item in candidates if _may_be_better(item)]
    if not pins:
        return candidates
    options = ["--no-deps", *(["--offline"] if offline else [])]
    try:
        text = questions.ask(pins, options, sibling=True, what="looking for wheels for other systems")
    except DependencyError:
        if not offline:
            return candidates  # a version that other systems do not have
        return with_emulated_wheels(questions, candidates)
    return _merged(questions, candidates, questions.emulated(text))


def _may_be_better(item: Candidate) -> bool:
    return item.indexed and item.version is not None and (item.sdist or item.filename.endswith("-any.whl"))


def _merged(questions: Questions, own: Sequence[Candidate], others: Mapping[str, Candidate]) -> list[Candidate]:
    chosen = {item.name: item for item in own}
    for name, other in others.items():
        item = chosen.get(name)
        if item is None or _may_be_better(item):
            chosen[name] = other
            _tell(questions, other, item)
    return [chosen[name] for name in sorted(chosen)]


def _tell(questions: Questions, taken: Candidate, instead: Candidate | None) -> None:
    libc = questions.context.target.target.libc
    if instead is None:
        why = f"there is nothing for {libc.name}"
    elif instead.sdist:
        why = f"there is none for {libc.name}"
    else:
        why = f"that for {libc.name} is of pure Python"
    questions.find(
        "emulated-wheel",
        taken.name,
        f"The wheel of {taken.name} {taken.version} for {libc.emulated} was taken, as {why} (--wheels {libc.name} "
        "avoids them).",
    )
