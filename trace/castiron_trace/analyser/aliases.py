"""Resolves names that are made at run time: second names of modules, and packages that have no file."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection

    from castiron_trace.hints.model import Hints


class Aliases:
    """The hints on such names."""

    def __init__(self, hints: Hints) -> None:
        self._aliases = hints.aliases
        self._packages = [(package.module.split("."), package.modules) for package in hints.virtual_packages]

    def is_virtual(self, name: str) -> bool:
        """Say whether ``name`` is a package that its distribution makes at run time, or a vendored copy of it."""
        segments = name.split(".")
        return any(segments[-len(package) :] == package for package, _modules in self._packages)

    def actual(self, name: str, distributions: Collection[str]) -> str | None:
        """Return the module that ``name`` is made from at run time; None if no hint says it."""
        segments = name.split(".")
        for package, modules in self._packages:
            for start in range(len(segments) - len(package)):
                if segments[start : start + len(package)] == package:
                    return modules.get(".".join(segments[start + len(package) :]))
        for alias in self._aliases:
            below = name[len(alias.module) + 1 :] if name.startswith(f"{alias.module}.") else ""
            if (below or (name == alias.module and alias.stands_for)) and (
                not alias.distribution or alias.distribution in distributions
            ):
                return ".".join(filter(None, (alias.stands_for, below)))
        return None
