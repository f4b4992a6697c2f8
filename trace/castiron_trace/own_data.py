"""Collects data files that no distribution brings: the application's own, and those of the standard library."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from castiron_common.errors import InputError
from castiron_common.files import sha256_bytes
from castiron_elf.abi import MAGIC
from castiron_manifest.model import Finding, Origin, Resource, Severity
from castiron_trace.protocol import APP, STDLIB

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from castiron_trace.model import Options, Reached, ResolvedEntry

COMPILED = (".pyc", ".pyo", ".pyd")
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", "build", "dist"})
_NOT_DATA = (".rst", ".md", ".exe", ".bat", ".sh", ".ico")
LARGEST_GUESS = 64 * 1024 * 1024
"""Bytes of application data that are taken without being asked for."""


@dataclass(slots=True)
class Blobs:
    """The application's own files, by content."""

    by_hash: dict[str, bytes] = field(default_factory=dict)

    def add(self, file: Path) -> tuple[str, int]:
        """Read a file; return (SHA-256, size in bytes)."""
        try:
            data = file.read_bytes()
        except OSError as error:
            raise InputError(
                f"Cannot read {file}: {error.strerror or error}.", hint="Make it readable, or leave it out."
            ) from error
        digest = sha256_bytes(data)
        self.by_hash[digest] = data
        return digest, len(data)


def stdlib_resources(reached: Reached, stdlib: Path) -> Iterator[Resource]:
    """Yield data files of reached packages of the standard library."""
    folders = {
        module.file.parent
        for module in reached.modules.values()
        if module.owner == STDLIB and module.kind == "package" and module.file
    }
    for folder in sorted(folders):
        for file in sorted((stdlib / folder).iterdir()):
            if (
                file.is_file()
                and file.suffix not in {".py", ".pyc", ".so", *_NOT_DATA}
                and not file.name.startswith("README")
            ):
                yield Resource(path=(folder / file.name).as_posix(), origin=Origin.STDLIB, size=file.stat().st_size)


def app_resources(
    entry: ResolvedEntry, reached: Reached, options: Options, blobs: Blobs
) -> tuple[list[Resource], list[Finding]]:
    """Return the application's own data files: those in its packages, those it names, and those the user names."""
    chosen: dict[str, Path] = {}
    findings: list[Finding] = []
    own = {module.file for module in reached.modules.values() if module.owner == APP and module.file is not None}
    if options.guess_data:
        guess = _Guess(entry.roots, own)
        try:
            guess.look(reached)
            chosen |= guess.files
        except _TooMuchError:
            findings.append(
                Finding(
                    code="data-too-large",
                    severity=Severity.WARNING,
                    subject=entry.entry.name,
                    message=f"The application seems to use data files of more than {LARGEST_GUESS >> 20} MiB, so none "
                    "of them goes in. Name those that it needs with --include-data.",
                )
            )
    for file in sorted(reached.files):
        root = root_of(file, entry.roots)
        if root is not None and file not in own and file.is_file():
            chosen[file.relative_to(root).as_posix()] = file
    for path in options.include_data:
        chosen |= _included(path, entry, options.folder)
    resources = []
    for name in sorted(chosen):
        if not _is_text(name):
            raise InputError(
                f"The name of the data file {chosen[name]!r} is not valid UTF-8.",
                hint="Rename it, or use --no-data-guess.",
            )
        digest, size = blobs.add(chosen[name])
        resources.append(
            Resource(
                path=name, origin=Origin.APP, size=size, sha256=digest, executable=os.access(chosen[name], os.X_OK)
            )
        )
    return resources, findings


class _TooMuchError(Exception):
    """More data than an application is likely to need: perhaps the folder has all files of a user."""


