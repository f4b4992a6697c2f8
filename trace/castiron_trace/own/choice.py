"""Chooses which of the application's files go in, by what its code says and by the conventions of frameworks."""

from __future__ import annotations

import os
import posixpath
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.configured_paths import MOST_BYTES, MOST_FILES, configured_paths
from castiron_trace.own import naming
from castiron_trace.own.folder import OwnFolder, files_below, is_build_output, is_foreign, own_folder
from castiron_trace.own.secrets import is_private_key, is_secret
from castiron_trace.own_data import root_of
from castiron_trace.protocol import APP

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

    from castiron_trace.hints.model import OwnFiles
    from castiron_trace.model import Reached, ReachedModule
    from castiron_trace.protocol import FileNames

LARGEST_GUESS = 64 * 1024 * 1024
"""Bytes of application data that are taken without being asked for."""


class TooMuchError(Exception):
    """More data than an application is likely to need: perhaps the folder has all files of a user."""


class Choice:
    """The files that go in, by name: relative to the application's folder, or one level above it (``../x``)."""

    def __init__(self, roots: Sequence[Path], reached: Reached) -> None:
        self.files: dict[str, Path] = {}
        self.secrets: dict[str, Path] = {}
        """What would have gone in, but holds secrets."""
        self.private_keys: dict[str, str] = {}
        """Name of a private key that goes in, as the code finds it by its own place -> the place in the code."""
        self.only_in_current_folder: dict[str, str] = {}
        """Name of a file beside the code that is looked for in the current folder alone -> the place in the code."""
        self.above: dict[str, str] = {}
        """Path that leads further up than the binary has folders -> the place in the code."""
        self._roots = roots
        self._reached = reached
        self._modules = [
            module for module in reached.modules.values() if module.owner == APP and module.file is not None
        ]
        self._own = {module.file for module in self._modules}
        self.computed_paths: dict[Path, str] = {}
        """File or folder that the code names in full, counted from its own place -> the place in the code."""
        self._size = 0
        self.folders = [own_folder(root) for root in roots if root.is_dir()]

    def look(self, conventions: Sequence[OwnFiles]) -> None:
        """Apply the rules, each for every module; raises `TooMuchError`."""
        self._note_computed_paths()
        for module in self._modules:
            if module.kind == "package":
                self._add(files_below(_folder(module), stop_at_packages=True))
        names = self._reached.file_names
        current_folder = not any(item.changes_folder for item in names.values())
        silent = {text for item in names.values() for text in item.written}
        silent |= self._opened(names.items()) if current_folder else set()
        for module in self._modules:
            if (said := names.get(module.name)) is not None:
                self._computed(module, said)
                self._named(module, said, silent)
        imported = {name for item in names.values() for name in item.imports}
        for hint in conventions:
            if hint.module in self._reached.modules and (not hint.directly or _imports(imported, hint.module)):
                for base in sorted({*self._roots, *map(_folder, self._modules)}):
                    for pattern in hint.files:
                        if not pattern.endswith(".py"):
                            self._add(naming.matches(base, pattern) if "/" in pattern else _beside(base, pattern))
        for file in list(self.files.values()):
            self._add(_configured_by(file))
        self._add(included_by(list(self.files.values())))

    def _note_computed_paths(self) -> None:
        for module in self._modules:
            if (said := self._reached.file_names.get(module.name)) is not None:
                for literal in said.paths:
                    if "*" not in literal.text:
                        file = Path(os.path.normpath(_folder(module) / literal.text))
                        self.computed_paths.setdefault(file, f"{_place(module)}:{literal.line}")

    def _opened(self, names: Iterable[tuple[str, FileNames]]) -> set[str]:
        """Note the files beside the code that it looks for in the current folder; return their names."""
        others = {text for _name, item in names for text in _said_elsewhere(item)}
        opened: set[str] = set()
        for name, item in names:
            for text, line in ((literal.text, literal.line) for literal in item.opened):
                if text not in others:
                    opened.add(text)
                    module = self._reached.modules[name]
                    path = posixpath.normpath(text)
                    if any((root / path).exists() for root in self._roots) and not path.startswith(".."):
                        self.only_in_current_folder.setdefault(path, f"{_place(module)}:{line}")
        return opened

    def _computed(self, module: ReachedModule, said: FileNames) -> None:
        """Paths that begin at the module's own place."""
        folder = _folder(module)
        root = root_of(folder, self._roots)
        for literal in said.paths:
            base = Path(os.path.normpath(folder / _ups(literal.text)))
            if root is not None and len(Path(os.path.relpath(base, root)).parts) > 1 and not base.is_relative_to(root):
                self.above.setdefault(literal.text, f"{_place(module)}:{literal.line}")
                continue
            path = literal.text[len(_ups(literal.text)) :].lstrip("/")
            if path.strip("*"):
                self._add(naming.matches(base, path, sources=True), root)

    def _named(self, module: ReachedModule, said: FileNames, silent: set[str]) -> None:
        """Strings that are names of files and folders, or the end of such."""
        bases = self._bases(module)
        for literal in said.strings:
            path = None if literal.text in silent else naming.cleaned(literal.text)
            if path is None:
                continue
            found = [file for base in bases for file in naming.in_full(base, path)]
            self._add(found)
            if not found:
                for folder in self.folders:
                    self._add(_around(folder, path))
        for literal in said.patterns:
            for folder in self.folders:
                self._add(folder.root / file for file in naming.by_pattern(folder, literal.text))
        for literal in said.strings:
            if "*" in literal.text or "?" in literal.text:
                for folder in self.folders:
                    self._add(folder.root / file for file in naming.by_pattern(folder, literal.text))

    def _bases(self, module: ReachedModule) -> list[Path]:
        """Return the folders that a name of this module may count from: its own, those above it, and the roots."""
        bases = list(self._roots)
        folder = _folder(module)
        while root_of(folder, self._roots) is not None and folder not in bases:
            bases.append(folder)
            folder = folder.parent
        return bases

    def take(self, file: Path) -> None:
        """Take a file that was read or run by its path."""
        root = root_of(file, self._roots)
        if root is not None and file not in self._own and file.is_file():
            self._take(file.relative_to(root).as_posix(), file, limit=False)

    def _add(self, files: Iterable[Path], root: Path | None = None) -> None:
        """Take files; their names are relative to ``root``, or to a deeper folder of sources that holds them."""
        for file in files:
            deepest = root_of(file, self._roots)
            home = deepest if root is None or (deepest is not None and deepest.is_relative_to(root)) else root
            if home is None or file in self._own:
                continue
            self._take(os.path.relpath(file, home), file)

    def _take(self, name: str, file: Path, *, limit: bool = True) -> None:
        if name in self.files or name in self.secrets:
            return
        if is_secret(file):
            place = self.computed_paths.get(file)
            if place is None or not is_private_key(file):
                self.secrets[name] = file
                return
            self.private_keys[name] = place
        self.files[name] = file
        self._size += file.stat().st_size
        if limit and self._size > LARGEST_GUESS:
            raise TooMuchError


