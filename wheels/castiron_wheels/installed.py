"""The exact versions installed beside a Python of this machine, as requirements for the target.

What is installed here was chosen for another platform, and maybe another Python: only names, versions and the origin
of local projects (PEP 610) are taken over; the files come anew, for the target.
"""

from __future__ import annotations

import ast
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from castiron_common.errors import InputError
from castiron_common.working import child_environment
from castiron_wheels.known_distributions import known_distributions
from castiron_wheels.markers import holds
from castiron_wheels.model import LocalProject, Requirements
from castiron_wheels.requirements_file import ARCHIVE_SUFFIXES
from castiron_wheels.tags import fits

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from castiron_common.target import PythonTarget


_OWN = "castiron"
"""Our own distribution: it and what only it needs never belong to the application."""

_PROBE = "import sys, json; json.dump([p for p in sys.path if p], sys.stdout)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """One distribution installed beside a Python of this machine."""

    name: str
    """Normalised."""
    version: str
    modules: frozenset[str]
    """Top-level names that can be imported."""
    scripts: Mapping[str, str]
    """Console scripts: name to ``module:function``."""
    programs: frozenset[str]
    """Names of the files under ``bin``."""
    requires: tuple[Requirement, ...]
    folder: Path | None
    """The project folder, if it was installed from one (also editable)."""
    archive: Path | None
    """The wheel or sdist on this machine that it was installed from, if that still exists."""
    url: str | None
    """The requirement's URL, if it was installed from an archive elsewhere or from a repository."""
    extras: tuple[str, ...] = ()
    """Normalised names of the extras that it has."""
    required_only: bool = False
    """Whether it is known that nobody asked for it by name: the installer added it because another one requires it."""


