"""Which files become images: the wanted ones and what they need, each content once, each user bound to its own.

Source: System V ABI, "Shared Object Dependencies" (``DT_RUNPATH``, ``$ORIGIN``).
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_link.system_libraries import system_libraries
from castiron_wheels.compiler_libraries import compiler_library, copy_version

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from pathlib import Path

    from castiron_common.target import Libc
    from castiron_elf.shared_object import SharedObject

_LIBPYTHON = re.compile(r"libpython3(\.\d+)?t?\.so")


@dataclass(frozen=True, slots=True, kw_only=True)
class LibraryFile:
    """A shared object of the application's environment, or one that is added to it."""

    path: str
    """Relative to site-packages, with ``/``: where it seems to be in the binary."""
    owner: str
    """Normalised name of its distribution, or the name of the component that it is of."""
    sha256: str
    location: Path
    """The file on this machine."""
    libc: str = ""
    """The C library that it was linked against; empty if it names none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImagePlan:
    """One image of the binary."""

    id: str
    """Sixteen hexadecimal digits that name its symbols; depends on content, and on the path only where it must."""
    files: tuple[LibraryFile, ...]
    """The files whose content it is, sorted by path; the first stands for it in messages."""
    facts: SharedObject
    libc: str
    """The C library that it was linked against; empty if nothing tells."""
    needed: tuple[int, ...]
    """Indices of the images it needs, in ``DT_NEEDED`` order."""
    absent: tuple[str, ...]
    """Needed libraries that neither the environment nor the executable holds."""

    @property
    def name(self) -> str:
        """The name for messages: ``numpy/_core/_simd.so (numpy)``."""
        return f"{self.files[0].path} ({self.files[0].owner})"


def is_program_library(soname: str, libc: Libc) -> bool:
    """Whether ``soname`` is what the executable itself provides: libc in all its names, libpython."""
    name = posixpath.basename(soname)
    return libc.holds(name) or _LIBPYTHON.match(name) is not None


def plan(
    files: Iterable[LibraryFile],
    wanted: Collection[str] | None,
    read: Callable[[LibraryFile], SharedObject],
    libc: Libc,
) -> tuple[ImagePlan, ...]:
    """Return the images for the ``wanted`` paths (all, if None) and everything they need, sorted by first path.

    ``read`` parses one file.  Raises `NativeError` if a wanted path is not among the files.
    """
    by_path = {file.path: file for file in files}
    facts: dict[str, SharedObject] = {}
    edges: dict[str, tuple[str | None, ...]] = {}
    # Sonames are read of every file, but only once somebody looks for one that is not beside it.
    sonames = _Sonames(by_path, facts, read)
    todo = sorted(by_path if wanted is None else wanted)
    for path in todo:
        if path not in by_path:
            raise NativeError(
                f"The shared object {path} is not in the environment.",
                hint="The manifest and the installed distributions do not agree: run trace again.",
            )
    while todo:
        path = todo.pop()
        if path in edges:
            continue
        if path not in facts:
            facts[path] = read(by_path[path])
        edges[path] = tuple(
            None if is_program_library(needed, libc) else sonames.find(needed, by_path[path], facts[path].runpaths)
            for needed in facts[path].needed
        )
        todo.extend(target for target in edges[path] if target is not None)
    return _images(by_path, facts, edges, libc)


class _Sonames:
    """Finds needed libraries by run path, else by their soname among all files."""

    def __init__(
        self,
        by_path: Mapping[str, LibraryFile],
        facts: dict[str, SharedObject],
        read: Callable[[LibraryFile], SharedObject],
    ) -> None:
        self._by_path = by_path
        self._facts = facts
        self._read = read
        self._by_name: dict[str, list[str]] = defaultdict(list)
        for path in sorted(by_path):
            self._by_name[posixpath.basename(path)].append(path)

    def find(self, needed: str, user: LibraryFile, runpaths: Sequence[str]) -> str | None:
        """Return the path of the library that ``user`` gets for the name ``needed``."""
        origin = posixpath.dirname(user.path)
        for entry in runpaths:
            folder = entry.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", origin or ".")
            candidate = posixpath.normpath(posixpath.join(folder, needed))
            if candidate in self._by_path:
                return candidate
        # No run path leads there: a loader would find it if the distribution had opened it before, by its name.
        named = self._by_name.get(posixpath.basename(needed)) or self._with_soname(needed, user)
        candidates = [path for path in named if _go_together(self._by_path[path], user)]
        if not candidates and (soname := compiler_library(needed)) is not None:
            candidates = [path for path in self._by_name.get(soname, ()) if _go_together(self._by_path[path], user)]
            if not candidates:
                return self._newest_copy(soname, user)
        same_owner = [path for path in candidates if self._by_path[path].owner == user.owner]
        near = sorted(same_owner or candidates, key=lambda path: (posixpath.dirname(path) != origin, path))
        return near[0] if near else None

    def _newest_copy(self, needed: str, user: LibraryFile) -> str | None:
        """Return the newest of the copies that any distribution brings of one of the compiler's libraries."""
        copies = {
            path: copy_version(posixpath.basename(path), needed)
            for path, file in sorted(self._by_path.items())
            if _go_together(file, user)
        }
        versions = {path: version for path, version in copies.items() if version is not None}
        return max(versions, key=lambda path: (versions[path], path), default=None)

    def _with_soname(self, needed: str, user: LibraryFile) -> list[str]:
        """Return the files of the user's distribution that have this soname, though not this name."""
        named = []
        for path, file in sorted(self._by_path.items()):
            if file.owner != user.owner:
                continue
            if path not in self._facts:
                self._facts[path] = self._read(file)
            if self._facts[path].soname == needed:
                named.append(path)
        return named


