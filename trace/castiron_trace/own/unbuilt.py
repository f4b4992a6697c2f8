"""Tells that metadata which the application reads are missing, as its project is read as sources and not built.

A script or a module of a project is the application's own code, as under ``python``.  Its version and its entry points
exist only where the project is installed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from castiron_trace.analyser.own_metadata import own_metadata
from castiron_wheels.requirements import read_pyproject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from castiron_trace.model import Reached, ResolvedEntry, Site
    from castiron_trace.protocol import FileNames

_READERS = frozenset({"importlib.metadata", "importlib_metadata", "pkg_resources"})


def unbuilt_notes(folder: Path | None, entry: ResolvedEntry, site: Site, reached: Reached) -> Iterator[str]:
    """Yield a line if code of the application reads metadata that only a build of the project in ``folder`` has.

    A project without ``[build-system]`` is installed nowhere, so nothing is missing.
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
    groups = _groups(project)
    for module, names in sorted(reached.file_names.items()):
        if _asks(names, name, groups, there):
            yield (
                f"{module} may read the metadata of {project['name']} (version, entry points), which only a built "
                "project has: --with . builds the one in this folder"
            )
            return


def _groups(project: dict[str, Any]) -> set[str]:
    """Return the groups of entry points that the project declares for its own plug-ins."""
    tables = (project.get("entry-points"), project.get("plugins"))
    return {str(group) for table in tables if isinstance(table, dict) for group in table}


def _asks(names: FileNames, name: str, groups: set[str], others: set[str]) -> bool:
    """Say whether a module reads metadata, and not only those of other distributions."""
    texts = {item.text for item in names.strings}
    called = {canonicalize_name(text) for text in texts}
    reads = not _READERS.isdisjoint(names.imports)
    if name in called and (reads or "importlib" in names.imports):
        return True
    return not groups.isdisjoint(texts) or (reads and called.isdisjoint(others))