def host_python(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the Python whose distributions count: the active virtual environment's, else the running one."""
    if active := environ.get("VIRTUAL_ENV"):
        candidate = Path(active) / "bin" / "python"
        if candidate.exists():
            return candidate
    return Path(sys.executable)


def installed(python: Path) -> tuple[Installed, ...]:
    """Return what is installed beside ``python``, sorted by name; of two versions the one that Python imports."""
    by_name: dict[str, Installed] = {}
    for distribution in distributions(path=_search_path(python)):
        item = _describe(distribution)
        if item is not None:
            by_name.setdefault(item.name, item)
    return tuple(by_name[name] for name in sorted(by_name))


def from_installed(
    python: Path,
    target: PythonTarget,
    *,
    imports: Collection[str] | None = None,
    roots: Collection[str] = (),
    everything: Sequence[Installed] | None = None,
) -> Requirements:
    """Return the exact versions installed beside ``python`` as requirements.

    ``imports`` (top-level module names that the application imports) and ``roots`` (names of distributions) say what
    is needed for certain; what else is installed may be a plug-in, so it is asked for too, but may be left out if
    nothing fits the target.  Of this, bystanders are what no extra that was asked for requires either.  Without both,
    everything is needed.
    """
    beside = installed(python) if everything is None else everything
    by_name = {item.name: item for item in beside}
    own = _closure({_OWN}, by_name, target)
    unasked = own | known_distributions().comes_with_environments.keys()
    if imports is None and not roots:
        needed = _closure({name for name in by_name if name not in unasked}, by_name, target)
        inner = {canonicalize_name(other.name) for name in needed for other in by_name[name].requires}
        start = frozenset(needed - inner) or frozenset(needed)
    else:
        wanted = set(imports or ())
        start = frozenset(canonicalize_name(name) for name in roots if canonicalize_name(name) in by_name) | {
            item.name for item in beside if item.modules & wanted
        }
        needed = _closure(start, by_name, target)
    rest = _closure({name for name in by_name if name not in unasked}, by_name, target)
    chosen = [by_name[name] for name in sorted(needed | rest)]
    archives = {
        item.name: item.archive
        for item in chosen
        if item.archive and (item.archive.suffix != ".whl" or fits(item.archive.name, target))
    }
    lines = [_line(item) for item in chosen if not item.folder and item.name not in archives]
    return Requirements(
        origin=f"the distributions beside {python}",
        lines=tuple(lines),
        projects=tuple(LocalProject(path=item.folder, name=item.name) for item in chosen if item.folder),
        archives=tuple((path, ()) for path in archives.values()),
        exact=True,
        optional=frozenset(item.name for item in chosen) - needed,
        bystanders=frozenset(item.name for item in chosen)
        - needed
        - _closure(needed, by_name, target, _asked_extras(by_name, target)),
        direct=start,
    )


def _search_path(python: Path) -> list[str]:
    """Return ``sys.path`` of that Python, as it is after its ``.pth`` files were read."""
    python = python.absolute()
    if python.resolve() == Path(sys.executable).resolve() and python.parent == Path(sys.executable).parent:
        return [entry for entry in sys.path if entry]
    environment = {name: value for name, value in child_environment().items() if not name.startswith("PYTHON")}
    try:
        done = subprocess.run(
            [str(python), "-P", "-c", _PROBE] if _knows_safe_path(python) else [str(python), "-c", _PROBE],
            capture_output=True,
            check=True,
            text=True,
            env=environment,
            cwd="/",
            timeout=60,
        )
        entries = json.loads(done.stdout)
    except (OSError, ValueError, subprocess.SubprocessError) as error:
        raise InputError(
            f"{python} cannot be asked what is installed beside it: {error}.", hint="Name a working Python interpreter."
        ) from error
    return [str(entry) for entry in entries]


def _knows_safe_path(python: Path) -> bool:
    """Say whether the interpreter is surely new enough for ``-P`` (3.11)."""
    match = re.fullmatch(r"python3\.(\d+)", python.resolve().name)
    return bool(match and int(match[1]) >= 11)


def _describe(distribution: Distribution) -> Installed | None:
    """Return what the metadata says; None for a leftover without a name (an interrupted removal)."""
    name = distribution.metadata["Name"]
    version = distribution.metadata["Version"]
    if not name or not version:
        return None
    modules, programs = _contents(distribution)
    folder, archive, url = _origin(distribution)
    return Installed(
        name=canonicalize_name(name),
        version=version,
        modules=modules,
        scripts={entry.name: entry.value for entry in distribution.entry_points if entry.group == "console_scripts"},
        programs=programs,
        requires=_requires(distribution.requires or []),
        folder=folder,
        archive=archive,
        url=url,
        extras=tuple(sorted(map(canonicalize_name, distribution.metadata.get_all("Provides-Extra") or ()))),
        # Others that write REQUESTED (PEP 376) write it for all that they install.
        required_only=(distribution.read_text("INSTALLER") or "").strip() == "pip"
        and distribution.read_text("REQUESTED") is None,
    )


def _requires(lines: Iterable[str]) -> tuple[Requirement, ...]:
    """Parse requirements; what an installed distribution says wrongly is of no use here and checked again later."""
    parsed = []
    for line in lines:
        try:
            parsed.append(Requirement(line))
        except InvalidRequirement:
            continue
    return tuple(parsed)


def _contents(distribution: Distribution) -> tuple[frozenset[str], frozenset[str]]:
    """Return top-level module names and names of programs, from ``RECORD`` or ``top_level.txt``."""
    modules: set[str] = set((distribution.read_text("top_level.txt") or "").split())
    programs: set[str] = set()
    for file in distribution.files or ():
        first, *rest = file.parts
        if first == "..":
            if "bin" in file.parts[:-1]:
                programs.add(file.name)
        elif rest and not first.endswith((".dist-info", ".egg-info", ".data")) and first != "__pycache__":
            modules.add(first)
        elif not rest and file.suffix in {".py", ".so", ".pyd"}:
            modules.add(first.split(".")[0])
        if file.suffix == ".pth" or (len(file.parts) == 1 and "editable" in file.name):
            modules |= _editable_modules(Path(str(file.locate())))
    if not modules and distribution.files is None:
        modules |= _modules_named_alike(distribution)
    return frozenset(name for name in modules if name.isidentifier()), frozenset(programs)


def _modules_named_alike(distribution: Distribution) -> set[str]:
    """Return the module called like a distribution that does not list its files: one ``NAME-1.0.egg-info`` file."""
    folder = Path(str(distribution.locate_file("")))
    wanted = canonicalize_name(distribution.metadata["Name"])
    return {name for name in _importable(folder) if canonicalize_name(name) == wanted} if folder.is_dir() else set()


def _editable_modules(file: Path) -> set[str]:
    """Return the top-level names that a file of an editable install makes importable.

    A ``.pth`` file names folders; setuptools' finders hold a dictionary called ``MAPPING``.
    """
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return set()
    if file.suffix == ".pth":
        folders = [Path(line) for line in text.splitlines() if line.startswith("/")]
        return {name for folder in folders if folder.is_dir() for name in _importable(folder)}
    mapping = re.search(r"^MAPPING\b[^=]*=\s*(\{.*?\})\s*$", text, re.MULTILINE | re.DOTALL)
    try:
        value = ast.literal_eval(mapping[1]) if mapping else {}
    except (ValueError, SyntaxError):
        return set()
    return {str(name).partition(".")[0] for name in value}


def _importable(folder: Path) -> set[str]:
    """Return the names of the modules and packages (also without ``__init__.py``) directly in a folder."""
    names = set()
    for path in folder.iterdir():
        if path.is_dir():
            if (path / "__init__.py").is_file() or any(path.glob("*.py")) or any(path.glob("*/__init__.py")):
                names.add(path.name)
        elif path.suffix in {".py", ".so"}:
            names.add(path.name.split(".")[0])
    return names


def _origin(distribution: Distribution) -> tuple[Path | None, Path | None, str | None]:
    """Return (project folder, local archive, URL) of what was not installed from an index.

    Source: PEP 610 (``direct_url.json``); older editable installs leave their metadata in the project itself.
    """
    text = distribution.read_text("direct_url.json")
    location = Path(str(distribution.locate_file("")))
    if text is None:
        legacy = getattr(distribution, "_path", None)
        if isinstance(legacy, Path) and legacy.suffix == ".egg-info" and legacy.is_dir():
            for folder in (location, location.parent):
                if folder.name != "site-packages" and any(
                    (folder / file).is_file() for file in ("setup.py", "pyproject.toml")
                ):
                    return folder.absolute(), None, None
        return None, None, None
    from packaging.direct_url import DirectUrl, DirectUrlValidationError

    try:
        direct = DirectUrl.from_dict(json.loads(text))
    except (ValueError, TypeError, AttributeError, DirectUrlValidationError):
        return None, None, None  # not what PEP 610 says: of the distribution nothing but its version is known
    if direct.vcs_info is not None:
        subdirectory = f"#subdirectory={direct.subdirectory}" if direct.subdirectory else ""
        return None, None, f"{direct.vcs_info.vcs}+{direct.url}@{direct.vcs_info.commit_id}{subdirectory}"
    if not direct.url.startswith("file:"):
        return None, None, direct.url
    path = Path(unquote(urlsplit(direct.url).path)) / (direct.subdirectory or "")
    if path.is_dir():
        return path, None, None
    if path.is_file() and path.name.endswith(ARCHIVE_SUFFIXES):
        return None, path, None
    return None, None, None


def _line(item: Installed) -> str:
    if item.url:
        return f"{item.name} @ {item.url}"
    # A local label (2.1+cpu) is no version of the index's; without it the version matches any label.
    return f"{item.name}=={item.version.partition('+')[0]}"


def _asked_extras(by_name: Mapping[str, Installed], target: PythonTarget) -> dict[str, frozenset[str]]:
    """Return the extras that somebody must have asked for, by distribution.

    No installation says that.  But who is there, was not asked for by name, and is required by nobody without an extra,
    was brought by an extra: by each that requires it and of which all is there.
    """
    active = _active_extras(((name, frozenset()) for name in by_name), by_name, target)
    explained = {
        canonicalize_name(other.name)
        for name, extras in active.items()
        for other in by_name[name].requires
        if holds(other.marker, target, extras)
    }
    unexplained = {name for name, item in by_name.items() if item.required_only} - explained
    found: dict[str, frozenset[str]] = {}
    for name, item in by_name.items():
        for extra in item.extras if unexplained else ():
            brought = {
                canonicalize_name(other.name)
                for other in item.requires
                if not holds(other.marker, target) and holds(other.marker, target, {extra})
            }
            if brought <= by_name.keys() and brought & unexplained:
                found[name] = found.get(name, frozenset()) | {extra}
    return found


def _closure(
    start: Iterable[str],
    by_name: Mapping[str, Installed],
    target: PythonTarget,
    asked: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> set[str]:
    """Return ``start`` and all that it depends on in the target, as far as it is installed here.

    ``asked`` are extras that count wherever their distribution is among these.
    """
    return set(_active_extras(((name, frozenset()) for name in start), by_name, target, asked))


def _active_extras(
    start: Iterable[tuple[str, frozenset[str]]],
    by_name: Mapping[str, Installed],
    target: PythonTarget,
    asked: Mapping[str, frozenset[str]] = MappingProxyType({}),
) -> dict[str, set[str]]:
    """Return the distributions that some with some extras lead to, each with the extras that are asked of it."""
    active: dict[str, set[str]] = {}
    waiting = list(start)
    while waiting:
        name, extras = waiting.pop()
        extras |= asked.get(name, frozenset())
        item = by_name.get(name)
        if item is None or (name in active and extras <= active[name]):
            continue
        known = active.setdefault(name, set())
        known |= extras
        waiting += [
            (canonicalize_name(other.name), frozenset(str(canonicalize_name(extra)) for extra in other.extras))
            for other in item.requires
            if holds(other.marker, target, known)
        ]
    return active
