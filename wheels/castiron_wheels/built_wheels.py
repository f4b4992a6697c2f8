"""Sources on their way to a wheel: sdists, project folders and repositories, each built once and cached by content."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from castiron_common import unpacking
from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import DependencyError, HostToolError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.working import child_environment, working_folder
from castiron_wheels import build, compilers
from castiron_wheels.build_stack import Build
from castiron_wheels.errors import BuildError
from castiron_wheels.fetch import keep

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.model import LocalProject

_VERSION_CONTROL = frozenset({".git", ".hg", ".svn", ".bzr", "CVS"})
_LEFTOVERS = frozenset(
    {"__pycache__", ".venv", "venv", "node_modules", ".tox", ".nox", ".mypy_cache", ".pytest_cache", ".ruff_cache"}
)
"""Folders that are never part of a project's sources."""

_TOP_LEFTOVERS = frozenset({"build", "dist"})
"""The same, directly in the project folder, unless they hold a package."""

_MSGPACK_MAPS = {bytes([first]) for first in (*range(0x80, 0x90), 0xDE, 0xDF)}

_READS_HISTORY = frozenset(
    {
        "hatch-vcs", "setuptools-scm", "setuptools-git-versioning", "vcs-versioning", "versioningit", "flit-scm",
        "poetry-dynamic-versioning", "uv-dynamic-versioning", "versioneer", "pbr", "pdm-backend",
    }
)  # fmt: skip
"""Build requirements that take the version from the repository's history."""


_ONLY_IN_FULL = frozenset({"_ssl", "_hashlib", "_ctypes", "_sqlite3", "_bz2", "_lzma", "_curses", "_uuid", "_zstd"})
"""Extension modules that the small interpreter lacks, as the libraries that they need take minutes to make."""


def sdist_wheel(sdist: Path, name: str, version: str | None, context: BuildContext) -> Path:
    """Return the wheel (in the cache) that the sdist gives in the target's interpreter."""
    label = f"{name} {version}" if version else name

    def copy(folder: Path) -> Path:
        return unpack(sdist, folder)

    return _built(sha256_file(sdist), label, copy, context, full=True)


def project_wheel(project: LocalProject, context: BuildContext) -> Path:
    """Return the wheel (in the cache) of a project folder; the folder itself is not touched."""
    history = _reads_history(project.path)
    digest = tree_hash(project.path, history=history)

    def copy(folder: Path) -> Path:
        return copy_tree(project.path, folder / (project.name or "project"), history=history)

    # Few builds of an application's own code need OpenSSL or ctypes, and those libraries take minutes to make.
    return _built(digest, project.name or project.path.name, copy, context, full=_compiles(project.path))


def repository_wheel(name: str, url: str, context: BuildContext) -> Path:
    """Return the wheel (in the cache) of ``git+URL@COMMIT#subdirectory=...``."""
    place, _, fragment = url.removeprefix("git+").partition("#")
    place, _, commit = place.rpartition("@")
    subdirectory = fragment.removeprefix("subdirectory=") if fragment.startswith("subdirectory=") else "."

    def copy(folder: Path) -> Path:
        checkout = folder / "repository"
        for argv in (
            ["git", "clone", "--quiet", "--no-checkout", place, str(checkout)],
            ["git", "-C", str(checkout), "checkout", "--quiet", commit],
            ["git", "-C", str(checkout), "submodule", "--quiet", "update", "--init", "--recursive"],
        ):
            _git(argv, name)
        source = (checkout / subdirectory).resolve()
        if not source.is_relative_to(checkout.resolve()) or not source.is_dir():
            raise DependencyError(f"{url} has no folder {subdirectory}.", hint="Correct the subdirectory.")
        return source

    return _built(sha256_bytes(f"{place}\n{commit}\n{subdirectory}".encode()), name, copy, context, full=True)


def _built(content: str, label: str, copy: Callable[[Path], Path], context: BuildContext, *, full: bool) -> Path:
    """Return the wheel built from sources of that content hash, from the cache if it was built before."""
    pack = build.target_pack(context.target, reporter=context.reporter)
    epoch = os.environ.get("SOURCE_DATE_EPOCH", "")
    key = "\n".join([build.RECIPE, compilers.RECIPE, pack.id, pack.toolchain.version, epoch, content])
    entry = cache_root() / "built" / sha256_bytes(key.encode())
    within = context.within(Build(label=label, entry=entry))

    def attempt(folder: Path, *, full: bool) -> None:
        # Under a name of fixed length: paths that a build compiles in have the same length everywhere.
        with working_folder("build") as work:
            sources = work / "source"
            sources.mkdir()
            build.build_tree(copy(sources), work, folder, label=label, pack=pack, full=full, context=within)

    def make(folder: Path) -> None:
        try:
            attempt(folder, full=full)
        except BuildError as error:
            if full or error.missing_modules.isdisjoint(_ONLY_IN_FULL):
                raise
            attempt(folder, full=True)

    folder = folder_entry(entry, make)
    return keep(next(folder.glob("*.whl")))


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
    return start == b"\x7fELF" or (path.suffix == ".manifest" and start[:1] in _MSGPACK_MAPS)


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
            _git(["git", "-C", str(folder), "describe", "--always", "--dirty", "--long", "--tags"], folder.name)
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


def _reads_history(folder: Path) -> bool:
    """Say whether the build takes the version from the repository, which is then needed too."""
    if not (folder / ".git").exists():
        return False
    for line in build.build_system(folder).requires:
        try:
            if canonicalize_name(Requirement(line).name) in _READS_HISTORY:
                return True
        except InvalidRequirement:
            continue  # reported with its place when the build environment is made
    return False


def _compiles(folder: Path) -> bool:
    """Say whether the project has sources of other languages: then its build may want any extension module."""
    suffixes = {".c", ".cc", ".cpp", ".cxx", ".pyx", ".f90", ".f", ".rs"}
    return any(path.suffix in suffixes for path in source_files(folder, history=False))


def _git(argv: list[str], name: str) -> bytes:
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
