"""Sources on their way to a wheel: sdists, project folders and repositories, each built once and cached by content."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from castiron_common.cache import cache_root, folder_entry
from castiron_common.errors import DependencyError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.working import working_folder
from castiron_wheels import build
from castiron_wheels.build_key import build_key
from castiron_wheels.build_stack import Build
from castiron_wheels.build_system import build_system
from castiron_wheels.errors import BuildError
from castiron_wheels.fetch import keep
from castiron_wheels.known_distributions import known_distributions
from castiron_wheels.source_tree import copy_tree, git, has_compiled_sources, tree_hash, unpack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from castiron_wheels.build_stack import BuildContext
    from castiron_wheels.model import LocalProject

_ONLY_IN_FULL = frozenset({"_ssl", "_hashlib", "_ctypes", "_sqlite3", "_bz2", "_lzma", "_curses", "_uuid", "_zstd"})
"""Extension modules that the small interpreter lacks, as the libraries that they need take minutes to make."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltWheel:
    """A wheel that was made of sources."""

    path: Path
    """In the cache."""
    options_left_out: tuple[str, ...]
    """Options of the build that the compilers did not pass on, sorted."""


def sdist_wheel(sdist: Path, name: str, version: str | None, context: BuildContext) -> BuiltWheel:
    """Return the wheel that the sdist gives in the target's interpreter."""
    label = f"{name} {version}" if version else name

    def copy(folder: Path) -> Path:
        return unpack(sdist, folder)

    return _built(sha256_file(sdist), label, copy, context, full=True)


def project_wheel(project: LocalProject, context: BuildContext) -> BuiltWheel:
    """Return the wheel of a project folder; the folder itself is not touched."""
    history = _reads_history(project.path)
    digest = tree_hash(project.path, history=history)

    def copy(folder: Path) -> Path:
        return copy_tree(project.path, folder / (project.name or "project"), history=history)

    # Few builds of an application's own code need OpenSSL or ctypes, and those libraries take minutes to make.
    return _built(digest, project.name or project.path.name, copy, context, full=has_compiled_sources(project.path))


def repository_wheel(name: str, url: str, context: BuildContext) -> BuiltWheel:
    """Return the wheel of ``git+URL@COMMIT#subdirectory=...``."""
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
            git(argv, name)
        source = (checkout / subdirectory).resolve()
        if not source.is_relative_to(checkout.resolve()) or not source.is_dir():
            raise DependencyError(f"{url} has no folder {subdirectory}.", hint="Correct the subdirectory.")
        return source

    return _built(sha256_bytes(f"{place}\n{commit}\n{subdirectory}".encode()), name, copy, context, full=True)


def _built(content: str, label: str, copy: Callable[[Path], Path], context: BuildContext, *, full: bool) -> BuiltWheel:
    """Return the wheel built from sources of that content hash, from the cache if it was built before."""
    pack = build.target_pack(context.target, reporter=context.reporter)
    entry = cache_root() / "built" / sha256_bytes(f"{build_key(context.target, pack)}\n{content}".encode())
    within = context.within(Build(label=label, entry=entry))

    def attempt(folder: Path, *, full: bool, libraries: frozenset[str]) -> frozenset[str]:
        # Under a name of fixed length: paths that a build compiles in have the same length everywhere.
        with working_folder("build") as work:
            sources = work / "source"
            sources.mkdir()
            tree = copy(sources)
            built = build.build_tree(
                tree, work, folder, label=label, pack=pack, full=full, libraries=libraries, context=within
            )
            return built.wanted_libraries

    def make(folder: Path) -> None:
        # What a build needs is seen when it asks; so it runs again with that, each time with more than before.
        complete, libraries = full, frozenset[str]()
        while True:
            try:
                wanted = attempt(folder, full=complete, libraries=libraries)
                if wanted <= libraries:
                    return
            except BuildError as error:
                wanted = error.wanted_libraries
                lacks_modules = not complete and not error.missing_modules.isdisjoint(_ONLY_IN_FULL)
                if not lacks_modules and wanted <= libraries:
                    raise
                complete |= lacks_modules
            libraries |= wanted
            for file in folder.iterdir():
                file.unlink()

    folder = folder_entry(entry, make)
    listed = folder / build.OPTIONS_LEFT_OUT
    options = listed.read_text(encoding="utf-8").splitlines() if listed.exists() else []
    return BuiltWheel(path=keep(next(folder.glob("*.whl"))), options_left_out=tuple(options))


def _reads_history(folder: Path) -> bool:
    """Say whether the build takes the version from the repository, which is then needed too."""
    if not (folder / ".git").exists():
        return False
    for line in build_system(folder).requires:
        try:
            if canonicalize_name(Requirement(line).name) in known_distributions().reads_history:
                return True
        except InvalidRequirement:
            continue  # reported with its place when the build environment is made
    return False
