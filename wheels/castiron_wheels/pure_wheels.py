"""Wheels of pure Python for an interpreter that cannot load those of the environment.

The target's interpreter loads shared objects for the target's own C library alone.  Where a distribution's wheel has
some for the emulated one, a wheel of the same version without any shared object often stands in: mypyc's and Cython's
users publish one, and so do those with a slower twin in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_wheels.errors import ResolutionError
from castiron_wheels.fetch import fetch_candidates
from castiron_wheels.libc_independent import holds_no_library
from castiron_wheels.pylock import listed_wheels
from castiron_wheels.tags import is_emulated
from castiron_wheels.uv_client import uv_compile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_common.target import PythonTarget
    from castiron_wheels.model import Candidate, Requirements


def needs_emulation(wheel: Path, target: PythonTarget) -> bool:
    """Say whether the target's interpreter cannot load a wheel: it has libraries for the emulated C library alone."""
    return is_emulated(wheel.name, target) and not holds_no_library(wheel)


def pure_wheels(
    versions: Mapping[str, str], requirements: Requirements, target: PythonTarget, *, reporter: Reporter
) -> dict[str, Path]:
    """Return a wheel of pure Python, in the cache, for each distribution that has one of exactly that version.

    ``versions`` are those of the environment by normalised name; ``requirements`` say which index and which files the
    user accepts.  Raises `ResolutionError` if the index cannot be reached.
    """
    accepted = {pin.name: pin.sha256 for pin in requirements.hashes}
    found = {
        item.name: item
        for item in _listed(versions, requirements, target)
        if item.filename.endswith("-none-any.whl")
        and versions.get(item.name) == item.version
        and item.sha256 in accepted.get(item.name, (item.sha256,))
    }
    chosen = [found[name] for name in sorted(found)]
    return {item.name: path for item, path in zip(chosen, fetch_candidates(chosen, reporter=reporter), strict=True)}


def _listed(versions: Mapping[str, str], requirements: Requirements, target: PythonTarget) -> Iterable[Candidate]:
    """Return all wheels that the user's lock names, or the index has, of these versions."""
    if requirements.lock is not None:
        return [item for item in listed_wheels(requirements.lock.read_text("utf-8")) if item.url is not None]
    return _of_index([f"{name}=={version}" for name, version in sorted(versions.items())], requirements, target)


def _of_index(pins: Sequence[str], requirements: Requirements, target: PythonTarget) -> list[Candidate]:
    options = ["--no-deps", *requirements.index_options]
    try:
        return list(listed_wheels(uv_compile(pins, target, options=options, folder=requirements.folder, sibling=True)))
    except ResolutionError as error:
        if error.unreachable:
            raise
    if len(pins) == 1:
        return []  # The user's own: it comes from no index.
    return [item for pin in pins for item in _of_index([pin], requirements, target)]
