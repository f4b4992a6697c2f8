"""Reads what the build of a source distribution fetches: CMake's FetchContent and ExternalProject, CPM, Meson's wraps.

Such sources are not in the archive; their versions are in what names them.  That something is declared says nothing
about the wheel, as builds may find it elsewhere or leave it out.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit.sdists.parts import is_aside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_audit.sdists.archive import SourceTree

_CALL = re.compile(r"\b(?:FetchContent_Declare|ExternalProject_Add|CPMAddPackage)\s*\(([^)]{1,2000})\)", re.IGNORECASE)
_COMMENT = re.compile(r"(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
_NAME = re.compile(r"\s*(?:NAME\s+)?\"?([A-Za-z][\w.+-]*)")
_REPOSITORY = re.compile(r"\b(?:GIT_REPOSITORY|GITHUB_REPOSITORY)\s+\"?([^\s\"]+)", re.IGNORECASE)
_TAG = re.compile(r"\b(?:GIT_TAG|VERSION)\s+\"?(?:[A-Za-z][\w+]*[-_/])?v?(\d+(?:\.\d+){1,3})\"?(?=\s|$)", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://\S+?[/_-]v?(\d+(?:\.\d+){1,3})(?:\.tar\.\w+|\.tgz|\.zip)", re.IGNORECASE)
_SHORT = re.compile(r"\"(?:gh|gl|bb):[\w.-]+/(?P<name>[\w.+-]+)[@#]v?(?P<version>\d+(?:\.\d+){1,3})\"")
_WRAP = re.compile(
    r"^(?:revision|directory|source_filename)\s*=\s*(?:[\w.+-]*?[-_/])?v?(\d+(?:\.\d+){1,3})(?:\.tar\.\w+|\.zip)?\s*$",
    re.MULTILINE,
)


def declared_versions(tree: SourceTree) -> dict[str, set[str]]:
    """Return the versions of what is fetched, by each name that it is fetched by."""
    found: dict[str, set[str]] = {}
    for path in tree.files:
        name = posixpath.basename(path)
        if is_aside(path):
            continue
        if name == "CMakeLists.txt" or name.endswith(".cmake"):
            rows = _of_cmake(tree.text(path))
        elif name.endswith(".wrap"):
            rows = ((name.removesuffix(".wrap"), match[1]) for match in _WRAP.finditer(tree.text(path)))
        else:
            continue
        for title, version in rows:
            found.setdefault(title, set()).add(version)
    return found


def _of_cmake(text: str) -> Iterator[tuple[str, str]]:
    for call in _CALL.finditer(_COMMENT.sub("", text)):
        body = call[1]
        if short := _SHORT.search(body):
            yield short["name"], short["version"]
            continue
        version = _TAG.search(body) or _ADDRESS.search(body)
        if version is None:
            continue
        if name := _NAME.match(body):
            yield name[1], version[1]
        if repository := _REPOSITORY.search(body):
            yield posixpath.basename(repository[1].rstrip("/")).removesuffix(".git"), version[1]
