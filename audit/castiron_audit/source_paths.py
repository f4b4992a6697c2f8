"""Finds libraries in a shared object by names that every build leaves: paths of sources, and C++ namespaces.

Assertions, messages and debug information have the paths of the files they were compiled from.  Builds fetch libraries
into folders that are named after them: ``_deps/NAME-src`` (CMake's FetchContent), ``third_party/NAME``,
``NAME-1.2.3/`` (an unpacked archive).  Mangled names have the namespace with its length: ``N8tinyxml2`` (Itanium C++
ABI, 5.1).  Only libraries that the catalogue knows by exactly that name are found so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_LOOKS = 200_000
"""Places of one text that are looked at."""
_SHORTEST_NAMESPACE = 4
_NAME = re.compile(r"[a-z][a-z0-9_+-]{1,40}")
_FOLDERS = (
    b"_deps/",
    b"third_party/",
    b"thirdparty/",
    b"third-party/",
    b"3rdparty/",
    b"cextern/",
    b"/external/",
    b"/vendor/",
    b"deps/src/",
)
_FOLDER = re.compile(
    rb"(?:_deps|third_party|thirdparty|third-party|3rdparty|cextern|/external|/vendor|deps/src)"
    rb"/([A-Za-z][A-Za-z0-9_+-]{1,40}?)(?:-(?:src|subbuild|build))?(?:[-_]v?(\d{1,4}(?:\.\d{1,5}){1,3}))?/([^\0\"\n]{0,200})"
)
_VERSION = re.compile(rb"[-_](?:v|version-)?(\d{1,4}(?:[._]\d{1,5}){1,3}[a-z]?)(?:[-.][0-9a-z.]{1,24})?/")
_SOURCE = re.compile(rb"[^\0\n]{1,200}?\.(?:c|cc|cpp|cxx|h|hh|hpp|inc|inl|S|asm)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A library that a path or a namespace names."""

    library: str
    """Its name in the catalogue."""
    version: str
    proof: str


@cache
def _names() -> Mapping[bytes, str]:
    """Return the libraries by the names that their folders have, in lower case."""
    rows = table("libraries")
    names: dict[bytes, str] = {}
    for row in rows["library"]:
        for name in (row["name"], *row.get("aliases", ())):
            if _NAME.fullmatch(name) and name not in rows["not_folders"]:
                names.setdefault(name.encode(), row["name"])
    return names


@cache
def _versioned() -> Mapping[bytes, str]:
    """Return the beginnings of paths of unpacked archives: ``/json-c-`` of json-c 0.18."""
    return {b"/" + name + b"-": library for name, library in _names().items()}


@cache
def _namespaces() -> Mapping[bytes, str]:
    """Return the beginnings of mangled names in a namespace that is called as the library."""
    found = {}
    for folder, library in _names().items():
        name = folder.replace(b"-", b"_")
        if len(name) >= _SHORTEST_NAMESPACE and re.fullmatch(rb"[a-z]\w*", name):
            # Inside another namespace it is that one's copy: ICU's double_conversion, libstdc++'s fast_float.
            found[b"N" + str(len(name)).encode() + name] = library
    return found


def texts() -> Iterable[bytes]:
    """Return the texts that show where to look, for a search of all at once."""
    return (*_FOLDERS, *_versioned(), *_namespaces())


def named_libraries(data: bytes, offsets: Mapping[bytes, list[int]]) -> tuple[Named, ...]:
    """Return what the paths and namespaces at the given places name, each library once, sorted."""
    found: dict[str, Named] = {}

    def add(library: str, version: str, proof: bytes) -> None:
        known = found.get(library)
        if known is None or (version and not known.version):
            shown = " ".join(proof.decode("ascii", "replace").split())[:60]
            found[library] = Named(library=library, version=version or (known.version if known else ""), proof=shown)

    for text in _FOLDERS:
        for offset in offsets.get(text, ())[:_MOST_LOOKS]:
            match = _FOLDER.match(data, offset)
            if match and (library := _names().get(match[1].lower())) and _SOURCE.match(match[3]):
                add(library, (match[2] or b"").decode(), match[0])
    for text, library in _versioned().items():
        for offset in offsets.get(text, ())[:_MOST_LOOKS]:
            match = _VERSION.match(data, offset + len(text) - 1)
            if match and _SOURCE.match(data, match.end()):
                add(library, match[1].decode().replace("_", "."), data[offset + 1 : match.end()])
    for text, library in _namespaces().items():
        for offset in offsets.get(text, ())[:_MOST_LOOKS]:
            # What follows a namespace is another name with its length, or a template's arguments.
            if data[offset + len(text) : offset + len(text) + 1].isdigit():
                add(library, "", text)
                break
    return tuple(found[name] for name in sorted(found))
