"""What a project says about how it is built: ``[build-system]`` of its ``pyproject.toml``.

Source: PEP 518 (``requires``), PEP 517 (``build-backend``, ``backend-path``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from castiron_common.errors import InputError
from castiron_wheels.requirements import read_pyproject, strings

if TYPE_CHECKING:
    from pathlib import Path

_LEGACY = "setuptools.build_meta:__legacy__"
"""Builds projects that name no backend."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildSystem:
    """What a project says about how it is built (PEP 518, PEP 517)."""

    requires: tuple[str, ...]
    backend: str
    path: tuple[str, ...]
    """Folders of an in-tree backend, relative to the project."""


def build_system(folder: Path) -> BuildSystem:
    """Read ``[build-system]``; a project without one is built by setuptools, as the standard says."""
    table: Any = read_pyproject(folder).get("build-system") if (folder / "pyproject.toml").is_file() else None
    if table is None:
        return BuildSystem(requires=("setuptools",), backend=_LEGACY, path=())
    where = f"{folder}/pyproject.toml"
    if not isinstance(table, dict):
        raise InputError(f"{where}: build-system is not a table.", hint="Correct it.")
    requires = strings(table.get("requires"), "build-system.requires", where)
    path = strings(table.get("backend-path", []), "build-system.backend-path", where)
    for entry in path:
        if not (folder / entry).resolve().is_relative_to(folder.resolve()):
            raise InputError(f"{where}: backend-path {entry!r} is outside.", hint="Correct it.")
    backend = table.get("build-backend", _LEGACY)
    if not isinstance(backend, str):
        raise InputError(f"{where}: build-system.build-backend is not a string.", hint="Correct it.")
    return BuildSystem(requires=tuple(requires), backend=backend, path=tuple(path))
