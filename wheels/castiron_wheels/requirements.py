"""Where an application says what it needs: lines, requirements files, lock files, projects and script metadata."""

from __future__ import annotations

import re
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.markers import InvalidMarker, Marker
from packaging.utils import canonicalize_name

from castiron_common.errors import InputError, reason
from castiron_wheels.markers import holds
from castiron_wheels.model import LocalProject, Requirements
from castiron_wheels.requirements_file import Collected, add_line, read_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from castiron_common.target import PythonTarget


_BLOCK = re.compile(r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$")
"""The regular expression that PEP 723 gives."""


def from_lines(lines: Iterable[str], target: PythonTarget, *, origin: str, folder: Path | None = None) -> Requirements:
    """Return what requirement lines ask for; paths among them are relative to ``folder`` (default: the current one)."""
    collected = Collected(target)
    for line in lines:
        add_line(line.strip(), collected, folder=folder or Path.cwd(), where=origin)
    return collected.requirements(origin)


def from_files(paths: Sequence[Path], target: PythonTarget) -> Requirements:
    """Return what requirements files (or one ``pylock.toml``) ask for together."""
    from packaging.pylock import is_valid_pylock_path  # it costs applications without such files 5 ms

    locks = [path for path in paths if is_valid_pylock_path(path)]
    if locks:
        if len(paths) > 1:
            raise InputError("A pylock.toml says everything by itself.", hint="Give it alone.")
        return from_lock(locks[0])
    collected = Collected(target)
    for path in paths:
        read_file(path, collected)
    return collected.requirements(", ".join(path.name for path in paths))


def from_lock(path: Path, *, extras: Collection[str] = (), groups: Collection[str] | None = None) -> Requirements:
    """Return what a lock file (PEP 751) holds; its files are taken as they are, nothing is resolved."""
    if not path.is_file():
        raise InputError(f"There is no lock file {path}.", hint="Check its name.")
    return Requirements(
        origin=path.name,
        lock=path.absolute(),
        lock_extras=_normal(extras),
        lock_groups=None if groups is None else _normal(groups),
    )


def from_script(path: Path, target: PythonTarget) -> Requirements | None:
    """Return what the ``script`` block of a Python file asks for (PEP 723); None if it has no block."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        return None  # not UTF-8: PEP 723 defines the block for UTF-8 files only
    except OSError as error:
        raise InputError(f"Cannot read {path}: {error.strerror}.", hint="Check its name.") from error
    blocks = [match for match in _BLOCK.finditer(text.replace("\r\n", "\n")) if match["type"] == "script"]
    if not blocks:
        return None
    if len(blocks) > 1:
        raise InputError(f"{path} has {len(blocks)} script blocks.", hint="Keep one (PEP 723).")
    lines = (line[2:] if line.startswith("# ") else line[1:] for line in blocks[0]["content"].splitlines())
    data = _toml("\n".join(lines), f"the script block of {path}")
    where = f"{path.name} (script block)"
    dependencies = strings(data.get("dependencies", []), "dependencies", where)
    return _with_sources(
        from_lines(dependencies, target, origin=where, folder=path.parent), data, path.parent, target, where
    )


def from_project(
    folder: Path,
    target: PythonTarget,
    *,
    extras: Collection[str] = (),
    groups: Collection[str] = (),
    install: bool | None = None,
) -> Requirements:
    """Return what a project folder asks for.

    ``install`` says whether the project itself is built into a wheel and installed (True), or only what it depends on
    (False).  None decides as uv does: a project is installed if it names its build system (or has a ``setup.py``).
    """
    file = folder / "pyproject.toml"
    if not file.is_file():
        if (folder / "setup.py").is_file():
            project = LocalProject(path=folder.absolute(), extras=_normal(extras))
            return Requirements(origin=str(folder), projects=(project,))
        raise InputError(f"{folder} is not a Python project.", hint="It needs a pyproject.toml or a setup.py file.")
    data = read_pyproject(folder)
    table = data.get("project", {})
    where = f"{folder.name}/pyproject.toml"
    if not isinstance(table, dict):
        raise InputError(f"{where}: project is not a table.", hint="Correct the file.")
    if install is None:
        install = "build-system" in data or (folder / "setup.py").is_file()
    dynamic = strings(table.get("dynamic", []), "project.dynamic", where)
    if install or {"dependencies", "optional-dependencies"} & set(dynamic):
        lines: list[str] = []
        name = table.get("name")
        projects: tuple[LocalProject, ...] = (
            LocalProject(
                path=folder.absolute(),
                name=canonicalize_name(name) if isinstance(name, str) else None,
                extras=_normal(extras),
            ),
        )
    else:
        projects = ()
        lines = strings(table.get("dependencies", []), "project.dependencies", where)
        lines += _extra_lines(table, extras, where)
    lines += _group_lines(data, groups, where)
    requirements = from_lines(lines, target, origin=where, folder=folder)
    requirements = replace(
        requirements,
        projects=(*projects, *requirements.projects),
        requires_python=table.get("requires-python"),
        folder=folder.absolute(),
    )
    return _with_sources(requirements, data, folder, target, where)


def read_pyproject(folder: Path) -> dict[str, Any]:
    """Return the content of ``pyproject.toml``; `InputError` with the place if it is not TOML."""
    file = folder / "pyproject.toml"
    try:
        return _toml(file.read_text(encoding="utf-8"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"Cannot read {file}: {reason(error)}.", hint="Check the file.") from error


def _toml(text: str, where: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{where} is not valid TOML: {error}.", hint="Correct that place.") from error


def strings(value: object, key: str, where: str) -> list[str]:
    """Return a list of strings of ``pyproject.toml``; `InputError` with its place if it is none."""
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise InputError(f"{where}: {key} is not a list of strings.", hint="Correct the file.")
    return list(value)


def _normal(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted({str(canonicalize_name(name)) for name in names}))


def _extra_lines(table: Mapping[str, Any], extras: Collection[str], where: str) -> list[str]:
    offered = {canonicalize_name(name): lines for name, lines in table.get("optional-dependencies", {}).items()}
    lines: list[str] = []
    for extra in _normal(extras):
        if extra not in offered:
            known = ", ".join(sorted(offered)) or "none"
            raise InputError(f"{where}: there is no extra {extra!r}.", hint=f"It offers: {known}.")
        lines += strings(offered[canonicalize_name(extra)], f"project.optional-dependencies.{extra}", where)
    return lines


def _group_lines(data: Mapping[str, Any], groups: Collection[str], where: str) -> list[str]:
    """Return the requirements of dependency groups (PEP 735), includes followed."""
    if not groups:
        return []
    from packaging.dependency_groups import DependencyGroupResolver

    table = data.get("dependency-groups", {})
    if not isinstance(table, dict):
        raise InputError(f"{where}: dependency-groups is not a table.", hint="Correct the file.")
    known = f"The groups are: {', '.join(sorted(table)) or 'none'}."
    wanted = _normal(groups)
    for group in wanted:
        if group not in _normal(table):
            raise InputError(f"{where}: the dependency group {group!r} does not exist.", hint=known)
    try:
        resolver = DependencyGroupResolver(table)
        return [str(line) for group in wanted for line in resolver.resolve(group)]
    except ExceptionGroup as error:
        reasons = "\n".join(str(inner) for inner in error.exceptions)
        raise InputError(f"{where}: a dependency group cannot be used: {reasons}", hint=known) from error


def _with_sources(
    requirements: Requirements, data: Mapping[str, Any], folder: Path, target: PythonTarget, where: str
) -> Requirements:
    """Apply ``[tool.uv.sources]``: a requirement's name may stand for a folder, an archive or a repository."""
    sources = data.get("tool", {}).get("uv", {}).get("sources", {})
    if isinstance(python := data.get("requires-python"), str):
        requirements = replace(requirements, requires_python=python)
    if not sources:
        return requirements
    by_name = {canonicalize_name(name): source for name, source in sources.items()}
    lines: list[str] = []
    options: dict[tuple[str, str], None] = {}
    collected = Collected(target)
    for line in requirements.lines:
        head = re.match(r"^([\w.\-]+)(\[[^\]]*\])?", line)
        source = by_name.get(canonicalize_name(head[1])) if head else None
        if isinstance(source, list):
            source = next((item for item in source if _applies(item, target, where)), None)
        if head is None or not isinstance(source, dict) or "index" in source:
            lines.append(line)
            if isinstance(source, dict):
                options.update(dict.fromkeys([_index_option(str(source["index"]), data, where)]))
            continue
        marker = f" ; {line.partition(';')[2].strip()}" if ";" in line else ""
        location = _source_location(head[1], source, folder, where)
        add_line(f"{head[0]} @ {location}{marker}", collected, folder=folder, where=where)
    return replace(
        requirements,
        lines=(*lines, *collected.lines),
        projects=(*requirements.projects, *collected.projects),
        archives=(*requirements.archives, *collected.archives),
        index_options=(*requirements.index_options, *(word for option in options for word in option)),
    )


def _applies(source: object, target: PythonTarget, where: str) -> bool:
    """Say whether one of several sources of a name is for the target."""
    marker = source.get("marker") if isinstance(source, dict) else None
    try:
        return holds(None if marker is None else Marker(str(marker)), target)
    except InvalidMarker as error:
        raise InputError(f"{where}: {marker!r} in [tool.uv.sources] is not a marker.", hint="Correct it.") from error


def _index_option(name: str, data: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Return uv's option for an index that ``[[tool.uv.index]]`` defines."""
    for index in data["tool"]["uv"].get("index", []):
        if isinstance(index, dict) and index.get("name") == name and isinstance(index.get("url"), str):
            return "--index", f"{name}={index['url']}"
    raise InputError(
        f"{where}: [tool.uv.sources] names the index {name!r}, which is not defined.",
        hint="Add it to [[tool.uv.index]].",
    )


def _source_location(name: str, source: Mapping[str, Any], folder: Path, where: str) -> str:
    if isinstance(path := source.get("path"), str):
        return str((folder / path).absolute())
    if isinstance(url := source.get("url"), str):
        return url
    if isinstance(git := source.get("git"), str):
        revision = source.get("rev") or source.get("tag") or source.get("branch")
        subdirectory = f"#subdirectory={source['subdirectory']}" if "subdirectory" in source else ""
        return f"git+{git}{f'@{revision}' if revision else ''}{subdirectory}"
    if source.get("workspace"):
        return str(_workspace_member(name, folder, where))
    raise InputError(
        f"{where}: the source of {name} in [tool.uv.sources] is not understood.",
        hint="Give it a path, url, git or workspace.",
    )


def _workspace_member(name: str, folder: Path, where: str) -> Path:
    """Return the folder of a member of the uv workspace that ``folder`` belongs to."""
    for root in (folder.absolute(), *folder.absolute().parents):
        if not (root / "pyproject.toml").is_file():
            continue
        workspace = read_pyproject(root).get("tool", {}).get("uv", {}).get("workspace")
        if not isinstance(workspace, dict):
            continue
        members = [root, *(path for pattern in workspace.get("members", []) for path in sorted(root.glob(pattern)))]
        for member in members:
            if (member / "pyproject.toml").is_file():
                project = read_pyproject(member).get("project", {})
                if canonicalize_name(str(project.get("name", ""))) == canonicalize_name(name):
                    return member
    raise InputError(
        f"{where}: no member of the workspace is called {name}.", hint="Check [tool.uv.workspace] of the root project."
    )
