"""Source trees: sdists unpacked, project folders hashed and copied without what is no source of theirs."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common import unpacking
from castiron_common.errors import DependencyError, HostToolError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.working import child_environment
from castiron_elf.abi import MAGIC

if TYPE_CHECKING:
    from collections.abc import Iterator

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", "CVS"})
_LEFTOVERS = frozenset(
    {"__pycache__", ".venv", "venv", "node_modules", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)
"""Folders that are never part of a project's sources."""

_TOP_LEFTOVERS = frozenset({"build", "dist"})
"""The same, directly in the project folder, unless they hold a package."""

_MSGPACK_MAPS = {bytes([first]) for first in (*range(0x80, 0x90), 0xDE, 0xDF)}

_COMPILED_SOURCES = frozenset({".c", ".cc", ".cpp", ".cxx", ".pyx", ".f90", ".f", ".rs"})


def unpack(sdist: Path, folder: Path) -> Path:
    """Unpack an sdist below ``folder`` and return its top folder.  Raises `DependencyError` if it cannot be used."""
    try:
        return unpacking.unpack(sdist, folder)
    except unpacking.UnusableArchiveError as error:
        raise DependencyError(
            f"The source distribution {sdist.name} cannot be used: {error}.", hint="Take another version."
        ) from error


def source_files(folder: Path, *, history: bool) -> Iterator[Path]:
    """Yield the project's files, sorted, without version control, environments and results of earlier builds."""
    for root, folders, files in os.walk(folder):
        here = Path(root)
        kept = []
        for name in sorted(folders):
            path = here / name
            top = here == folder
            if name in _VERSION_CONTROL:
                skip = not (history and top)
            elif top and name in _TOP_LEFTOVERS:
                skip = not (path / "__init__.py").is_file()
            else:
                skip = name in _LEFTOVERS or name.endswith(".egg-info") or (path / "pyvenv.cfg").is_file()
            if skip:
                continue
            if path.is_symlink():
                yield path
            else:
                kept.append(name)
        folders[:] = kept
        for name in sorted(files):
            if not name.endswith((".pyc", ".pyo")) and not (here == folder and _is_output(here / name)):
                yield here / name


def _is_output(path: Path) -> bool:
    """Say whether a file beside the sources is what Castiron writes: an executable, its report, a manifest.

    Otherwise building an application twice in its own folder would build its wheel twice.
    """
    if path.name.endswith(".licenses.txt"):
        path = path.with_name(path.name.removesuffix(".licenses.txt"))
    if not path.is_file() or path.is_symlink() or ".so" in path.suffixes:
        return False
    with path.open("rb") as file:
        start = file.read(4)
    # A manifest is a msgpack map, which no text file begins with.
    return start == MAGIC or (path.suffix == ".manifest" and start[:1] in _MSGPACK_MAPS)


def tree_hash(folder: Path, *, history: bool) -> str:
    """Return a hash of the project's sources: paths, contents, executable bits and links."""
    digest = hashlib.sha256()
    for path in source_files(folder, history=False):
        relative = path.relative_to(folder).as_posix()
        if path.is_symlink():
            kind, content = "link", sha256_bytes(os.readlink(path).encode())  # noqa: PTH115  the text itself
        elif path.is_file():
            kind, content = ("program" if os.access(path, os.X_OK) else "file"), sha256_file(path)
        else:
            continue  # sockets, pipes
        digest.update(f"{kind}\0{relative}\0{content}\n".encode())
    if history:
        digest.update(
            git(["git", "-C", str(folder), "describe", "--always", "--dirty", "--long", "--tags"], folder.name)
        )
    return digest.hexdigest()


def copy_tree(folder: Path, destination: Path, *, history: bool) -> Path:
    """Copy the project's sources to ``destination``, with fixed times."""
    destination.mkdir(parents=True)
    for path in source_files(folder, history=history):
        if not path.is_symlink() and not path.is_file():
            continue
        copy = destination / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, copy, follow_symlinks=False)
    return destination


def has_compiled_sources(folder: Path) -> bool:
    """Say whether the project has sources of other languages: then its build may want any extension module."""
    return any(path.suffix in _COMPILED_SOURCES for path in source_files(folder, history=False))


def git(argv: list[str], name: str) -> bytes:
    """Return the output of git.  Raises `DependencyError` with what git says; ``name`` is the distribution's."""
    environment = child_environment() | {"GIT_TERMINAL_PROMPT": "0"}
    try:
        done = subprocess.run(argv, capture_output=True, check=False, env=environment)
    except FileNotFoundError as error:
        raise HostToolError(
            f"git is needed for {name}, and this machine does not have it.",
            hint="Install with: sudo apt-get install git",
        ) from error
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip()
        raise DependencyError(
            f"The repository of {name} cannot be used: {reason}", hint="Check its address and commit."
        )
    return done.stdout
