"""Knows what is installed in the target's site-packages: owners of files, modules of distributions, entry points."""

from __future__ import annotations

import configparser
import os
import re
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.own_metadata import own_metadata
from castiron_trace.analyser.path_files import SUFFIX, PathFile, read_path_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castiron_trace.protocol import Installed

TEST_FOLDERS = frozenset({"tests", "test"})
_CODE = (".py", ".pyc", ".pyi", ".so")
_WORDS = re.compile(r"[\w\-+]+(?:\.[\w\-+]+)*")
"""More than identifiers, as `importlib.import_module` takes ``unicode17-0-0``, ``0001_initial`` and ``g++``."""


@dataclass(slots=True, kw_only=True)
class Distribution:
    """One distribution, from what its RECORD and its metadata say."""

    name: str
    """Normalised."""
    modules: dict[str, str] = field(default_factory=dict)
    """Importable name -> path relative to site-packages."""
    entry_points: dict[str, dict[str, str]] = field(default_factory=dict)
    """Group -> name -> value."""
    files: frozenset[str] = frozenset()
    """All its files below site-packages, relative."""

    def top_levels(self) -> list[str]:
        """Return the top-level names it brings, sorted."""
        return sorted({name.partition(".")[0] for name in self.modules})

    def data(self) -> list[str]:
        """Return its files that are neither code, metadata nor below a folder of tests."""
        return [
            path
            for path in self.files
            if not path.endswith(_CODE)
            and ".dist-info/" not in path
            and not TEST_FOLDERS.intersection(path.split("/")[:-1])
        ]

    def module_of(self, path: str) -> str | None:
        """Return the module that a file is, relative to site-packages; None if it is none."""
        return next((name for name, place in self.modules.items() if place == path), None)

    def modules_without_tests(self) -> list[str]:
        """Return its modules without those in folders of tests, sorted."""
        return sorted(
            name
            for name, path in self.modules.items()
            if not TEST_FOLDERS.intersection(path.split("/")[:-1]) and not path.endswith("/conftest.py")
        )


