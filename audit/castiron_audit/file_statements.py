"""Reads in license files which licenses they state for single files of a distribution, and whether those go in.

License files say that parts are under another license than the rest: "docutils/utils/roman.py ... released under the
Zope Public License", "Portions of this package (magic/compat.py) are distributed under the following copyright notice",
"some Python files are PSF licensed. These files are: ...".  Metadata have room for one license and do not name those of
such parts.  Other files that are named are not in the wheel at all: tests, tools, support for editors.
"""

from __future__ import annotations

import posixpath
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.license_rules.index import Kind
from castiron_audit.license_rules.kept import licenses_of
from castiron_audit.names import normalised
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_COMPILED = r"pyx|pxd|c|cc|cpp|cxx|h|hh|hpp|hxx|inc|rs|go|f|f90|S|asm"
_READ = r"pyi?|el|sh|bat|ps1|js|mjs|ts|css|sty|tex|html?|php|pl|rb|lua|vim|java|m4|cmake"
_PATH = r"(?:[\w.*\\-]+/)*[\w*-][\w.*\\-]*"
_FILE = re.compile(rf"(?<![\w/:.@*\\-])(?P<path>{_PATH}\.(?:{_COMPILED}|{_READ}))(?![\w/-]|\.\w)")
_FOLDER = re.compile(r"(?:the )?(?:directory|folder) [\"'`]*(?P<path>\w[\w.-]*/)[\"'`]*(?=[\s.,;)]|$)")
_SUFFIX = re.compile(rf"\.(?:{_COMPILED}|{_READ})(?![\w/-]|\.\w)")
"""What `_FILE` ends with: few lines have it, and it is found many times as fast."""
_SOURCE_OF_MACHINE_CODE = re.compile(rf"\.(?:{_COMPILED})$")
_RULE = re.compile(r"^\s*(?:-{4,}|={4,}|\*{4,}|_{4,}|#{4,})\s*$")
_NEAR = 12
"""Lines from the names of files to the license that is stated for them, which may be below a copyright notice."""
_STATING = re.compile(
    r"licen[sc]e|copyright|public domain|released under|distributed under|derived|taken", re.IGNORECASE
)
_TOLD = frozenset({Kind.TEXT, Kind.NOTICE, Kind.REFERENCE, Kind.TAG})


@dataclass(frozen=True, slots=True, kw_only=True)
class FileStatements:
    """What a license file says of the licenses of single files."""

    names_included: bool = False
    """True if it states something for files that go in: then the licenses that it has are those of parts, too."""
    of_others: frozenset[str] = frozenset()
    """Licenses that it states for files only of which none goes in."""
    of_all: tuple[str, ...] = ()
    """Licenses that it states for a folder that has the whole distribution, in their order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Named:
    """Files that are named in adjoining lines."""

    first: int
    last: int
    """Lines, counted from 1."""
    included: bool
    whole: bool
    """True for the folder of the whole distribution."""
    elsewhere: bool
    """True if they are surely not in the distribution itself: sources of machine code go in without their names."""


def file_statements(text: str, included: frozenset[str], parts: frozenset[str] = frozenset()) -> FileStatements:
    """Return what a license file states for single files.

    ``included`` are the paths that go in, relative to site-packages; ``parts`` are the normalised names of third-party
    components, which have rows and licenses of their own: "simdjson.cpp and simdjson.h are under ..." is about one.
    """
    lines = text.splitlines()
    groups = _groups(lines, included, parts)
    if not groups:
        return FileStatements()
    stated: dict[str, list[_Named | None]] = {}
    for item in licenses_of(text).found:
        expression = expressions.normalise(item.expression) if item.specific and item.kind in _TOLD else None
        if expression is not None and not item.exception:
            stated.setdefault(expression, []).append(_governing(lines, groups, item.line))
    others = {
        expression
        for expression, named in stated.items()
        if all(group is not None and group.elsewhere for group in named)
    }
    return FileStatements(
        names_included=any(group.included and not group.whole and _states(lines, group) for group in groups),
        of_others=frozenset(others),
        of_all=tuple(
            expression for expression, named in stated.items() if any(group and group.whole for group in named)
        ),
    )


def _groups(lines: Sequence[str], included: frozenset[str], parts: frozenset[str]) -> list[_Named]:
    top = _top_folder(included)
    groups: list[_Named] = []
    for number, line in enumerate(lines, 1):
        names = [match["path"].replace("\\", "") for match in _FILE.finditer(line)] if _SUFFIX.search(line) else []
        whole = "/" in line and any(match["path"] == top for match in _FOLDER.finditer(line))
        if not names and not whole:
            continue
        named = _Named(
            first=number,
            last=number,
            included=whole or any(_goes_in(name, included) for name in names),
            whole=whole,
            elsewhere=not whole and all(_is_elsewhere(name, included, parts) for name in names),
        )
        if groups and groups[-1].last >= number - 1 and not whole and not groups[-1].whole:
            before = groups.pop()
            named = _Named(
                first=before.first,
                last=number,
                included=before.included or named.included,
                whole=False,
                elsewhere=before.elsewhere and named.elsewhere,
            )
        groups.append(named)
    return groups


def _top_folder(included: Iterable[str]) -> str | None:
    """Return the one folder that all modules and files are in, None if there are several."""
    tops = {path.partition("/")[0] for path in included if "/" in path}
    packages = {top for top in tops if not top.endswith((".dist-info", ".libs", ".data"))}
    return f"{packages.pop()}/" if len(packages) == 1 else None


def _goes_in(name: str, included: frozenset[str]) -> bool:
    """Return whether a file goes in, which is named with its folder, or with those of the sources above it."""
    if name in included:
        return True
    if "/" not in name:
        return any(posixpath.basename(path) == name for path in included) and name != "__init__.py"
    if "*" in name:
        return any(fnmatchcase(path, name) for path in included)
    return any(name.endswith(f"/{path}") for path in included if "/" in path)


def _is_elsewhere(name: str, included: frozenset[str], parts: frozenset[str]) -> bool:
    if normalised(posixpath.basename(name).partition(".")[0]) in parts:
        return True
    return not _goes_in(name, included) and not _SOURCE_OF_MACHINE_CODE.search(name)


def _governing(lines: Sequence[str], groups: Sequence[_Named], line: int) -> _Named | None:
    """Return the files for which a license is stated: a list that its paragraph announces, or those before it."""
    end = line
    while end < len(lines) and lines[end].strip() and _named_at(groups, end + 1) is None:
        end += 1
    # ``end`` is the number of the paragraph's last line.
    if lines[end - 1].rstrip().endswith(":"):
        for group in groups:
            if end < group.first <= end + 3:
                return group
    before = [group for group in groups if group.first <= line]
    if not before or line - before[-1].last > _NEAR:
        return None
    between = lines[before[-1].last : line - 1]
    return None if any(map(_RULE.match, between)) else before[-1]


def _named_at(groups: Sequence[_Named], line: int) -> _Named | None:
    return next((group for group in groups if group.first <= line <= group.last), None)


def _states(lines: Sequence[str], group: _Named) -> bool:
    """Return whether the lines around names of files state something on licenses."""
    return _STATING.search("\n".join(lines[max(0, group.first - 6) : group.last + 6])) is not None
