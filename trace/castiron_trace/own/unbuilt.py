"""Tells that metadata which the application reads are missing, as its project is read as sources and not built.

A script or a module of a project is the application's own code, as under ``python``.  Its version and its entry points
exist only where the project is installed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from castiron_trace.analyser.own_metadata import own_metadata
from castiron_trace.own.beside import first
from castiron_wheels.requirements import read_pyproject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_trace.model import Reached, ResolvedEntry, Site
    from castiron_trace.protocol import FileNames

_READERS = frozenset({"importlib.metadata", "importlib_metadata", "pkg_resources"})


def unbuilt_notes(folder: Path | None, entry: ResolvedEntry, site: Site, reached: Reached) -> Iterator[str]:
    """Yield a line if the application may read metadata that only a build of the project in ``folder`` has.

    Entry points are for the application itself or for a framework that it uses, which is seldom named.  A project
    without ``[build-system]`` is installed nowhere, so nothing is missing.
    """
    if folder is None or not (folder / "pyproject.toml").is_file():
        return
    data = read_pyproject(folder)
    tables = (data.get("project"), data.get("tool", {}).get("poetry"))
    project: dict[str, Any] = next((item for item in tables if isinstance(item, dict) and "name" in item), {})
    if not project or "build-system" not in data:
        return
    name = canonicalize_name(str(project["name"]))
    there = {item.name for item in site.distributions}
    there.update(canonicalize_name(re.split(r"[-.]", item.place)[0]) for item in own_metadata(entry.roots))
    if name in there:
        return
    if groups := _groups(project):
        yield (
            f"entry points of {project['name']} ({first(sorted(groups))}) are not included, as only a built project "
            "has them: --with . builds the one in this folder"
        )
        return
    for module, names in sorted(reached.file_names.items()):
        if _asks(names, name, there):
            yield (
                f"{module} may read the metadata of {project['name']} (its version ...), which only a built "
                "project has: --with . builds the one in this folder"
            )
            return


def _groups(project: dict[str, Any]) -> set[str]:
    """Return the groups of entry points that the project declares for its own plug-ins."""
    tables = (project.get("entry-points"), project.get("plugins"))
    return {str(group) for table in tables if isinstance(table, dict) for group in table}


def _asks(names: FileNames, name: str, others: set[str]) -> bool:
    """Say whether a module reads metadata, and not only those of other distributions."""
    called = {canonicalize_name(item.text) for item in names.strings}
    reads = not _READERS.isdisjoint(names.imports)
    if name in called and (reads or "importlib" in names.imports):
        return True
    return reads and called.isdisjoint(others)
