"""Lists what lies in the application's folders, without what belongs to no program: version control, caches, builds."""

from __future__ import annotations

import os
import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from castiron_common.frozen import dataclass
from castiron_elf.abi import MAGIC, is_elf
from castiron_manifest.encoder import FORMAT
from castiron_trace.own_data import COMPILED

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

MOST_FILES = 10_000
"""A folder with more files is not the application's alone: only files that are named from its top are found."""
_NEVER = frozenset({"__pycache__", "node_modules", "site-packages", "__pypackages__", "htmlcov", "CVS"})
_NEVER_ENDS = (".egg-info", ".dist-info", ".egg")
_BUILDS = frozenset({"build", "dist"})
_ASIDE = frozenset({"test", "tests", "testing", "doc", "docs"})
"""Folders at the top that a program does not read at run time, unless it names them."""
_PROJECT_FILE = re.compile(
    r"""
    (?:readme|licen[cs]e|copying|notice|changelog|changes|history|news|authors|contributors|contributing|maintainers
       |security|code_of_conduct|install|todo|upgrading)(?:[.-].*)?
    |.*\.(?:md|rst|adoc|lock|manifest|orig|rej|swp|bak|pyc|pyo|pyi|iml|code-workspace)|.*~
    |.*\.licenses\.\w+|.*\.(?:spdx|cdx)\.json
    |pyproject\.toml|pylock(?:\..*)?\.toml|setup\.(?:py|cfg)|manifest\.in|tox\.ini|pytest\.ini|mypy\.ini|conftest\.py
    |noxfile\.py|tasks\.py|fabfile\.py|pipfile|environment\.ya?ml|(?:dev-|test-)?(?:requirements|constraints).*\.(?:txt|in)
    |makefile|justfile|dockerfile.*|docker-compose.*|compose\.ya?ml|procfile|vagrantfile|jenkinsfile|.*\.spec
    |package(?:-lock)?\.json|tsconfig.*\.json|.*\.config\.[cm]?[jt]s|(?:mkdocs|codecov|app|fly|render|netlify)\.(?:ya?ml|toml)
    """,
    re.VERBOSE | re.IGNORECASE,
)
"""Files at the top of a project that describe, build or deploy it: nobody misses them in a program."""


_EXTENSION_MODULE = re.compile(r"\.(?:cpython-|pypy|abi3\.).*so$")
"""Of this machine's Python; a module of the application that is compiled is refused where it is imported."""


@dataclass(frozen=True)
class OwnFolder:
    """What lies in one folder of the application."""

    root: Path
    files: tuple[str, ...]
    """Relative, with ``/``, sorted; sources too."""
    links: tuple[str, ...]
    """Symbolic links, to files, which are among ``files``, and to folders, which are not looked into, sorted."""
    complete: bool
    """False if there were more than `MOST_FILES`."""

    @cached_property
    def by_name(self) -> Mapping[str, tuple[str, ...]]:
        """File name -> the files of that name."""
        found: dict[str, list[str]] = {}
        for file in self.files:
            found.setdefault(file.rpartition("/")[2], []).append(file)
        return {name: tuple(files) for name, files in found.items()}

    @cached_property
    def folders(self) -> frozenset[str]:
        """The folders that hold files, at any depth."""
        found: set[str] = set()
        for file in self.files:
            folder = file.rpartition("/")[0]
            while folder and folder not in found:
                found.add(folder)
                folder = folder.rpartition("/")[0]
        return frozenset(found)


def own_folder(root: Path) -> OwnFolder:
    """List a folder level by level, so that of too many files the nearest ones are known."""
    files: list[str] = []
    links: list[str] = []
    level = [""]
    while level:
        below: list[str] = []
        for folder in level:
            for entry in _entries(root / folder):
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_folder and folder == "" and entry.name in _ASIDE | _BUILDS:
                    continue
                if entry.is_link:
                    links.append(path)
                if entry.is_folder and not entry.is_link:
                    below.append(path)
                elif entry.is_file and not entry.name.endswith(COMPILED):
                    files.append(path)
            if len(files) > MOST_FILES:
                return OwnFolder(root, tuple(sorted(files[:MOST_FILES])), tuple(sorted(links)), complete=False)
        level = below
    return OwnFolder(root, tuple(sorted(files)), tuple(sorted(links)), complete=True)


