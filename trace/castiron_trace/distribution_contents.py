"""Sorts the files of the distributions: which go in as data, which are shared objects, and which stay out."""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from castiron_elf.abi import is_elf
from castiron_manifest.model import Origin, Resource
from castiron_trace.analyser.environment import read_entry_points
from castiron_trace.analyser.path_files import SUFFIX
from castiron_trace.own_data import COMPILED

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from castiron_trace.hints.model import Data
    from castiron_trace.model import Reached, Site

_NEVER = frozenset({"direct_url.json", "REQUESTED", "uv_cache.json", "uv_build.json"})
"""Files of dist-info that describe one installation on one machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """The files of the distributions, sorted by how they go in."""

    resources: tuple[Resource, ...]
    elf_candidates: Mapping[str, tuple[tuple[str, Path, str | None], ...]]
    """Distribution -> (path relative to site-packages, file, SHA-256 by RECORD) of what may be a shared object."""
    dist_infos: Mapping[str, str]
    """Distribution -> its dist-info folder, relative to site-packages."""
    files: Mapping[str, tuple[str, ...]]
    """Distribution -> its files as RECORD names them."""


def distribution_contents(site: Site, reached: Reached, data: Sequence[Data]) -> Contents:
    """Sort the files of every distribution of the environment."""
    resources: list[Resource] = []
    elf: dict[str, tuple[tuple[str, Path, str | None], ...]] = {}
    dist_infos: dict[str, str] = {}
    files: dict[str, tuple[str, ...]] = {}
    modules = frozenset(path for folder in site.path for path in _module_files(reached, folder))
    folders = frozenset(map(_folder, modules))
    named = {os.path.relpath(file, folder) for folder in site.path for file in reached.files}
    records = site.records
    for distribution in (item.name for item in site.distributions):
        record = records[distribution]
        dist_info, paths = record.dist_info, record.files
        named.update(hinted_files(distribution, paths, data))
        dist_infos[distribution], files[distribution] = dist_info, paths
        sorter = _Sorter(site.folder, dist_info, paths, modules=modules, reached=folders, named=named)
        elf[distribution] = tuple((path, site.folder / path, record.sha256.get(path)) for path in sorter.elf)
        for path in sorter.chosen:
            file = site.folder / path
            resources.append(
                Resource(
                    path=path,
                    origin=Origin.DISTRIBUTION,
                    distribution=distribution,
                    size=file.stat().st_size,
                    executable=os.access(file, os.X_OK) and not path.endswith(".dist-info"),
                )
            )
    return Contents(resources=tuple(resources), elf_candidates=elf, dist_infos=dist_infos, files=files)


def hinted_files(distribution: str, paths: Iterable[str], data: Iterable[Data]) -> Iterator[str]:
    """Yield the files of a distribution that hints name."""
    patterns = [pattern for hint in data if hint.distribution == distribution for pattern in hint.files]
    for path in paths if patterns else ():
        if any(fnmatchcase(path, pattern) for pattern in patterns):
            yield path


def _module_files(reached: Reached, folder: Path) -> Iterator[str]:
    """Yield the files of reached modules below a folder, relative to it."""
    prefix = f"{folder}{os.sep}"
    for module in reached.modules.values():
        if module.file is not None and str(module.file).startswith(prefix):
            yield str(module.file)[len(prefix) :]


class _Sorter:
    """Decides which files of one distribution go in."""

    def __init__(
        self,
        site: Path,
        dist_info: str,
        paths: Collection[str],
        *,
        modules: Collection[str],
        reached: Collection[str],
        named: Collection[str],
    ) -> None:
        """``modules`` are the files of all reached modules, ``reached`` their folders, ``named`` files by name."""
        self.chosen: list[str] = []
        self.elf: list[str] = []
        scripts = read_entry_points(site / dist_info)
        launchers = {
            f"../../../bin/{name}" for group in ("console_scripts", "gui_scripts") for name in scripts.get(group, ())
        }
        packages = {_folder(path) for path in paths if path.endswith("/__init__.py")}
        sources = Counter(_folder(path) for path in paths if path.endswith((".py", ".so")))
        used = any(path in modules for path in paths) or not packages
        for path in paths:
            folder = _folder(path)
            # A program may have the same name as the command that starts it (ninja).
            launcher = path in launchers and not ((site / path).is_file() and is_elf(site / path))
            if path in modules or launcher or path.endswith(COMPILED) or path.rpartition("/")[2] in _NEVER:
                if path.endswith(".so") and path in modules:
                    self.elf.append(path)
                continue
            if path.startswith(f"{dist_info}/") or path in named:
                self.chosen.append(path)
                continue
            if path.endswith(SUFFIX) and "/" not in path:
                continue  # the binary would process it; those that it should are named
            if not used or path.startswith("../../../include/"):
                continue
            home = _home(folder, packages)
            data_package = home is not None and home not in reached and sources[home] == 1
            if home is not None and home not in reached and not (data_package and _tests_free(home)):
                if _is_elf_name(path):
                    self.elf.append(path)
                continue
            # A source outside any package, below a package's folder, is data: a template, a script to copy.
            data = not path.endswith(".py") or data_package or (home is not None and folder != home)
            if _is_elf_name(path):
                self.elf.append(path)
            elif data and (site / path).is_file():
                self.chosen.append(path)


def _home(folder: str, packages: Collection[str]) -> str | None:
    """Return the nearest folder upwards that is a package."""
    while folder and not folder.startswith(".."):
        if folder in packages:
            return folder
        folder = _folder(folder)
    return None


def _folder(path: str) -> str:
    """Return the folder of a path that RECORD gives; empty at the top."""
    return path.rpartition("/")[0]


def _tests_free(folder: str) -> bool:
    return not {"test", "tests"}.intersection(folder.split("/"))


def _is_elf_name(path: str) -> bool:
    return bool(re.search(r"\.so(?:\.\d+)*$", path))
