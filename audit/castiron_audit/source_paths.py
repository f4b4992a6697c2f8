"""Finds libraries in a shared object by names that every build leaves: paths of sources, and C++ namespaces.

Assertions, messages and debug information have the paths of the files they were compiled from.  Builds fetch libraries
into folders that are named after them: ``_deps/NAME-src`` (CMake's FetchContent), ``third_party/NAME``,
``NAME-1.2.3/`` (an unpacked archive), ``buildtrees/NAME/src`` (vcpkg), ``.conan/data/NAME/1.2.3`` and
``.conan2/p/b/NAME`` with a hash (Conan); folders called ``libNAME`` hold that library.
Mangled names have the namespace with its length: ``N8tinyxml2`` (Itanium C++ ABI, 5.1).  Only libraries that the
catalogue knows by exactly that name are found so.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.collected_licenses import library_names, namespaces
from castiron_audit.library_strings import known_strings
from castiron_audit.tables import table
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_MOST_LOOKS = 200_000
"""Places of one text that are looked at."""
_SHORTEST_NAMESPACE = 4
_SHORTEST_COLLECTED = 4
_BARE = b"external/"
_BEFORE_BARE = b"/\0"
"""Bazel's paths begin with it."""
_NAME = re.compile(r"[a-z][a-z0-9_+-]{1,40}")
_FOLDERS = (
    b"_deps/",
    b"third_party/",
    b"thirdparty/",
    b"third-party/",
    b"3rdparty/",
    b"cextern/",
    b"external/",
    b"/vendor/",
    b"deps/src/",
    b"subprojects/",
)
_FOLDER = re.compile(
    rb"(?:_deps|third_party|thirdparty|third-party|3rdparty|cextern|external|/vendor|deps/src|subprojects)"
    rb"/([A-Za-z_][A-Za-z0-9_+~-]{1,80}?)(?:-(?:src|subbuild|build))?(?:[-_~+]v?(\d{1,8}(?:\.\d{1,5}){1,3})[\w.]{0,12})?[~+]?"
    rb"/([^\0\"\n]{0,200})"
)
_OWNER = re.compile(rb"(?:com|org|net|io|dev)_(?:(?:github|gitlab)_[a-z0-9]+_|google_)?(?=[a-z])")
"""What Bazel's rules put before the name of a project: ``com_google_absl``, ``com_github_grpc_grpc``."""
_EXTENSION = re.compile(rb"^[\w.-]+(?:\+\+|~~?)[\w.-]+[+~](?=[a-z])")
"""What Bazel's modules put before it, if an extension of a module fetches it: ``xla++third_party_ext+riegeli``.

Source: Bazel, "External dependencies", canonical repository names.
"""
_VCPKG = b"buildtrees/"
_PORT = re.compile(
    rb"buildtrees/([a-z0-9][a-z0-9-]{1,40}?)/src/(?:[a-z]{0,8}-?v?(\d{1,4}(?:[._]\d{1,5}){1,3})|[^/\0\n]{1,60})[^/\0\n]{0,40}/"
)
"""Where vcpkg builds a port: ``buildtrees/sdl2/src/se-2.30.11-e9693b8e70.clean/``."""
_CONAN = b".conan/data/"
_PACKAGE = re.compile(
    rb"\.conan/data/([a-z0-9_][a-z0-9_+.-]{1,100})/(?:cci\.)?v?([A-Za-z0-9_+.-]{1,50})/[^/\0\n]{1,50}/[^/\0\n]{1,50}"
    rb"/(?:source|build/[0-9a-f]{40})/"
)
"""Where Conan 1 builds a package: ``.conan/data/zlib/1.2.13/_/_/build/HASH/src/inflate.c``."""
_CONAN_2 = b".conan2/p/"
_CUT_PACKAGE = re.compile(rb"\.conan2/p/(?:b/)?([a-z0-9_+.-]{1,5})[0-9a-f]{13}/[bs]/")
"""Where Conan 2 does: five letters of the name and a hash.  Source: conan/internal/cache/cache.py, PkgCache."""
_CUT = 5
_NUMBERS = re.compile(r"\d{1,4}(?:\.\d{1,5}){1,3}[a-z]?")
_COMPILED = re.compile(rb"[\w./+@-]{1,200}?\.(?:c|cc|cpp|cxx|vala|[fF](?:90)?)\b")
_SHORTEST_FOLDER = 6
"""Letters of a name that begins with "lib", for a folder of that name to say enough."""
_SHORTEST_COMPOUND = 8
"""The same of a name with a hyphen."""
_LENGTH = re.compile(rb"N(\d{1,2})\Z")
_VERSION = re.compile(rb"[-_](?:v|version-|rel-|release-)?(\d{1,8}(?:[._]\d{1,5}){1,3}[a-z]?)(?:[-.][0-9a-z.]{1,24})?/")
_SOURCE = re.compile(rb"[^\0\n]{1,200}?\.(?:c|cc|cpp|cxx|h|hh|hpp|inc|inl|S|asm|[fF](?:90)?)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A library that a path or a namespace names."""

    library: str
    """Its name in the catalogue."""
    version: str
    proof: str


@cache
def _ports() -> Mapping[bytes, str]:
    """Return the libraries by the names that they have in collections of ports, in lower case."""
    names: dict[bytes, str] = {}
    for row in table("libraries")["library"]:
        for name in (row["name"], *row.get("aliases", ())):
            if _NAME.fullmatch(name):
                names.setdefault(name.encode(), row["name"])
    return names


@cache
def _names() -> Mapping[bytes, str]:
    """Return the libraries by the names that their folders have, in lower case."""
    no_names = {name.encode() for name in table("libraries")["not_folders"]}
    return {name: library for name, library in _ports().items() if name not in no_names}


@cache
def _collected() -> Mapping[bytes, str]:
    """Return further libraries by the names that their folders have: those that link like libraries, not programs."""
    no_names = {*table("libraries")["not_folders"], *table("libraries")["not_collected"]}
    return {
        name.encode(): name
        for name, expression in library_names().items()
        if len(name) >= _SHORTEST_COLLECTED and name not in no_names and not expression.startswith(("GPL", "AGPL"))
    }


def _port(name: bytes) -> str | None:
    """Return the library of a port or package of a manager of packages."""
    return _ports().get(name) or _collected().get(name)


def _library_of_folder(name: bytes) -> str | None:
    """Return the library that a folder of others' sources is called as; Bazel writes hyphens as underscores."""
    lowered = name.lower()
    lowered = _EXTENSION.sub(b"", lowered)
    bare = lowered[match.end() :] if (match := _OWNER.match(lowered)) else lowered
    for written in dict.fromkeys((lowered, bare, lowered.replace(b"_", b"-"), bare.replace(b"_", b"-"))):
        if library := _names().get(written) or _collected().get(written):
            return library
    return None


@cache
def _versioned() -> Mapping[bytes, str]:
    """Return the beginnings of paths of unpacked archives: ``/json-c-`` of json-c 0.18, ``/eigen_`` of eigen_3.4.0.

    Some are in capitals: ``/SDL2-2.30.7``.
    """
    return {
        b"/" + written + mark: library
        for name, library in _names().items()
        for written in (name, name.upper())
        for mark in (b"-", b"_")
    }


@cache
def approved_namespaces() -> Mapping[bytes, str]:
    """Return the namespaces that a person found to be a library's own."""
    found = dict(known_strings().namespaces) | {name.encode(): library for name, library in namespaces().items()}
    return found | {
        name.encode(): library for name, library in table("known_libraries")["versioned_namespaces"].items()
    }


@cache
def likely_namespaces() -> Mapping[bytes, str]:
    """Return the namespaces that are called as a library, in whatever letters."""
    return {
        name.replace(b"-", b"_"): library
        for name, library in {**_collected(), **_names()}.items()
        if len(name) >= _SHORTEST_NAMESPACE and re.fullmatch(rb"[a-z][\w-]*", name)
    }


@cache
def _namespaces() -> Mapping[bytes, str]:
    """Return the beginnings of mangled names in a namespace that is a library's own, or called as it."""
    found = {_mangled(name): library for name, library in known_strings().namespaces.items()}
    found |= {_mangled(name.encode()): library for name, library in namespaces().items()}
    for folder, library in _names().items():
        name = folder.replace(b"-", b"_")
        if len(name) >= _SHORTEST_NAMESPACE and re.fullmatch(rb"[a-z]\w*", name):
            # Inside another namespace it is that one's copy: ICU's double_conversion, libstdc++'s fast_float.
            found[_mangled(name)] = library
    return found


@cache
def _versioned_namespaces() -> Mapping[bytes, tuple[re.Pattern[bytes], str]]:
    """Return the beginnings of namespaces that have the version in their names: ``N9Imath_3_2``."""
    return {
        f"{name}_".encode(): (re.compile(rb"%s_v?(\d{1,3}(?:_\d{1,3}){1,2})" % name.encode()), library)
        for name, library in table("known_libraries")["versioned_namespaces"].items()
    }


def _mangled(namespace: bytes) -> bytes:
    return b"N" + str(len(namespace)).encode() + namespace


@cache
def _lib_folders() -> Mapping[bytes, str]:
    """Return the folders called as a library whose name is no common word: ``libmaxminddb/``, ``json-glib/``."""
    return {
        name + b"/": library
        for name, library in _names().items()
        if len(name) >= (_SHORTEST_FOLDER if name.startswith(b"lib") else _SHORTEST_COMPOUND if b"-" in name else 99)
    }


def _cut_name(cut: bytes, file: bytes) -> str | None:
    """Return the library of a package of which five letters are known: the path of its source has all of its name."""
    if len(cut) < _CUT:
        return _ports().get(cut)
    words = frozenset(re.findall(rb"[a-z0-9+-]+", file.lower()))
    found = {library for name, library in _ports().items() if name[:_CUT] == cut and name in words}
    return found.pop() if len(found) == 1 else None


def texts() -> Iterable[bytes]:
    """Return the texts that show where to look, for a search of all at once."""
    return (
        *_FOLDERS,
        _VCPKG,
        _CONAN,
        _CONAN_2,
        *_lib_folders(),
        *_versioned(),
        *_namespaces(),
        *_versioned_namespaces(),
    )


def named_folders(data: bytes, offsets: Mapping[bytes, list[int]]) -> set[tuple[str, str]]:
    """Return name and version of the folders of others' sources that have both in their names."""
    found: set[tuple[str, str]] = set()
    for text in _FOLDERS:
        for offset in offsets.get(text, ())[:_MOST_LOOKS]:
            match = _FOLDER.match(data, offset)
            if match and match[2] and _SOURCE.match(match[3]):
                found.add((match[1].decode(), match[2].decode()))
    return found


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
            if text == _BARE and offset and data[offset - 1] not in _BEFORE_BARE:
                continue
            if match and (library := _library_of_folder(match[1])) and _SOURCE.match(match[3]):
                add(library, (match[2] or b"").decode(), match[0])
    for offset in offsets.get(_VCPKG, ())[:_MOST_LOOKS]:
        match = _PORT.match(data, offset)
        if match and (library := _port(match[1])) and _SOURCE.match(data, match.end()):
            add(library, (match[2] or b"").decode().replace("_", "."), match[0])
    for offset in offsets.get(_CONAN, ())[:_MOST_LOOKS]:
        match = _PACKAGE.match(data, offset)
        if match and (library := _port(match[1])) and _COMPILED.match(data, match.end()):
            version = match[2].decode()
            add(library, version if _NUMBERS.fullmatch(version) else "", match[0])
    for offset in offsets.get(_CONAN_2, ())[:_MOST_LOOKS]:
        match = _CUT_PACKAGE.match(data, offset)
        if match and (file := _COMPILED.match(data, match.end())) and (library := _cut_name(match[1], file[0])):
            add(library, "", data[offset : file.end()])
    for text, library in _lib_folders().items():
        for offset in offsets.get(text, ())[:_MOST_LOOKS]:
            before = data[offset - 1 : offset]
            # Sources that were compiled, not headers: those of a library that is loaded stand there, too.
            if before in (b"/", b"\0", b"") and (match := _COMPILED.match(data, offset + len(text))):
                add(library, "", text + match[0])
                break
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
    for text, (pattern, library) in _versioned_namespaces().items():
        for offset in offsets.get(text, ())[:_MOST_LOOKS]:
            length = _LENGTH.search(data, max(0, offset - 3), offset)
            if length and (match := pattern.fullmatch(data, offset, offset + int(length[1]))):
                add(library, "", match[0])
                break
    return tuple(found[name] for name in sorted(found))


def namespace_versions(data: bytes, offsets: Mapping[bytes, list[int]]) -> Mapping[str, str]:
    """Return the versions that namespaces have in their names, by library: the first two numbers of them."""
    found: dict[str, set[str]] = {}
    for text, (pattern, library) in _versioned_namespaces().items():
        for offset in offsets.get(text, ())[:_MOST_LOOKS]:
            length = _LENGTH.search(data, max(0, offset - 3), offset)
            if length and (match := pattern.fullmatch(data, offset, offset + int(length[1]))):
                found.setdefault(library, set()).add(match[1].decode().replace("_", "."))
                break
    return {library: versions.pop() for library, versions in found.items() if len(versions) == 1}
