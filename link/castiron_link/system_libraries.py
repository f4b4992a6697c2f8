"""Which libraries, that wheels expect of every system, a static executable has, and which it cannot have.

Data, in ``system_libraries.toml``.
"""

from __future__ import annotations

import posixpath
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Collection


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvidedLibrary:
    """A library that a module of the standard library is made with."""

    library: str
    """Its soname without the version."""
    module: str
    """The built-in module whose archives hold it."""
    prefix: str = ""
    """What its names begin with there."""

    def is_named(self, needed: str) -> bool:
        """Whether an entry of ``DT_NEEDED`` means it."""
        return needed == self.library or needed.startswith(f"{self.library}.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedLibraries:
    """Libraries that a static executable cannot have, for one reason."""

    libraries: tuple[str, ...]
    """Sonames."""
    why: str
    """What follows "it is"."""
    instead: str
    """What to do, as a sentence without its full stop."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemLibraries:
    """The whole table."""

    provided: tuple[ProvidedLibrary, ...]
    refused: tuple[RefusedLibraries, ...]

    def modules(self, needed: Collection[str]) -> frozenset[str]:
        """Return the modules that go in because one of the ``needed`` sonames is in their archives."""
        return frozenset(item.module for item in self.provided if any(map(item.is_named, needed)))

    def prefixes(self) -> tuple[str, ...]:
        """Return what stands before names of provided libraries."""
        return tuple(item.prefix for item in self.provided if item.prefix)

    def provides(self, needed: str) -> bool:
        """Whether an entry of ``DT_NEEDED`` is in the archives of a module."""
        return any(item.is_named(needed) for item in self.provided)

    def refusal(self, needed: str) -> RefusedLibraries | None:
        """Return why the library of an entry of ``DT_NEEDED`` cannot be had; None if nothing is known of it."""
        name = posixpath.basename(needed)
        return next((item for item in self.refused if name in item.libraries), None)


@cache
def system_libraries() -> SystemLibraries:
    """Return the table."""
    return read_table(SystemLibraries, tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")))
