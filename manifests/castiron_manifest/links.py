"""Where the symbolic links among the application's files lead.

A target is followed component by component, as the kernel does: ``..`` behind a link to a folder is the folder above
what the link leads to, and not above the link.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from castiron_manifest.model import Manifest, Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_FOLLOWED = 40
"""Links that are followed on one way, as by Linux (MAXSYMLINKS)."""
_ABOVE = "../"
_TOP = 0


@dataclass(frozen=True, slots=True)
class End:
    """What a symbolic link leads to when all links on the way are followed."""

    path: str
    """Of the file or folder, relative to the application's folder, without links on the way; empty for that folder."""
    followed: int
    """How many links are followed to it, this one included."""


class LeadsNowhereError(ValueError):
    """A link has no end among the application's files."""


def link_ends(manifest: Manifest) -> Mapping[str, End]:
    """Return what each link leads to, by the link's path.

    Raises `LeadsNowhereError` if one leads to none of the manifest's files; in a manifest that was read, all do.
    """
    return _Places(manifest).ends() if manifest.links else {}


def link_problems(manifest: Manifest) -> Iterator[str]:
    """Yield what is wrong with the links of a manifest, each ending in ``@ $.links[...]``.

    In a time that grows with the length of all paths and targets alone: of links that lead nowhere the first is told.
    """
    if not manifest.links:
        return
    places = _Places(manifest)
    yield from places.problems
    if places.problems:
        return
    try:
        places.ends()
    except _NoEndError as error:
        yield f"{error} @ $.links[{error.index}].target"


class _NoEndError(LeadsNowhereError):
    def __init__(self, index: int, what: str) -> None:
        super().__init__(what)
        self.index = index


class _Places:
    """The application's files, folders and links, numbered: a way through them is one of numbers."""

    def __init__(self, manifest: Manifest) -> None:
        self.problems: list[str] = []
        self._links = manifest.links
        self._children: dict[tuple[int, str], int] = {}
        self._parents = [_TOP]
        self._names = [""]
        self._files: set[int] = set()
        """Data files, and the files of modules and shared objects."""
        self._data: set[int] = set()
        """Data files and those of modules, and the folders that they or links are in."""
        self._link_at: dict[int, int] = {}
        """Place of a link -> its number."""
        self._ends: dict[int, tuple[int, int]] = {}
        """Number of a link -> the place that it leads to, and how many links are followed to it."""
        for module in manifest.modules:
            if module.origin is Origin.APP and module.path is not None:
                self._add_file(module.path, data=True)
        for native in manifest.natives:
            if native.origin is Origin.APP:
                self._add_file(native.path, data=False)
        for resource in manifest.resources:
            if resource.origin is Origin.APP:
                self._add_file(resource.path, data=True)
        for index in range(len(self._links)):
            self._add_link(index)

    def _child(self, place: int, name: str) -> int:
        found = self._children.get((place, name))
        if found is None:
            found = self._children[place, name] = len(self._parents)
            self._parents.append(place)
            self._names.append(name)
        return found

    def _add_file(self, path: str, *, data: bool) -> None:
        if path.startswith(_ABOVE):
            return  # beside the application's folder, where no link is and none leads to
        place = _TOP
        passed = [place]
        for name in path.split("/"):
            place = self._child(place, name)
            passed.append(place)
        self._files.add(place)
        if data:
            self._data.update(passed)

    def _add_link(self, index: int) -> None:
        place = _TOP
        *folders, name = self._links[index].path.split("/")
        for folder in folders:
            place = self._child(place, folder)
            if place in self._files or place in self._link_at:
                self.problems.append(f"lies below a file or a link @ $.links[{index}].path")
                return
            self._data.add(place)
        if (place, name) in self._children:
            self.problems.append(f"something else has this path: {self._links[index].path!r} @ $.links[{index}].path")
            return
        self._link_at[self._child(place, name)] = index

    def ends(self) -> Mapping[str, End]:
        """Return what each link leads to, by its path; raises `_NoEndError` for the first that leads nowhere."""
        for index in self._at:
            try:
                end, _followed = self._follow(index, MOST_FOLLOWED)
                if end not in self._data:
                    raise _NoEndError(index, "leads to nothing that goes in")
            except _NoEndError as error:
                raise _NoEndError(index, f"{error}: {self._links[index].target!r}") from None
        return {self._links[index].path: End(self._path(end), count) for index, (end, count) in self._ends.items()}

    @cached_property
    def _at(self) -> Mapping[int, int]:
        return {index: place for place, index in self._link_at.items()}

    def _follow(self, index: int, most: int) -> tuple[int, int]:
        """Return the place that a link leads to, and how many links are followed to it: at most ``most``."""
        known = self._ends.get(index)
        if known is not None:
            return known
        target = self._links[index].target
        if not target or target.startswith("/") or "\0" in target:
            raise _NoEndError(index, "not a relative path")
        place, followed = self._parents[self._at[index]], 1
        for name in target.split("/"):
            if followed > most:
                raise _NoEndError(index, f"leads through more than {MOST_FOLLOWED} links, or to itself")
            if place in self._files:
                raise _NoEndError(index, "goes through a file as if it were a folder")
            if name in {"", "."}:
                continue
            if name == "..":
                if place == _TOP:
                    raise _NoEndError(index, "leaves the application's folder")
                place = self._parents[place]
                continue
            child = self._children.get((place, name))
            if child is None:
                raise _NoEndError(index, "leads to nothing that goes in")
            link = self._link_at.get(child)
            if link is not None:
                child, more = self._follow(link, most - followed)
                followed += more
            place = child
        if followed > most:
            raise _NoEndError(index, f"leads through more than {MOST_FOLLOWED} links, or to itself")
        self._ends[index] = place, followed
        return place, followed

    def _path(self, place: int) -> str:
        names = []
        while place != _TOP:
            names.append(self._names[place])
            place = self._parents[place]
        return "/".join(reversed(names))