class _Guess:
    """Collects the files beside the application that it seems to read."""

    def __init__(self, roots: Sequence[Path], own: Collection[Path]) -> None:
        self.files: dict[str, Path] = {}
        self._roots = roots
        self._own = own
        self._size = 0

    def look(self, reached: Reached) -> None:
        """Take the data in its packages, the files and folders it names, and what those name in turn."""
        for module in reached.modules.values():
            if module.owner == APP and module.kind == "package" and module.file is not None:
                self._add(_files_below(module.file.parent, stop_at_packages=True))
        for text in sorted({string.text for strings in reached.strings.values() for string in strings}):
            for root in self._roots:
                self._add(_named_files(root, text))
        self._add(_included_by(list(self.files.values())))

    def _add(self, files: Iterable[Path]) -> None:
        for file in files:
            root = root_of(file, self._roots)
            if root is None or file in self._own:
                continue
            name = file.relative_to(root).as_posix()
            if name not in self.files:
                self.files[name] = file
                self._size += file.stat().st_size
                if self._size > LARGEST_GUESS:
                    raise _TooMuchError


def _included(path: Path, entry: ResolvedEntry, folder: Path) -> dict[str, Path]:
    full = (folder / path).resolve()
    if not full.exists():
        raise InputError(
            f"--include-data: there is no {path}.", hint="Check the name; it is relative to the current folder."
        )
    root = root_of(full, entry.roots) or root_of(full, (folder.resolve(),)) or full.parent
    files = [full] if full.is_file() else list(_files_below(full, stop_at_packages=False, sources=True))
    return {file.relative_to(root).as_posix(): file for file in files}


def _is_text(name: str) -> bool:
    try:
        name.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def root_of(file: Path, roots: Iterable[Path]) -> Path | None:
    """Return the deepest folder that holds the file; None if none does."""
    holding = [root for root in roots if file.is_relative_to(root)]
    return max(holding, key=lambda root: len(root.parts), default=None)


def _named_files(root: Path, text: str) -> Iterator[Path]:
    """Yield the files that a string of the application names: a file beside it, or all files of a folder."""
    if len(text) < 2 or text.startswith((".", "/", "~")) or "\0" in text or ".." in PurePosixPath(text).parts:
        return
    path = root / text
    try:
        if path.is_file() and not path.is_symlink():
            # A word may be the program's own name, and the file its binary of an earlier link.
            if path.suffix or not is_elf(path):
                yield path
        elif path.is_dir() and not _is_hidden_or_environment(path):
            yield from _files_below(path, stop_at_packages=True)
    except OSError:
        return  # longer than any file name


def is_elf(path: Path) -> bool:
    """Say whether a file begins as an ELF file does; raises OSError if it cannot be read."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def _included_by(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that data files name in turn: a stylesheet's imports, a base template, a part of a configuration.

    A name counts if it stands between quotes or brackets, or at the end of a line, and is a file beside the one that
    names it.
    """
    waiting = sorted(set(files))
    seen = set(waiting)
    while waiting:
        file = waiting.pop()
        if file.stat().st_size > _LARGEST_READ:
            continue
        for match in _FILE_NAME.finditer(file.read_bytes()):
            for named in _named_files(file.parent, match[1].decode()):
                if named not in seen:
                    seen.add(named)
                    waiting.append(named)
                    yield named


_LARGEST_READ = 1 << 20
"""Bytes of a data file in which the names of others are looked for."""
_FILE_NAME = re.compile(rb"""["'(<\s=]([A-Za-z0-9_][\w./-]{0,200}\.[A-Za-z]\w{0,7})(?=["')>\s]|$)""")


def _is_hidden_or_environment(folder: Path) -> bool:
    return folder.name.startswith(".") or folder.name in _SKIPPED_FOLDERS or (folder / "pyvenv.cfg").exists()


def _files_below(folder: Path, *, stop_at_packages: bool, sources: bool = False) -> Iterator[Path]:
    """Yield data files below a folder, sorted; reached sub-packages are examined by themselves."""
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() and (not entry.exists() or folder.resolve().is_relative_to(entry.resolve())):
            continue  # a dangling or circular link
        if entry.is_dir():
            if not _is_hidden_or_environment(entry) and not (stop_at_packages and (entry / "__init__.py").is_file()):
                yield from _files_below(entry, stop_at_packages=stop_at_packages, sources=sources)
        elif entry.is_file() and not entry.name.startswith("."):
            skipped = COMPILED if sources else (*COMPILED, ".py", ".so")
            if not entry.name.endswith(skipped):
                yield entry
