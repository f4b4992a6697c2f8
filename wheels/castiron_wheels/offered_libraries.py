"""Libraries that builds from source can have: those of the runtime packs, each built when a build has asked for it.

A build sees none of this machine's libraries, whose headers and code are for another C library.  What it wants is seen
in three ways: it asked pkg-config, the compiler found no header of that name, or the linker no library.
"""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Mapping  # noqa: TC003 - read_table looks the types up
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.tables import read_table

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from castiron_common.target import Target
    from castiron_runtime.library import Library

_NO_HEADER = re.compile(r"'([^'\s]+\.h)' file not found")
"""How clang says it."""
_NO_LIBRARY = re.compile(r"unable to find (?:library -l|(?:dynamic |static )?system library ')([\w+.-]+)")
"""How lld and zig say it."""
_LINKED = re.compile(r"^(?:-l|.*/lib)([\w+-]+?)(?:\.a)?$")
"""A word for the linker that names a library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedLibrary:
    """How builds name a library."""

    headers: tuple[str, ...]
    """Files, and folders that end in ``/``."""
    modules: Mapping[str, str]
    """Names for pkg-config, with the words for the linker."""

    @property
    def archives(self) -> frozenset[str]:
        """The names behind ``-l``."""
        return frozenset(word.removeprefix("-l") for words in self.modules.values() for word in words.split())

    def has_header(self, name: str) -> bool:
        """Say whether ``name``, as an ``#include`` gives it, is one of the library's headers."""
        return any(name == header or (header.endswith("/") and name.startswith(header)) for header in self.headers)


@cache
def offered_libraries() -> Mapping[str, OfferedLibrary]:
    """Return the libraries by the names of their recipes."""
    table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
    return {name: read_table(OfferedLibrary, values, place=name) for name, values in sorted(table.items())}


def wanted(asked: str, log: str) -> frozenset[str]:
    """Return the libraries that a build wanted: by its questions to pkg-config, and by its log."""
    words = set(re.split(r"[\s,<>=!]+", asked))
    headers = set(_NO_HEADER.findall(log))
    archives = set(_NO_LIBRARY.findall(log))
    return frozenset(
        name
        for name, library in offered_libraries().items()
        if words.intersection(library.modules)
        or any(map(library.has_header, headers))
        or archives.intersection(library.archives)
    )


def linked(words: Iterable[str]) -> frozenset[str]:
    """Return the libraries that the linker was given."""
    names = {match[1] for match in map(_LINKED.match, words) if match}
    return frozenset(name for name, library in offered_libraries().items() if names & library.archives)


def write_prefix(folder: Path, libraries: Iterable[Library]) -> None:
    """Put headers and archives of built libraries into ``include`` and ``lib`` below ``folder``."""
    for library in libraries:
        shutil.copytree(library.include, folder / "include", dirs_exist_ok=True)
        (folder / "lib").mkdir(parents=True, exist_ok=True)
        for archive in library.archives:
            shutil.copyfile(archive, folder / "lib" / archive.name)


def write_descriptions(folder: Path, names: Collection[str], target: Target) -> Path:
    """Write what pkg-config says of libraries below ``folder``, and return the folder that tells it."""
    from castiron_runtime.shared_objects import library_version

    place = folder / "lib" / "pkgconfig"
    place.mkdir(parents=True, exist_ok=True)
    for name in sorted(names):
        version = library_version(name, target)
        for module, words in offered_libraries()[name].modules.items():
            (place / f"{module}.pc").write_text(
                f"prefix={folder}\nincludedir=${{prefix}}/include\nlibdir=${{prefix}}/lib\n\n"
                f"Name: {module}\nDescription: {name} of the runtime pack\nVersion: {version}\n"
                f"Libs: -L${{libdir}} {words}\nCflags: -I${{includedir}}\n",
                encoding="utf-8",
            )
    return place
