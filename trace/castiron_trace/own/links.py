"""Symbolic links among the application's data files stay links, if what they lead to lies in the same folder.

A link goes in with what it leads to, and with the links on the way.  What leads out of the application's folder, and
what modules or shared objects are found by, goes in as a copy.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_manifest.model import SymbolicLink
from castiron_trace.own.secrets import is_secret

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

_DIRECT = re.compile(r"(?:\.\./)*(?!\.\.(?:/|$))[^/]+(?:/(?!\.\.(?:/|$))[^/]+)*/?|(?:\.\./)*\.\.|\.")
"""A target that goes up first, if at all, and then down: everything on the way to the end holds what is at the end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedFiles:
    """Data files and the symbolic links among them."""

    files: Mapping[str, Path]
    """What goes in as a file, by its name without links on the way."""
    links: tuple[SymbolicLink, ...] = ()
    copied: tuple[str, ...] = ()
    """Links that are copies of what they lead to, sorted."""
    broken: tuple[str, ...] = ()
    """Links that stay out: they lead nowhere, or within a copy to a folder above them; sorted."""
    secrets: Mapping[str, Path] = field(default_factory=dict)
    """Files that stay out, as a link among the names hides that they hold secrets."""


@dataclass(frozen=True, slots=True)
class _Link:
    """A symbolic link that may stay one."""

    target: str
    end: tuple[str, ...]
    """The names on the way to what it leads to, from the folder's top, without links."""
    passed: tuple[str, ...] = ()
    """Further links on the way that the target goes."""


