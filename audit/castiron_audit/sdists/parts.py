"""Finds the parts of others in a source distribution: folders and sources in folders for them, or with their license.

What it finds is in the sources; whether it is in the wheel is another question (`castiron_audit.sdists.proof`).
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit.license_files import LICENSE_FILE_NAME, NOTICES_NAME, is_own_license
from castiron_audit.names import is_of_tests, normalised, same_package
from castiron_audit.sdists.archive import CODE
from castiron_common.frozen import dataclass
from castiron_common.unpacking import UnusableArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from castiron_audit.sdists.archive import SourceTree

_OF_OTHERS = re.compile(
    r"(?:third|3rd)[-_]?part(?:y|ies)(?:[-_](?:libs?|src|sources?|code))?|_?vendor(?:ed|s)?|vendoring|_?extern(?:al|als|s)?|ext[-_]?libs?"
    r"|external[-_](?:libs?|libraries|code|sources?)|ext|deps?|subprojects|sub[-_]?modules|bundled|contribs?"
    r"|(?:\w+[-_])?dependencies",
    re.IGNORECASE,
)
"""Folders that projects put others' sources in."""
_NO_NAME = frozenset(
    (
        "include", "includes", "inc", "src", "source", "sources", "lib", "libs", "code", "c", "cpp", "cxx", "headers",
        "single_include", "single-include", "packagefiles", "cmake", "patches", "utils", "util", "common", "core",
        "licenses", "license", "python", "tools", "scripts", "doc", "docs", "examples", "example", "test", "tests",
        "build", "detail", "internal", "impl", "win32", "windows", "mac", "linux", "packagecache",
    )
)  # fmt: skip
"""Folders that do not name what is in them."""
_ASIDE = re.compile(
    r"(?:^|/)(?:tests?|testing|unittests?|examples?|samples?|demos?|docs?|documentation|bench(?:mark)?s?|fuzz(?:ing|er)?)/",
    re.IGNORECASE,
)
_VERSIONED = re.compile(
    r"(?P<name>[A-Za-z][\w.+-]*?)[-_.]?v?(?P<version>\d+(?:[._]\d+)+\w{0,8})(?:[-_](?:src|source))?"
)
_RELEASE = re.compile(r"[A-Za-z][\w.+]*(?:-[A-Za-z][\w.+]*)*-v?\d+\.\d+(?:\.\d+)*")
"""A folder as a release is unpacked into."""
_SUFFIX = re.compile(r"(?:[-_.](?:src|source|sources|master|main|git|repo|upstream|[0-9a-f]{7,40}))+$", re.IGNORECASE)
_LONGEST_TITLE = 80
"""Characters; the patterns take the square of the time for others' longer ones."""
_NOTICE = re.compile(rb"copyright|licen[sc]e|public domain", re.IGNORECASE)
_HEAD = 3000
_MOST_PARTS = 1000
_MOST_HEADS = 3
"""Heads of sources that are read where there is no license file."""
_TESTING = frozenset(
    ("doctest", "googletest", "gtest", "gmock", "googlemock", "catch", "catch2", "benchmark", "google-benchmark", "ut")
)
"""Projects that test others, and go into no wheel; they would be proven by what all of their kind have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourcePart:
    """The sources of one project in another one's source distribution."""

    name: str
    """As its folder or its only file is called, without a version."""
    version: str
    """That in the folder's name; empty if there is none."""
    folders: tuple[str, ...]
    """Where it lies, sorted: a part may have several copies."""
    sources: tuple[str, ...]
    """Its files that become machine code, sorted."""
    licenses: tuple[str, ...]
    """Its license files, sorted; for single files the file itself, if its head has a notice."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DividedSources:
    """A source distribution, divided: parts sorted by name, and the project's own sources."""

    parts: tuple[SourcePart, ...]
    own: tuple[str, ...]


def divided(tree: SourceTree, distribution: str) -> DividedSources:
    """Return whose the sources of a distribution are.  Raises `UnusableArchiveError` if there are too many parts."""
    roots = _roots(tree, distribution)
    keys = {root: normalised(_bare(title)) for root, title in roots.items()}
    if len(set(keys.values())) > _MOST_PARTS:
        raise UnusableArchiveError(f"its sources have more than {_MOST_PARTS} parts of others")
    single: dict[str, list[str]] = {}
    members: dict[str, list[str]] = {}
    own: list[str] = []
    for path in tree.files:
        if posixpath.splitext(path)[1].lower() not in CODE:
            continue
        root = _root_of(path, roots)
        if root is not None and same_package(roots[root], distribution):
            own.append(path)
        elif root is not None:
            members.setdefault(keys[root], []).append(path)
        elif (name := _single(path)) is not None and not same_package(name, distribution):
            single.setdefault(name, []).append(path)
        elif not _ASIDE.search(f"/{path}"):
            own.append(path)
    folders: dict[str, dict[str, str]] = {}
    for root, key in sorted(keys.items()):
        folders.setdefault(key, {})[root] = roots[root]
    licenses: dict[str, list[str]] = {}
    for path in tree.files:
        if _is_text_of_license(path) and (root := _root_of(path, roots)) is not None:
            licenses.setdefault(keys[root], []).append(path)
    parts = [
        _part(tree, key, folders[key], sources, licenses.get(key, []))
        for key, sources in members.items()
        if key not in _TESTING
    ]
    known = {normalised(part.name) for part in parts}
    parts += [
        SourcePart(
            name=name,
            version="",
            folders=tuple(sorted({posixpath.dirname(path) for path in sources})),
            sources=tuple(sorted(sources)),
            licenses=tuple(path for path in sorted(sources) if _NOTICE.search(tree.files[path][:_HEAD])),
        )
        for name, sources in single.items()
        if normalised(name) not in known | _TESTING
    ]
    return DividedSources(parts=tuple(sorted(parts, key=lambda part: part.name)), own=tuple(sorted(own)))


