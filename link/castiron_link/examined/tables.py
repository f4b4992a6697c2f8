"""What examinations say: rows of the tables."""

from __future__ import annotations

import re
from dataclasses import field

from castiron_common.frozen import dataclass

_NOTED_TYPE = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*", re.ASCII)


ANY_VERSION = ">=0.dev0,<=99999999"
"""What a user's own table means that names none: whatever the application has, also a candidate or a patched one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DistributionFiles:
    """Shared objects of a distribution whose objects give back memory when they are destroyed, and do nothing else."""

    name: str
    """Its normalised name."""
    versions: str
    """Which versions were read, as PEP 440 writes it: ``>=2.2.4,<=2.4.6``.  There must be a last one."""
    files: tuple[str, ...]
    """Relative to site-packages; ``*`` stands for any characters."""
    reason: str
    """What their types hold, and what happens to it."""
    source: str
    """Which files were read."""
    noted_types: tuple[str, ...] = field(default=(), metadata={"key": "noted-types"})
    """``module:attribute`` of types whose objects do something else when they are destroyed: once one of these was
    made, the end is the full one."""

    def __post_init__(self) -> None:
        # Imported here, as --help need not wait for it.
        from packaging.specifiers import InvalidSpecifier, SpecifierSet

        try:
            clauses = tuple(SpecifierSet(self.versions))
        except InvalidSpecifier:
            raise ValueError(f"versions: {self.versions!r} is not a set of versions such as '>=1.2,<=1.4.1'") from None
        if not any(clause.operator in ("<=", "==") and not clause.version.endswith("*") for clause in clauses):
            raise ValueError(f"versions: {self.versions!r} has no last one: nobody has read what is not released yet")
        _check(self.files, self.noted_types)

    def covers(self, version: str) -> bool:
        """Whether a version was read.  One with a local label (``1.2+patched``) and a candidate must be named."""
        if self.versions == ANY_VERSION:
            return True
        from packaging.specifiers import SpecifierSet
        from packaging.version import InvalidVersion, Version

        try:
            parsed = Version(version)
        except InvalidVersion:
            return False
        if (parsed.local is not None or parsed.is_prerelease) and version not in self.versions:
            return False
        return SpecifierSet(self.versions).contains(parsed, prereleases=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class ApplicationFiles:
    """The application's own shared objects of which its author says the same."""

    files: tuple[str, ...]
    reason: str
    noted_types: tuple[str, ...] = field(default=(), metadata={"key": "noted-types"})

    def __post_init__(self) -> None:
        _check(self.files, self.noted_types)


def _check(files: tuple[str, ...], noted_types: tuple[str, ...]) -> None:
    if not files:
        raise ValueError("files is empty")
    for name in noted_types:
        if not _NOTED_TYPE.fullmatch(name):
            raise ValueError(f"noted-types: {name!r} is not 'module:type'")


@dataclass(frozen=True, slots=True, kw_only=True)
class Examined:
    """One file of examinations."""

    distribution: tuple[DistributionFiles, ...] = ()
    application: tuple[ApplicationFiles, ...] = ()