def _said_elsewhere(item: FileNames) -> Iterator[str]:
    opened = {literal.text for literal in item.opened}
    yield from (literal.text for literal in item.strings if literal.text not in opened)


def _imports(names: Collection[str], module: str) -> bool:
    return any(name == module or name.startswith(f"{module}.") for name in names)


def _folder(module: ReachedModule) -> Path:
    assert module.file is not None
    return module.file.parent


def _place(module: ReachedModule) -> str:
    assert module.file is not None
    return module.file.name


def _ups(path: str) -> str:
    """Return the ``../..`` that a path begins with."""
    match = re.match(r"(?:\.\.(?:/|$))*", path)
    return match[0] if match else ""


def _beside(base: Path, pattern: str) -> Iterator[Path]:
    """Yield the files of a folder that a pattern without folders means."""
    if "*" in pattern:
        yield from sorted(file for file in base.glob(pattern) if file.is_file())
    else:
        yield from naming.in_full(base, pattern)


def _around(folder: OwnFolder, path: str) -> Iterator[Path]:
    """Yield the files of the folders in which a name's file lies: who reads one of them by its name reads others."""
    for found in naming.by_last_part(folder, path):
        above = found.rstrip("/")[: -len(path)].rstrip("/")
        base = folder.root / above
        if found.endswith("/"):
            yield from files_below(base / path, stop_at_packages=True)
        else:
            yield folder.root / found
            if not (base / "__init__.py").exists() and not any(base.glob("*.py")):
                yield from files_below(base, stop_at_packages=True)


def _configured_by(file: Path) -> Iterator[Path]:
    """Yield the files of the folders that a configuration file names, if they are no large data."""
    for path in configured_paths(file):
        if path.is_dir() and not is_foreign(path) and not is_build_output(path):
            found = list(islice(files_below(path, stop_at_packages=True), MOST_FILES + 1))
            if len(found) <= MOST_FILES and sum(item.stat().st_size for item in found) <= MOST_BYTES:
                yield from found


_LARGEST_READ = 1 << 20
"""Bytes of a data file in which the names of others are looked for."""
_FILE_NAME = re.compile(rb"""["'(<\s=]([A-Za-z0-9_][\w./-]{0,200}\.[A-Za-z]\w{0,7})(?=["')>\s]|$)""")
_INCLUSION = re.compile(
    rb"""^[^\w\n]*(?:import|include|input|extends?|inherits?|use|using|forward|requires?|load|source|parent|base)\b"""
    rb"""["'({< \t:=]+((?:[\w./-]{1,200}["']?[ \t]*(?:,[ \t]*["']?)?){1,20})""",
    re.MULTILINE | re.IGNORECASE,
)
"""A statement that languages of grammars, styles, schemas and configuration have, and the names that follow it."""
_NAME = re.compile(rb"[\w./-]+")


def included_by(files: Iterable[Path]) -> Iterator[Path]:
    """Yield the files that data files name in turn: a stylesheet's imports, a base template, a part of a configuration.

    A name counts if it stands between quotes or brackets, or at the end of a line, and is a file beside the one that
    names it.  After a word that includes others, a name without a suffix is one of a file with the same suffix:
    ``%import .json`` in a grammar.
    """
    waiting = sorted(set(files))
    seen = set(waiting)
    while waiting:
        file = waiting.pop()
        if file.stat().st_size > _LARGEST_READ:
            continue
        data = file.read_bytes()
        said = [match[1].decode() for match in _FILE_NAME.finditer(data)]
        for text in (*said, *_included(data, file.suffix)):
            path = naming.cleaned(text)
            for named in naming.in_full(file.parent, path) if path is not None else ():
                if named not in seen:
                    seen.add(named)
                    waiting.append(named)
                    yield named


def _included(data: bytes, suffix: str) -> Iterator[str]:
    """Yield the files of a suffix that the statements of a file include: of ``sub.part.RULE`` any of its beginnings."""
    if not suffix or suffix == ".py":
        return
    for match in _INCLUSION.finditer(data):
        for name in _NAME.findall(match[1]):
            parts = name.decode().lstrip(".").replace(".", "/").split("/")
            yield from ("/".join(parts[:end]) + suffix for end in range(1, len(parts) + 1))
