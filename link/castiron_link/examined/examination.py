"""Which shared objects of an application were examined."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from castiron_manifest.model import Origin

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from castiron_elf.shared_object import SharedObject
    from castiron_link.absorb.closure import ImagePlan, LibraryFile
    from castiron_link.examined.tables import ApplicationFiles, DistributionFiles, Examined
    from castiron_manifest.model import Manifest

_PYTHON_API = ("Py", "_Py")
_MOST = 2
"""Files that a message names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unexamined:
    """Shared objects of one owner after whose use a program ends in full."""

    owner: str
    """The distribution with its version, or ``the application``."""
    files: tuple[str, ...]
    partly: bool
    """Whether other files of the owner were examined."""
    reason: str

    @property
    def subject(self) -> str:
        """What has to be used for it: anything of the owner, or certain files of it."""
        if not self.partly:
            return self.owner
        more = len(self.files) - _MOST
        return f"{', '.join(self.files[:_MOST])}{f' or {more} more files' if more > 0 else ''} of {self.owner}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What is known of the shared objects of one application.

    A distribution counts as read only if an index served its wheel, unless the user's own table names it: a wheel that
    was built here, or changed, has the version of what was read and may be made of something else.
    """

    shipped: Examined
    own: Examined
    versions: Mapping[str, str]
    """Of each distribution."""
    built_here: frozenset[str]
    """Distributions whose wheels no index served."""
    of_application: frozenset[str]
    """Paths of the application's own shared objects."""

    @classmethod
    def of(cls, manifest: Manifest, *, shipped: Examined, own: Examined) -> Examination:
        """Return the examination of a manifest's shared objects."""
        return cls(
            shipped=shipped,
            own=own,
            versions={item.name: item.version for item in manifest.distributions},
            built_here=frozenset(item.name for item in manifest.distributions if item.wheel.embedded),
            of_application=frozenset(item.path for item in manifest.natives if item.origin is Origin.APP),
        )

    def noted_types(self, image: ImagePlan) -> tuple[str, ...] | None:
        """Return the types of an image whose objects are to be noted; None if it was not examined.

        Code that does not use Python's API defines no types: what destructors call in it was read with those.
        """
        if not _uses_python(image.facts):
            return ()
        for file in image.files:
            row = self._row(file)
            if row is not None:
                return row.noted_types
        return None

    def unexamined(self, images: Iterable[ImagePlan]) -> tuple[Unexamined, ...]:
        """Return whose images were not examined, and why, sorted by owner."""
        files: dict[str, set[str]] = {}
        for image in images:
            if self.noted_types(image) is None:
                files.setdefault(image.files[0].owner, set()).add(image.files[0].path)
        return tuple(
            Unexamined(
                owner=self._label(owner),
                files=tuple(sorted(files[owner])),
                partly=any(self._rows_of(owner)),
                reason=self._why(owner),
            )
            for owner in sorted(files)
        )

    def _row(self, file: LibraryFile) -> DistributionFiles | ApplicationFiles | None:
        if file.path in self.of_application:
            rows: Iterable[DistributionFiles | ApplicationFiles] = self.own.application
        else:
            rows = self._rows_of(file.owner)
        return next((row for row in rows if any(fnmatchcase(file.path, glob) for glob in row.files)), None)

    def _rows_of(self, owner: str) -> Iterable[DistributionFiles]:
        """Return the rows that speak of the version at hand."""
        version = self.versions.get(owner, "")
        shipped = () if owner in self.built_here else self.shipped.distribution
        return (row for row in (*self.own.distribution, *shipped) if row.name == owner and row.covers(version))

    def _label(self, owner: str) -> str:
        version = self.versions.get(owner)
        return f"{owner} {version}" if version else "the application" if owner == "app" else owner

    def _why(self, owner: str) -> str:
        read = sorted({row.versions for row in self.shipped.distribution if row.name == owner})
        if not read:
            return "not examined"
        if owner in self.built_here:
            return "its wheel comes from no index"
        if any(self._rows_of(owner)):
            return "not examined, or with effects"
        return f"versions {' and '.join(read)} were examined"


def _uses_python(facts: SharedObject) -> bool:
    return facts.uses_dlsym or any(name.startswith(_PYTHON_API) for name in facts.undefined)
