"""What a check finds."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One of the two that are compared."""

    command: tuple[str, ...]
    """Starts the application; its arguments follow."""
    python: tuple[str, ...]
    """Starts it as a Python interpreter; ``-c CODE ...`` follows."""
    environment: tuple[tuple[str, str], ...] = ()
    """Variables that it needs, sorted."""
    places: tuple[tuple[Path, str], ...] = ()
    """Folders and files whose names differ between the programs, and what is shown instead; the longest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A module that cannot be imported."""

    module: str
    reason: str
    """``ModuleNotFoundError: No module named 'x'``, or how the process ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """How importing every module went."""

    imported: int
    broken: tuple[Failure, ...] = ()
    """Cannot be imported in the binary, and can under the target's interpreter; sorted by module."""
    same: tuple[Failure, ...] = ()
    """Can be imported by neither: an optional dependency that is not there, another platform; sorted by module."""
    left_out: tuple[str, ...] = ()
    """Were not imported, as that would start a program; sorted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something that a run of the binary gave otherwise."""

    what: str
    """``standard output``, ``exit status``, a file's path ..."""
    detail: str
    """Lines that a person can read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """The result of a check."""

    imports: Imports
    differences: tuple[Difference, ...] | None
    """None: the application was not run."""
    notes: tuple[str, ...] = ()
    """What a person should know of how it was checked."""
    seconds: tuple[tuple[str, float], ...] = ()
    """How long each pass took."""

    @property
    def good(self) -> bool:
        """Whether the binary did what the interpreter does."""
        return not self.imports.broken and not self.differences