class _Entry(NamedTuple):
    name: str
    is_folder: bool
    is_file: bool
    is_link: bool
    """Then the others say what it leads to."""


def _entry(entry: os.DirEntry[str]) -> _Entry:
    try:
        return _Entry(entry.name, entry.is_dir(), entry.is_file(), entry.is_symlink())
    except OSError:  # a symbolic link to itself
        return _Entry(entry.name, is_folder=False, is_file=False, is_link=entry.is_symlink())


def _entries(folder: Path) -> list[_Entry]:
    """Return the files, folders and symbolic links in a folder, sorted; without what never belongs to a program."""
    try:
        with os.scandir(folder) as entries:
            return sorted(
                entry
                for entry in map(_entry, entries)
                if not (entry.is_folder and is_foreign(folder / entry.name))
                and (entry.is_folder or entry.is_file or entry.is_link)
                and not (entry.name.startswith(".") and not _is_environment_file(entry.name))
            )
    except OSError:
        return []  # no file of it can be read: what names one is told so


def _is_environment_file(name: str) -> bool:
    return name == ".env" or name.startswith(".env.")


def links_below(folder: Path) -> Iterator[Path]:
    """Yield the symbolic links below a folder, those to folders too, without looking into these; not sorted."""
    for top, below, files in os.walk(folder):
        below[:] = [name for name in below if not is_foreign(Path(top, name))]
        yield from (
            path for name in (*below, *files) if not name.startswith(".") and (path := Path(top, name)).is_symlink()
        )


def is_foreign(folder: Path) -> bool:
    """Say whether a folder is of no program: hidden, a cache, a virtual environment, packages of another tool."""
    name = folder.name
    return (
        name.startswith(".") or name in _NEVER or name.endswith(_NEVER_ENDS) or os.path.exists(folder / "pyvenv.cfg")  # noqa: PTH110
    )


def is_build_output(folder: Path) -> bool:
    """Say whether a folder called build or dist is what a build of Python projects leaves, and no data."""
    if folder.name not in _BUILDS:
        return False
    marks = ("lib", "bdist.", "temp.", "scripts-")
    return any(
        (entry.is_dir() and entry.name.startswith(marks))
        or entry.name.endswith((".whl", ".tar.gz", ".egg"))
        or (entry.is_file() and not entry.suffix and is_elf(entry))
        for entry in folder.iterdir()
    )


def is_silent(root: Path, name: str) -> bool:
    """Say whether nobody misses a file that stays out: it describes the project, or is a program that was built."""
    if "/" not in name and _PROJECT_FILE.fullmatch(name):
        return True
    if name.endswith((*COMPILED, ".pyi", ".po", ".pot")) or name.rpartition("/")[2] in {"py.typed", ".gitkeep"}:
        return True
    file = root / name
    if file.suffix:
        return False
    try:
        with file.open("rb") as content:
            start = content.read(64)
    except OSError:
        return True
    return start.startswith(MAGIC) or FORMAT.encode() in start


def files_below(
    folder: Path, *, stop_at_packages: bool, sources: bool = False, way: tuple[Path, ...] = ()
) -> Iterator[Path]:
    """Yield data files below a folder, sorted; reached sub-packages are examined by themselves.

    ``way`` are the folders that the walk is in, without links: what leads back to one of them, or above it, is a
    circle, also by way of several links.
    """
    way = (*way, folder.resolve())
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() and (not entry.exists() or any(at.is_relative_to(entry.resolve()) for at in way)):
            continue  # a dangling or circular link
        if entry.is_dir():
            if not is_foreign(entry) and not (stop_at_packages and (entry / "__init__.py").is_file()):
                yield from files_below(entry, stop_at_packages=stop_at_packages, sources=sources, way=way)
        elif entry.is_file() and not entry.name.startswith("."):
            skipped = COMPILED if sources else (*COMPILED, ".py")
            if not entry.name.endswith(skipped) and not _EXTENSION_MODULE.search(entry.name):
                yield entry
