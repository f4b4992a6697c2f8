"""Errors of this package that carry more than a message."""

from __future__ import annotations

from castiron_common.errors import DependencyError


class ResolutionError(DependencyError):
    """uv found no solution, or could not look for one."""

    def __init__(self, what: str, *, hint: str, unreachable: bool = False, build_failed: bool = False) -> None:
        super().__init__(what, hint=hint)
        self.build_failed = build_failed
        """True if uv tried to build an sdist for its metadata."""
        self.unreachable = unreachable
        """True if no index could be asked: trying other versions is no use."""


class BuildError(DependencyError):
    """A distribution cannot be built from its sources."""

    def __init__(
        self,
        summary: str,
        details: str,
        *,
        hint: str,
        missing_modules: frozenset[str] = frozenset(),
        wanted_libraries: frozenset[str] = frozenset(),
    ) -> None:
        super().__init__(f"{summary}\n{details}", hint=hint)
        self.summary = summary
        """The message's first line."""
        self.missing_modules = missing_modules
        """The modules that the build could not import, as the end of its log tells."""
        self.wanted_libraries = wanted_libraries
        """Those of the pack's libraries that the build looked for."""