class Environment:
    """All distributions of one site-packages folder; without distributions, there is no such folder."""

    def __init__(
        self,
        site: str,
        suffixes: Iterable[str],
        installed: Sequence[Installed],
        *,
        libc: Iterable[str],
        roots: Iterable[str] = (),
    ) -> None:
        """``site`` is empty if nothing is installed; ``libc`` are libraries that are part of every static program.

        ``roots`` are the application's folders, where metadata of distributions may lie, too.
        """
        self.distributions: dict[str, Distribution] = {}
        self.owners: dict[str, str] = {}
        """Path relative to site-packages -> normalised name."""
        self.modules: dict[str, str] = {}
        """Every importable name (namespaces too) -> a distribution that has it."""
        self.path = [site] if site else []
        """What it adds to ``sys.path``: site-packages, then the folders that ``.pth`` files name."""
        self.path_files: dict[str, PathFile] = {}
        """The ``.pth`` files of distributions, by name."""
        self.requires: dict[str, tuple[str, ...]] = {}
        self.wheels: dict[str, str] = {}
        """Distribution -> SHA-256 of its wheel."""
        self.direct: set[str] = set()
        """Distributions that the user asks for."""
        self.projects: set[str] = set()
        """Distributions that are the user's own code."""
        self.bystanders = frozenset(item.name for item in installed if item.bystander)
        """Distributions that are only there."""
        self.withheld: frozenset[str] = frozenset()
        """Those of them that stay out, as far as is known."""
        for item in installed:
            # With extras, a distribution may require itself: all = ["this[a,b]"].
            self.requires[item.name] = tuple(name for name in item.requires if name != item.name)
            self.wheels[item.name] = item.wheel
            if item.direct:
                self.direct.add(item.name)
            if item.project:
                self.projects.add(item.name)
        self._reach: dict[str, frozenset[str]] = {}
        self._suffixes = (*suffixes, ".py")
        self._libc = frozenset(libc)
        for distribution in sorted(installed, key=lambda item: item.dist_info):
            self._add(distribution)
        self._add_path_folders()
        self._own_entry_points = [
            read_entry_points(item.path) for item in own_metadata(map(Path, roots)) if item.path.is_dir()
        ]
        for name in sorted(self.distributions):
            for module in self.distributions[name].modules:
                names = module.split(".")
                for count in range(1, len(names) + 1):
                    self.modules.setdefault(".".join(names[:count]), name)

    def file(self, path: str) -> Path:
        """Return the file of a path relative to site-packages."""
        return Path(self.path[0], path)

    def relative(self, file: str) -> str | None:
        """Return the path relative to site-packages; None for a file that is not below it."""
        for root in self.path:
            if file.startswith(root + os.sep):
                return file[len(root) + 1 :]
        return None

    def asked_for(self) -> set[str]:
        """Return the distributions of the environment that the user asks for."""
        return self.direct & self.distributions.keys()

    @cached_property
    def own_wishes(self) -> frozenset[str]:
        """The distributions that the user asks for and that no other needs."""
        return frozenset(self.direct.difference(*self.requires.values()))

    def reach(self, name: str) -> frozenset[str]:
        """Return the distributions that ``name`` may use: itself and what it requires, transitively."""
        known = self._reach.get(name)
        if known is None:
            seen = {name}
            todo = [name]
            while todo:
                for other in self.requires.get(todo.pop(), ()):
                    if other not in seen and other in self.distributions:
                        seen.add(other)
                        todo.append(other)
            known = self._reach[name] = frozenset(seen)
        return known

    def has_library(self, name: str) -> bool:
        """Return whether a distribution brings a shared library: ``libx.so.1``, or ``x`` as `find_library` takes it."""
        stem = (name if ".so" in name else f"lib{name}.so").partition(".so")[0]
        if stem.removeprefix("lib") in self._libc:
            return True
        file = re.compile(rf"(?:.*/)?{re.escape(stem)}(?:-[0-9a-f]{{8}})?\.so(?:\.\d+)*")
        return any(file.fullmatch(path) for dist in self.distributions.values() for path in dist.files)

    def groups(self) -> set[str]:
        """Return the names of all entry point groups."""
        own = {group for groups in self._own_entry_points for group in groups}
        return own.union(group for dist in self.distributions.values() for group in dist.entry_points)

    def entry_points(self, group: str) -> list[tuple[str, str]]:
        """Return (distribution, module) of each entry point of a group, sorted."""
        return sorted(
            {
                (dist.name, _module_of(value))
                for dist in self.distributions.values()
                for value in dist.entry_points.get(group, {}).values()
            }
        )

    def other_owner(self, name: str) -> str | None:
        """Return a distribution that is not withheld and has modules below a package; None if there is none."""
        return next(
            (
                other
                for other in sorted(self.distributions.keys() - self.withheld)
                if any(module.startswith(f"{name}.") for module in self.distributions[other].modules)
            ),
            None,
        )

    def own_entry_points(self, group: str) -> list[str]:
        """Return the module of each entry point of a group that metadata in the application's folders have, sorted."""
        return sorted({_module_of(value) for item in self._own_entry_points for value in item.get(group, {}).values()})

    def _add(self, item: Installed) -> None:
        # A path that leads out of site-packages is that of a script or of data, and no module.
        paths = [path for path in item.files if not path.startswith(("../", "/"))]
        for path in paths:
            if path.endswith(SUFFIX) and "/" not in path:
                self.path_files[path] = read_path_file(self.file(path))
        entry_points = read_entry_points(self.file(item.dist_info))
        distribution = Distribution(name=item.name, files=frozenset(paths), entry_points=entry_points)
        for path in paths:
            self.owners[path] = item.name
            if (module := self._module(path)) is not None and (
                module not in distribution.modules or not path.endswith(".py")  # an extension hides a source beside it
            ):
                distribution.modules[module] = path
        self.distributions[item.name] = distribution

    def _add_path_folders(self) -> None:
        """Put the folders that ``.pth`` files name on the path; modules below them have names that begin there."""
        folders = dict.fromkeys(folder for _, file in sorted(self.path_files.items()) for folder in file.folders)
        self.path.extend(str(self.file(folder)) for folder in folders)
        for folder in folders:
            prefix = f"{folder.replace('/', '.')}."
            for distribution in self.distributions.values():
                for name in [name for name in distribution.modules if name.startswith(prefix)]:
                    distribution.modules.setdefault(name.removeprefix(prefix), distribution.modules.pop(name))

    def _module(self, path: str) -> str | None:
        for suffix in self._suffixes:
            if path.endswith(suffix) and ".dist-info/" not in path:
                name = path[: -len(suffix)].removesuffix("/__init__").replace("/", ".")
                return name if _WORDS.fullmatch(name) else None
        return None


def _module_of(entry_point: str) -> str:
    return entry_point.partition("[")[0].partition(":")[0].strip()


def without_tests(modules: Iterable[str], *, below: str) -> list[str]:
    """Return the modules without tests; ``below`` is a package of the application that holds them all."""
    return [
        name
        for name in modules
        if not TEST_FOLDERS.intersection(name.removeprefix(below).split(".")) and not name.endswith(".conftest")
    ]


def read_entry_points(folder: Path) -> dict[str, dict[str, str]]:
    """Read ``entry_points.txt`` of a dist-info folder; nothing if there is none.

    Source: the entry points specification (an INI file with case-sensitive keys).
    """
    parser = configparser.RawConfigParser(delimiters=("=",), strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string((folder / "entry_points.txt").read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, configparser.Error):
        return {}
    return {group: dict(parser.items(group)) for group in parser.sections()}
