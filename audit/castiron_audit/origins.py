"""Reads whose a source file was in its first lines: "Taken from https://github.com/x/y", "This file is part of Y".

Nothing prescribes such words; the usual ones are understood, and a name counts only where it cannot be another word: in
an address of a project, or behind "This file is part of".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEAD = 6000
"""Bytes in which the comments at the start of a file stand."""
_COMMENTS = re.compile(r"\ufeff?(?:(?:[ \t]*(?:#[^\n]*)?|from __future__ import [^\n]*)\r?\n)*")
_DOCUMENTATION = re.compile(r"[rRuUbB]{0,2}(\"\"\"|''')([\s\S]*?)(?:\1|\Z)")
_MARK = re.compile(r"^[ \t]*#+[ \t]?", re.MULTILINE)
_VERBS = (
    "taken|adapted|borrowed|copied|vendored|lifted|ported|derived|extracted|backported|forked|modified|based|imported"
    "|included|reproduced|pulled|stolen|cloned|bundled|originates|originated|comes"
)
_PLACE = re.compile(
    rf"\b(?:(?:{_VERBS})\b[^.\n]{{0,60}}?\b(?:from|on|of|at)|(?:copy|fork|port|backport|version) of"
    r"|(?:original|upstream)(?:ly)?(?:\s+(?:code|source|version|file|project|script|implementation|from|at|by|is)){0,2}"
    r"|^[ \t]*(?:source|origin|url|home ?page|project|repository))\s*:?\s",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(
    r"https?://(?:www\.)?(?:"
    r"(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org|raw\.githubusercontent\.com)/(?P<owner>[\w.-]+)/(?P<repository>[\w.-]+)"
    r"|pypi\.(?:python\.)?org/(?:project|pypi|simple)/(?P<index>[\w.-]+)"
    r"|code\.google\.com/p/(?P<google>[\w.-]+)"
    r"|(?:www\.)?sourceforge\.net/projects/(?P<forge>[\w.-]+)"
    r"|(?P<documentation>[\w-]+)\.(?:readthedocs\.(?:io|org)|sourceforge\.(?:net|io)))"
)
_NEAR = 200
"""Characters behind the words in which the address stands."""
_PART_OF = re.compile(
    r"\b(?:This (?:file|module|program|source|code)|It) is (?:a )?part of (?:the )?"
    r"[\"'`*]{0,2}(?P<name>[A-Za-z][\w.+-]*[\w+])[\"'`*]{0,2}"
    r"(?: (?:project|library|package|software|distribution|toolkit)\b)?(?=[\s.,;:(<]|$)"
)
_NAMED = re.compile(
    rf"\b(?:(?:{_VERBS})\b[^.\n]{{0,60}}?\bfrom|(?:copy|fork|port|backport|version) of) (?:the )?"
    r"(?:v?(?P<version>\d+(?:\.\d+)+) )?[\"'`*]{0,2}(?P<name>[A-Za-z][\w.+-]*[\w+])[\"'`*]{0,2}"
    r"(?: v?(?P<behind>\d+(?:\.\d+)+))? (?:project|library|package|module|distribution|source|sources|code)\b",
    re.IGNORECASE,
)
"""A name that is followed by what it is the name of."""
_NO_PROJECTS = frozenset(
    {
        "a",
        "an",
        "any",
        "another",
        "below",
        "c",
        "c++",
        "example",
        "existing",
        "external",
        "following",
        "fortran",
        "free",
        "internal",
        "its",
        "java",
        "javascript",
        "legacy",
        "my",
        "new",
        "old",
        "open",
        "original",
        "other",
        "our",
        "parent",
        "pure",
        "python",
        "reference",
        "same",
        "sample",
        "some",
        "source",
        "standard",
        "stdlib",
        "that",
        "their",
        "this",
        "upstream",
        "various",
        "your",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Whose a file, or a part of it, was."""

    name: str
    """Of the project, as the file writes it."""
    place: int
    """Where in the first lines the words that tell it begin."""
    member: bool
    """True if the whole file is said to be a part of the project."""
    version: str = ""
    """Empty if the words do not have it."""


def head_of(source: bytes) -> str:
    """Return the comments at the start of a source file in Python and its documentation, without their marks."""
    text = source[:_HEAD].decode("utf-8", "replace")
    parts, place = [], 0
    comments = _COMMENTS.match(text)
    if comments is not None:
        parts.append(comments[0])
        place = comments.end()
    if (documented := _DOCUMENTATION.match(text, place)) is not None:
        parts.append(documented[2])
        if (more := _COMMENTS.match(text, documented.end())) is not None:
            parts.append(more[0])
    return "\n".join(line.rstrip() for line in _MARK.sub("", "\n".join(parts)).splitlines()).strip()


def origins(head: str) -> Iterator[Origin]:
    """Yield the projects that the first lines name as those that the file, or a part of it, was taken from."""
    copied = list({origin.name.lower(): origin for origin in reversed(list(_copied_from(head)))}.values())[::-1]
    yield from copied
    # Who copied it says more than the notice that it had.
    part = None if copied else _PART_OF.search(head)
    if part is not None and part["name"].lower() not in _NO_PROJECTS:
        yield Origin(name=part["name"], place=part.start(), member=True)


def _copied_from(head: str) -> Iterator[Origin]:
    for match in _NAMED.finditer(head):
        if match["name"].lower() not in _NO_PROJECTS:
            version = match["version"] or match["behind"] or ""
            yield Origin(name=match["name"], place=match.start(), member=False, version=version)
    for place in _PLACE.finditer(head) if "://" in head else ():
        address = _ADDRESS.search(head, place.end(), place.end() + _NEAR)
        # An address of a later paragraph is about something else.
        if address is not None and "\n\n" not in head[place.end() : address.start()]:
            yield Origin(name=_project(address), place=place.start(), member=False)


def projects_in(text: str) -> set[str]:
    """Return the projects whose addresses stand in a text."""
    return {_project(address) for address in _ADDRESS.finditer(text)}


def _project(address: re.Match[str]) -> str:
    name = next(value for key, value in address.groupdict().items() if value and key != "owner")
    return name.rstrip(".").removesuffix(".git")
