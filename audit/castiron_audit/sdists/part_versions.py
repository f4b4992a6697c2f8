"""Which version the sources of a part are: by its folder's name, its build files, or its headers."""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit.bundles import package_of_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.sdists.archive import SourceTree
    from castiron_audit.sdists.parts import SourcePart

_CMAKE = re.compile(
    r"^\s*project\s*\(\s*\"?([\w.+-]+)\"?(?:[^)]{0,200}?\bVERSION\s+\"?(\d+(?:\.\d+)+)\"?)?",
    re.IGNORECASE | re.MULTILINE,
)
_MESON = re.compile(r"\bproject\s*\(\s*'([\w.+-]+)'(?:[^)]{0,600}?\bversion\s*:\s*'v?(\d+(?:\.\d+)+)')?")
_AUTOCONF = re.compile(r"AC_INIT\(\[?([\w.+-]+)\]?\s*,\s*\[?(\d+(?:\.\d+)+)\]?")
_REVISION = re.compile(r"^(?:revision|directory)\s*=\s*(?:[\w.+-]*?[-_/])?v?(\d+(?:\.\d+)+)\s*$", re.MULTILINE)
_STATED = re.compile(r"^[ \t]*v?(\d+(?:\.\d+)+)\s*$", re.MULTILINE)
_MACRO = re.compile(rb"#[ \t]*define[ \t]+(\w*VER(?:SION)?(?:_STRING|_STR|_TEXT)?)[ \t]+\"v?(\d+(?:\.\d+)+)\"")
_NUMBER = re.compile(
    rb"#[ \t]*define[ \t]+(\w*?)_?(?:VER(?:SION)?_)?(MAJOR|MINOR|PATCH|MICRO|REVISION)(?:_VERSION)?[ \t]+(\d{1,5})\b"
)
_HEADERS = (".h", ".hpp", ".hh", ".hxx")
_BUILD_FILES = {"cmakelists.txt": _CMAKE, "meson.build": _MESON, "configure.ac": _AUTOCONF, "configure.in": _AUTOCONF}


def titles_and_version(tree: SourceTree, part: SourcePart) -> tuple[tuple[str, ...], str]:
    """Return the names that a part has, that of its folder first, and its version; empty if nothing tells it."""
    titles = {part.name: None}
    versions: list[str] = [part.version]
    for folder in part.folders:
        for name, version in _of_build_files(tree, folder):
            titles |= {name: None} if name else {}
            versions.append(version)
    versions[1:1] = list(_of_headers(tree, part, tuple(titles)))
    return tuple(titles), next((version for version in versions if version), "")


def _of_build_files(tree: SourceTree, folder: str) -> Iterator[tuple[str, str]]:
    for path, data in tree.files.items():
        above, name = posixpath.split(path)
        if above == folder and (pattern := _BUILD_FILES.get(name.lower())) is not None:
            if match := pattern.search(data.decode("utf-8", "replace")):
                yield match[1], match[2] or ""
        elif above == folder and name == "package.json" and (package := package_of_json(data)) is not None:
            yield package.name, package.version
        elif above == folder and name.lower() in {"version", "version.txt"}:
            yield "", (match[1] if (match := _STATED.search(tree.text(path))) else "")
        elif name == f"{posixpath.basename(folder)}.wrap" or (
            name.endswith(".wrap") and f"directory = {posixpath.basename(folder)}\n".encode() in data
        ):
            yield name.removesuffix(".wrap"), (match[1] if (match := _REVISION.search(tree.text(path))) else "")


def _of_headers(tree: SourceTree, part: SourcePart, titles: tuple[str, ...]) -> Iterator[str]:
    """Yield the version that headers state in macros called after the part, if they agree."""
    stated: set[str] = set()
    for path in part.sources:
        if not path.lower().endswith(_HEADERS):
            continue
        data = tree.files[path]
        stated |= {match[2].decode() for match in _MACRO.finditer(data) if _is_called_as(match[1], titles)}
        numbers = {match[2]: match[3].decode() for match in _NUMBER.finditer(data) if _is_called_as(match[1], titles)}
        if b"MAJOR" in numbers and b"MINOR" in numbers:
            last = next((numbers[key] for key in (b"PATCH", b"MICRO", b"REVISION") if key in numbers), "")
            stated.add(".".join(filter(None, (numbers[b"MAJOR"], numbers[b"MINOR"], last))))
    if len(stated) == 1:
        yield stated.pop()


def _is_called_as(macro: bytes, titles: tuple[str, ...]) -> bool:
    letters = re.sub(r"[^a-z0-9]", "", macro.decode("ascii", "replace").lower())
    names = [re.sub(r"[^a-z0-9]", "", title.lower()) for title in titles]
    return any(len(name) > 2 and letters.startswith((name, name.removeprefix("lib"))) for name in names)
