"""Compares names and versions of packages as different sources spell them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

_SEPARATORS = re.compile(r"[-_.\s/]+")
_OF_TESTS = re.compile(r"(?:^|/)(?:tests?|testing|examples?|docs?)/")
_SHOWN = 8
"""Names that a message has."""


@lru_cache(maxsize=4)
def in_order(paths: frozenset[str]) -> tuple[str, ...]:
    """Return paths sorted: every detector goes through those of a distribution."""
    return tuple(sorted(paths))


def is_of_tests(path: str) -> bool:
    """Return whether a file lies in a folder of tests, examples or documentation: it may be about anything."""
    return _OF_TESTS.search(path) is not None


def normalised(name: str) -> str:
    """Return a name for comparisons: lower case, runs of separators as one hyphen."""
    return _SEPARATORS.sub("-", name.lower()).strip("-")


def same_package(left: str, right: str) -> bool:
    """Return whether two names mean one package; what crates add (``-rust``, ``-python``, ``-py``) does not count."""
    return normalised(left) in {normalised(right) + suffix for suffix in ("", "-rust", "-python", "-py")}


def upstream_version(version: str) -> str:
    """Return a version without the package revision of Alpine Linux: ``14.2.0`` for ``14.2.0-r6``."""
    return re.sub(r"-r\d+$", "", version)


def first_of(names: Sequence[str]) -> str:
    """Return names as a message has them: the first few, and how many more there are."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