class Folder:
    """A folder that names are relative to, and the symbolic links in it as far as they have been looked at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._real = os.path.realpath(root)
        self._links: dict[str, _Link | None] = {}
        self._is_link: dict[str, bool] = {}

    def is_link(self, name: str) -> bool:
        """Say whether a name, without links on the way to it, is that of a link."""
        known = self._is_link.get(name)
        if known is None:
            known = self._is_link[name] = os.path.islink(f"{self.root}/{name}")  # noqa: PTH114
        return known

    def is_broken(self, name: str) -> bool:
        """Say whether a link leads nowhere, or to itself."""
        return not os.path.exists(f"{self.root}/{name}")  # noqa: PTH110

    def link(self, name: str) -> _Link | None:
        """Return what a link says and leads to; None if it leads out of the folder or nowhere."""
        if name not in self._links:
            self._links[name] = None  # while it is being followed: one that comes back to itself leads nowhere
            self._links[name] = None if self.is_broken(name) or not _is_utf8(name) else self._followed(name)
        return self._links[name]

    def _followed(self, name: str) -> _Link | None:
        above = tuple(name.split("/")[:-1])
        text = os.readlink(f"{self.root}/{name}")  # noqa: PTH115
        if _DIRECT.fullmatch(text) and _is_utf8(text) and (way := self._way(above, text)) is not None:
            end, passed = way
            return _Link(text, end, passed)
        real = os.path.realpath(f"{self.root}/{name}")
        if (real != self._real and not real.startswith(f"{self._real}/")) or not _is_utf8(real):
            return None
        inner = real[len(self._real) + 1 :]
        return _Link(
            posixpath.relpath(f"/{inner}", "/".join(("", *above)) or "/"), tuple(inner.split("/")) if inner else ()
        )

    def _way(self, start: tuple[str, ...], text: str) -> tuple[tuple[str, ...], tuple[str, ...]] | None:
        at, passed = start, []
        for part in text.split("/"):
            if part in {"", "."}:
                continue
            if part == "..":
                if not at:
                    return None
                at = at[:-1]
                continue
            at = (*at, part)
            name = "/".join(at)
            if self.is_link(name):
                link = self.link(name)
                if link is None:
                    return None
                at = link.end
                passed += [name, *link.passed]
        return at, tuple(passed)


class _Folders:
    def __init__(self) -> None:
        self._known: dict[str, Folder] = {}

    def at(self, root: str) -> Folder:
        """Return the folder of this path."""
        if root not in self._known:
            self._known[root] = Folder(Path(root))
        return self._known[root]

    def of(self, name: str, file: Path) -> Folder | None:
        """Return the folder that a name is relative to; None for a name that leads out of it."""
        path = str(file)
        if name.startswith("../") or not path.endswith(f"/{name}"):
            return None
        return self.at(path[: -len(name) - 1] or "/")

    def first_link(self, name: str, file: Path) -> Path | None:
        """Return the first link on the way to a name, which may be the name itself."""
        folder = self.of(name, file)
        if folder is None:
            return file if file.is_symlink() else None
        parts = name.split("/")
        steps = ("/".join(parts[:count]) for count in range(1, len(parts) + 1))
        return next((folder.root / step for step in steps if folder.is_link(step)), None)


class _Placing:
    """Sorts the names of data files into files, links, and copies of what links lead to."""

    def __init__(self, folders: _Folders, fixed: Mapping[str, Path], blocked: Collection[Path]) -> None:
        """``fixed`` are names and files that stay as they are; in the place of ``blocked`` links there is no link."""
        self._folders = folders
        self._fixed = fixed
        self._fixed_files = frozenset(fixed.values())
        self._blocked = blocked
        self.files: dict[str, Path] = {}
        self.links: dict[str, tuple[Folder, _Link]] = {}
        self.copied: dict[str, Path] = {}
        """Link in whose place there are copies -> where it is."""
        self._holding: set[str] = set()
        """Paths of the data files and of the folders above them, without links on the way."""
        self._clashes: set[Path] = set()

    def add(self, name: str, file: Path) -> None:
        """Take a file, and the links by which its name leads to it."""
        folder = self._folders.of(name, file)
        if folder is None:
            self.files.setdefault(name, file)
            return
        at: tuple[str, ...] = ()
        parts = name.split("/")
        for count, part in enumerate(parts, 1):
            at = (*at, part)
            step = "/".join(at)
            if not folder.is_link(step):
                continue
            link = self._kept(folder, step)
            if link is None or (count == len(parts) and folder.root.joinpath(*link.end) in self._fixed_files):
                self.copied[step] = folder.root / step
                at = (*at, *parts[count:])
                break
            self._keep(folder, step)
            at = link.end
        placed = "/".join(at)
        self.files.setdefault(placed, file if placed == name else folder.root / placed)
        path = posixpath.join(folder.root, placed)
        for _ in range(len(at) + 1):
            self._holding.add(path)
            path = posixpath.dirname(path)

    def add_beside(self, folder: Folder, names: Iterable[str]) -> None:
        """Take the links that lie in the folders of files that go in, and lead to such a file or to their folders."""
        for name in names:
            link = self._kept(folder, name) if str((folder.root / name).parent) in self._holding else None
            if link is not None and str(folder.root.joinpath(*link.end)) in self._holding:
                self._keep(folder, name)

    def _kept(self, folder: Folder, name: str) -> _Link | None:
        link = folder.link(name)
        if link is None or any(folder.root / step in self._blocked for step in (name, *link.passed)):
            return None
        return link

    def _keep(self, folder: Folder, name: str) -> None:
        link = folder.link(name)
        assert link is not None
        for step in (name, *link.passed):
            said = folder.link(step)
            assert said is not None
            other, _link = self.links.setdefault(step, (folder, said))
            if other is not folder:
                self._clashes.add(folder.root / step)

    def clashes(self) -> set[Path]:
        """Return the links in whose place there is something else: a file of this name, or the folder of one.

        An application may have several folders, all of which lie in one place in the binary.
        """
        names = self.files.keys() | self._fixed.keys()
        above = {folder for name in names for folder in _above(name)}
        return self._clashes | {
            folder.root / link
            for link, (folder, _link) in self.links.items()
            if link in names or link in above or not names.isdisjoint(_above(link))
        }


def with_links(
    files: Mapping[str, Path],
    *,
    fixed: Mapping[str, Path],
    beside: Mapping[Path, Collection[str]],
    named: Collection[str],
) -> LinkedFiles:
    """Return what goes in as files and as links of the data files ``files``, by name.

    ``fixed`` are names and files of modules and shared objects, ``beside`` the links of each folder of the application:
    they go in, too, if they lie in the folder of a file that does and lead to one that does.  ``named`` are names of
    files that the user wants to go in, secrets or not.
    """
    folders = _Folders()
    linked = {name: file for name, file in files.items() if name not in named and folders.first_link(name, file)}
    secrets = {
        name: file for name, file in linked.items() if not is_secret(file) and is_secret(Path(os.path.realpath(file)))
    }
    blocked = {link for name, file in fixed.items() if (link := folders.first_link(name, file)) is not None}
    while True:
        placing = _Placing(folders, fixed, blocked)
        for name, file in sorted(files.items()):
            if name not in secrets:
                placing.add(name, file)
        for root, names in sorted(beside.items()):
            placing.add_beside(folders.at(str(root)), sorted(names))
        clashes = placing.clashes()
        if not clashes:
            break
        blocked |= clashes
    broken = {name for root, names in beside.items() for name in names if folders.at(str(root)).is_broken(name)}
    return LinkedFiles(
        files=placing.files,
        links=tuple(SymbolicLink(path=name, target=placing.links[name][1].target) for name in sorted(placing.links)),
        copied=tuple(sorted(placing.copied)),
        broken=tuple(sorted(broken.union(*(_endless(name, at) for name, at in placing.copied.items())))),
        secrets=secrets,
    )


def leads_to_another_folder(root: Path, name: str) -> bool:
    """Say whether a link leads to a folder that is not below ``root``."""
    return (root / name).is_dir() and not (root / name).resolve().is_relative_to(root.resolve())


def _above(name: str) -> Iterator[str]:
    while name := name.rpartition("/")[0]:
        yield name


def _endless(name: str, copied: Path) -> Iterator[str]:
    """Yield the links below a copied folder that a copy cannot follow: they lead nowhere, or to a folder above them."""
    real = os.path.realpath(copied)
    for top, below, files in os.walk(real):
        for entry in (*below, *files):
            path = f"{top}/{entry}"
            if os.path.islink(path) and _is_endless(path):  # noqa: PTH114
                yield name + path[len(real) :]


def _is_endless(link: str) -> bool:
    real = os.path.realpath(link)
    return not os.path.exists(link) or f"{link}/".startswith(f"{real}/")  # noqa: PTH110


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