def _go_together(library: LibraryFile, user: LibraryFile) -> bool:
    """Whether both were linked against one C library, as far as they tell: objects of two do not share a library."""
    return not (library.libc and user.libc) or library.libc == user.libc


def _images(
    by_path: Mapping[str, LibraryFile],
    facts: Mapping[str, SharedObject],
    edges: Mapping[str, tuple[str | None, ...]],
    libc: Libc,
) -> tuple[ImagePlan, ...]:
    """Merge files of equal content whose needs are equal too, and number the images."""
    groups = _equal_files(by_path, facts, edges)
    members: dict[int, list[str]] = defaultdict(list)
    for path in sorted(groups):
        members[groups[path]].append(path)
    order = sorted(members.values())
    index = {path: number for number, paths in enumerate(order) for path in paths}
    contents: dict[str, int] = defaultdict(int)
    for paths in order:
        contents[by_path[paths[0]].sha256] += 1
    plans = []
    for paths in order:
        first = paths[0]
        digest = by_path[first].sha256
        unique = contents[digest] == 1
        identity = digest if unique else hashlib.sha256(f"{digest}\n{first}".encode()).hexdigest()
        needed = [index[target] for target in edges[first] if target is not None]
        absent = [
            name
            for name, target in zip(facts[first].needed, edges[first], strict=True)
            if target is None and not is_program_library(name, libc) and not system_libraries().provides(name)
        ]
        plans.append(
            ImagePlan(
                id=identity[:16],
                files=tuple(by_path[path] for path in paths),
                facts=facts[first],
                libc=by_path[first].libc,
                needed=tuple(dict.fromkeys(needed)),
                absent=tuple(absent),
            )
        )
    return tuple(plans)


def _equal_files(
    by_path: Mapping[str, LibraryFile],
    facts: Mapping[str, SharedObject],
    edges: Mapping[str, tuple[str | None, ...]],
) -> dict[str, int]:
    """Return a class per path; two files are in one class if they and all they need have equal content.

    Partition refinement, as libraries may need each other in a cycle.  Extension modules stay apart: each keeps the
    state of its own module, as two files loaded by path do.
    """
    labels: dict[str, tuple[object, ...]] = {
        path: (by_path[path].sha256, path if facts[path].init_functions else "") for path in edges
    }
    count = 0
    while True:
        numbers = {label: number for number, label in enumerate(sorted(set(labels.values()), key=repr))}
        classes = {path: numbers[label] for path, label in labels.items()}
        if len(numbers) == count:
            return classes
        count = len(numbers)
        labels = {
            path: (classes[path], tuple(-1 if target is None else classes[target] for target in targets))
            for path, targets in edges.items()
        }