def _roots(tree: SourceTree, distribution: str) -> dict[str, str]:
    """Return the folders that hold others' projects, with the names of the folders that name them."""
    roots: dict[str, str] = {}
    for folder in sorted({posixpath.dirname(path) for path in _sources(tree)}):
        roots |= _vendored(folder)
        if not _ASIDE.search(f"/{folder}/"):
            roots |= _named(folder, distribution)
    own = {data for path, data in tree.files.items() if "/" not in path and is_own_license(path)}
    with_code = {folder for path in _sources(tree) for folder in _above(path)}
    for path in tree.files:
        folder, name = posixpath.split(path)
        if folder not in with_code or not _is_license(name) or is_of_tests(f"{path}") or _ASIDE.search(f"/{path}"):
            continue
        if not is_own_license(name):
            continue
        named = folder
        if tree.files[path] in own:
            continue  # The project's own license once more, in a folder of its own.
        while named and _bare(posixpath.basename(named)).lower() in _NO_NAME:
            named = posixpath.dirname(named)
        title = posixpath.basename(named)
        if title and not _OF_OTHERS.fullmatch(title) and not _is_called_as(title, distribution):
            roots.setdefault(named, title)
    return roots


def is_aside(path: str) -> bool:
    """Return whether a file is of tests, examples or documentation."""
    return _ASIDE.search(f"/{path}") is not None


def _sources(tree: SourceTree) -> Iterator[str]:
    return (path for path in tree.files if posixpath.splitext(path)[1].lower() in CODE)


def _above(path: str) -> Iterator[str]:
    """Yield the folders that a file lies in."""
    while path := posixpath.dirname(path):
        yield path


def _is_license(name: str) -> bool:
    return bool(LICENSE_FILE_NAME.search(name)) and not NOTICES_NAME.search(name)


def _vendored(folder: str) -> dict[str, str]:
    """Return the folders in folders for others' projects, on the way to this one."""
    found: dict[str, str] = {}
    segments = folder.split("/")
    inside = False
    for index, segment in enumerate(segments):
        if _OF_OTHERS.fullmatch(segment):
            inside = True
        elif inside and segment.lower() not in _NO_NAME:
            found["/".join(segments[: index + 1])] = segment
            inside = False
    return found


def _named(folder: str, distribution: str) -> dict[str, str]:
    """Return the folders on the way to this one that have a version in their names."""
    found: dict[str, str] = {}
    segments = folder.split("/")
    for index, segment in enumerate(segments):
        if len(segment) <= _LONGEST_TITLE and _RELEASE.fullmatch(segment) and not _is_called_as(segment, distribution):
            found["/".join(segments[: index + 1])] = segment
    return found


def _root_of(path: str, roots: Mapping[str, str]) -> str | None:
    """Return the innermost folder of others' projects that a file lies in."""
    folder = posixpath.dirname(path)
    while folder and folder not in roots:
        folder = posixpath.dirname(folder)
    return folder or None


def _single(path: str) -> str | None:
    """Return the name of a project of one file: in a folder for others' that is not divided."""
    folder, name = posixpath.split(path)
    segments = [segment for segment in folder.split("/") if segment.lower() not in _NO_NAME]
    return posixpath.splitext(name)[0] if segments and _OF_OTHERS.fullmatch(segments[-1]) else None


def _versioned(title: str) -> re.Match[str] | None:
    return _VERSIONED.fullmatch(title) if len(title) <= _LONGEST_TITLE else None


def _bare(title: str) -> str:
    match = _versioned(title)
    return _SUFFIX.sub("", match["name"] if match else title) or title


def _is_called_as(title: str, distribution: str) -> bool:
    """Return whether a folder is called as the project: its name with or without what bindings add to it."""
    return _core(title) == _core(distribution)


def _core(name: str) -> str:
    core = re.sub(r"[^a-z0-9]", "", _bare(name).lower())
    return re.sub(r"^(?:py|lib|python|c)+|(?:py|python|lib|src|source|c|cpp|core|ext)+$", "", core) or core


def _is_text_of_license(path: str) -> bool:
    return (
        _is_license(posixpath.basename(path))
        and posixpath.splitext(path)[1].lower() not in CODE
        and not is_of_tests(path)
    )


def _part(
    tree: SourceTree, key: str, folders: Mapping[str, str], sources: list[str], licenses: list[str]
) -> SourcePart:
    titles = list(folders.values())
    versions = {match["version"].replace("_", ".") for title in titles if (match := _versioned(title))}
    top = [path for path in licenses if any(_is_at_top(path, folder) for folder in folders)]
    own = [path for path in top if is_own_license(posixpath.basename(path))]
    heads = [path for path in sources if _NOTICE.search(tree.files[path][:_HEAD])]
    heads.sort(key=lambda path: (key not in normalised(posixpath.basename(path)), path.count("/"), path))
    return SourcePart(
        name=_bare(titles[0]),
        version=versions.pop() if len(versions) == 1 else "",
        folders=tuple(folders),
        sources=tuple(sorted(sources)),
        licenses=tuple(own or top or heads[:_MOST_HEADS]),
    )


def _is_at_top(path: str, folder: str) -> bool:
    below = posixpath.dirname(path).removeprefix(folder).strip("/")
    return below == "" or all(segment.lower() in _NO_NAME for segment in below.split("/"))
