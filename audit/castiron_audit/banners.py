"""Reads the comments that scripts and style sheets keep of the projects they came from: name, version, license.

Minifiers keep comments that begin with ``/*!`` or contain ``@license`` or ``@preserve``; webpack's terser plugin moves
them to ``NAME.js.LICENSE.txt``.  Nothing prescribes their form; the usual ones are understood.
"""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_LONGEST = 4000
"""Bytes of a comment; a longer one is no banner."""
_HEAD = 16 << 10
"""Bytes of a script with its first lines."""
NOTICES_OF_ESBUILD = b"Bundled license information:"
"""Begins the comment in which esbuild collects the notices of what it bundled."""
_LONGEST_LIST = 256 << 10
"""Bytes of esbuild's list."""
_LISTED = re.compile(r"^((?:@[\w.~-]+/)?[\w.~-]+)/\S+:$", re.MULTILINE)
"""The file of a package whose notices follow, relative to ``node_modules``."""
_NOTICE = re.compile(r"\(\*+!?(.*?)\*\)", re.DOTALL)
"""A comment in esbuild's list, where parentheses stand for slashes."""
_MODELINE = re.compile(r"^(?:vim?|ex): ?|^-\*-.*-\*-$")
"""What editors read."""
_MARK = b"/*!"
_VERSIONS = tuple(b" v%d" % digit for digit in range(10))
_TAGS = (b"@licen", b"@preserve")
_TAG = re.compile(rb"@(?:license|licence|preserve)\b")
_NAMED = re.compile(r"/\*\*?[ \t]*(?:\n[ \t]*\*?[ \t]*)?[A-Za-z@][\w. -]{1,40}? v\d+\.\d+\.\d+\b")
_LONGEST_VERSION = 60
_IS_BANNER = re.compile(r"licen[sc]e|copyright|\(c\)|©|\bMIT\b", re.IGNORECASE)
_SHORT = re.compile(r"(?:https?://[\w.]+/)?(?:@[\w.-]+/)?[A-Za-z][\w.-]* v?\d+\.\d+\.\d+(?: .{0,40})?$")
"""All that some projects put there: a name of one word, and the version."""
_SHORT_LINE = re.compile(r"[A-Za-z@][\w./-]{2,40} (?:v|version )\d+\.\d+(?:\.\d+)?[ \t]*$", re.MULTILINE)
"""``svg-pan-zoom v3.5.1`` as the first line."""
_HEAD_OF_LINES = re.compile(r"\ufeff?\s{0,20}(?:[ \t]{0,20}//[^\n]{0,300}(?:\n|$)){1,12}")
"""A comment of lines at the start of a file, as scripts without a minifier's marks have it."""
_LEADING = re.compile(
    r"^(?:@(?:license|licence|preserve|overview|module|name|fileoverview)\b[ :]*|(?:based on|adapted from) )+",
    re.IGNORECASE,
)
_HOST = re.compile(r"^https?://[\w.]+/(?=[\w.-]+ v?\d)")
"""``https://mths.be/punycode v1.4.1``"""
_NUMBER = r"v?(?P<version>\d+\.\d+(?:\.\d+)*(?:-[\w.]+)?)"
_NAME = r"(?P<name>@?[A-Za-z][\w./-]*(?: (?!v?\d)[A-Za-z][\w.-]*){0,4}?)"
_NAME_AND_VERSION = re.compile(
    rf"{_NAME}(?: javascript library| plugin| \(fork\))?,?[ :(-]{{0,3}}(?:version[ :]*)?{_NUMBER}", re.IGNORECASE
)
_NAME_ALONE = re.compile(
    rf"{_NAME}(?:\s*(?:$|<|\(|\||--|,|©)|\s+[-–]\s|\.\s|\s+(?:is\s+)?(?:licensed|released|distributed)\b|:\s+(?=[A-Z]))",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"\.\s+(?=[A-Z])")
_ONE_WORD = re.compile(r"@?[A-Za-z][\w.-]*(?:/[\w.-]+)?")
_TAGGED_VERSION = re.compile(r"@version[ \t:]+v?(\d+\.\d+(?:\.\d+)*)")
_VERSION = re.compile(
    r"(?<!License, )(?<!License )\bversion\s*:?\s*[\"']?v?(\d+\.\d+(?:\.\d+)*)|\s[-–]\s+v?(\d+\.\d+\.\d+)\s*$"
    r"|^v\.? ?(\d+\.\d+\.\d+)\b|\bv(\d+\.\d+\.\d+)\s*$|/(?:blob|raw|tree)/v?(\d+\.\d+\.\d+)/",
    re.IGNORECASE | re.MULTILINE,
)
_ADDRESS = re.compile(
    r"https?://(?:www\.)?(?:github\.com/[\w.-]+|[\w-]+\.github\.io)/(?P<name>[\w.-]+?)(?:\.git)?(?=[/\s)#>]|$)"
)
_NO_NAMES = frozenset(
    {
        "a", "adds", "all", "an", "and", "any", "apache", "are", "as", "at", "author", "authors", "based", "bsd",
        "bundled", "by", "cc0", "code", "contains", "copyright", "copyrights", "created", "default",
        "determine", "dist", "distributed", "do", "documentation", "dual",
        "dually", "examples", "file", "files", "for", "from", "full", "generated",
        "global", "if", "important", "in", "inspired", "is", "isc", "it", "licence", "license",
        "licensed", "licenses", "main", "mit", "modification", "modified", "module", "mpl", "note", "notes",
        "of", "on", "original", "originally", "parts", "permission", "please", "plugin", "portions", "project",
        "react-dom-production", "released", "repo", "see", "some", "source", "style", "styles", "stylesheet", "the",
        "theme", "these", "this", "to", "todo", "typings", "use", "uses", "using", "v", "version", "was",
        "we", "what", "when", "with", "you", "your",
    }
)  # fmt: skip
_MIT = (
    r"(?:licen[sc]ed?|released|distributed)\W+(?:under\W+)?(?:(?:the|an?)\W+)?(?:terms of the\W+)?MIT\b"
    r"|\(MIT\)|\bMIT[\s-]+licen[sc]e|licen[sc]e\W{1,4}(?:is )?MIT\b|[|,]\s*MIT\b|under (?:the |an )?MIT\b"
)
_PHRASES = (
    ("MIT", _MIT),
    ("BSD-3-Clause", r"BSD-3-Clause|3-Clause BSD|(?:New|Modified|Revised) BSD"),
    ("BSD-2-Clause", r"BSD-2-Clause|2-Clause BSD|Simplified BSD"),
    ("Apache-2.0", r"Apache(?: Software)?(?: License)?,?(?: Version)?[ -]v?2(?:\.0)?"),
    ("MPL-2.0", r"mozilla\.org/MPL/2|MPL[- ]2\.0|Mozilla Public License,? (?:v\.? ?|version )?2"),
    ("ISC", r"\bISC\b"),
    ("CC0-1.0", r"\bCC0\b"),
    ("Unlicense", r"unlicense"),
    ("OFL-1.1", r"SIL OFL 1\.1"),
)
_EXPRESSION = re.compile(r"@licen[sc]e[ \t]+\(?([\w.+-]{2,30}(?: (?:AND|OR) [\w.+-]{2,30}){1,4})\)?")
"""``@license (MIT AND Zlib)``: an expression of SPDX, which tells more than names of licenses do."""
_CHOICE = re.compile(
    r"\b(?:either|any) (?:of the(?:se)? )?licen[sc]e|\bdual[- ]licen[sc]ed"
    r"|\b(?:at )?your (?:choice|option)\b|\balternatively\b",
    re.IGNORECASE,
)
_AUTHORS = re.compile(
    r"^Copyright (?:\(c\) )?\d{4}(?:[-, ]+\d{4})* (?:The )?"
    r"(?P<name>[A-Z][\w.-]+(?: [A-Z][\w.-]+){0,2}?) (?:Project )?[Aa]uthors\b",
    re.MULTILINE,
)
"""``Copyright 2010-2026 Three.js Authors``"""
_FILE_OF_PROJECT = re.compile(r"(?P<project>[A-Za-z][\w.-]*)/(?:[\w.-]+/)*[\w.-]+\.(?:m?js|css)")
"""``MathJax/extensions/TeX/mhchem.js``"""
_REPOSITORY = re.compile(r"(?:https?://)?(?:www\.)?(?:github|gitlab)\.com/[\w.-]+/(?P<name>[\w.-]+)")
_AND_ITS_FILE = re.compile(r"(?P<project>[A-Za-z].*) [\w-]+\.(?:m?js|css)")
"""``Bootstrap alert.js``"""
_REACT = re.compile(
    r"^@licen[sc]e React(?: v(?P<version>\d+\.\d+\.\d+))?\s+"
    r"(?P<package>[a-z][a-z-]+?)(?:-(?:jsx-runtime|jsx-dev-runtime|jsx|client|server|test-utils|shim|with-selector)\b[\w-]*)?"
    r"(?:/[\w./-]+?)?\.(?:production|development|profiling)(?:\.min)?\.js",
    re.MULTILINE,
)
"""``@license React`` and the name of a file: ``react-dom-client.production.js`` is of react-dom."""
_PLACES = frozenset({"build", "css", "dist", "js", "lib", "src"})
_NAME_IN_TEXT = re.compile(r"^(?P<name>[A-Z][\w.-]+(?: [\w.-]+){0,2}?) v?(?P<version>\d+\.\d+\.\d+)$", re.MULTILINE)
"""A line of its own; only looked for where the first lines name nothing."""
_LICENSES = tuple((expression, re.compile(pattern, re.IGNORECASE)) for expression, pattern in _PHRASES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Banner:
    """What one comment says."""

    name: str
    """Of the project; empty if the comment does not say it."""
    version: str
    """Empty if the comment does not say it."""
    licenses: tuple[str, ...]
    """Expressions that it states in short words, in the order of the text; none for whole texts."""
    choice: bool
    """True if it says that its licenses are a choice."""
    text: str
    """The comment without its marks."""


def banners(script: str | bytes) -> tuple[Banner, ...]:
    """Return the banners of a script or style sheet, each once, in the order of the file."""
    data = script.encode("utf-8", "surrogatepass") if isinstance(script, str) else script
    found: dict[str, Banner] = {}
    if (head := _HEAD_OF_LINES.match(data[:_HEAD].decode("utf-8", "replace"))) is not None:
        body = re.sub(r"(?m)^[ \t]*//+[ \t]?", "", head[0]).strip()
        # Without a mark, a comment is as likely about the file: only a name with a version is that of a project.
        says = _IS_BANNER.search(body) or _SHORT_LINE.match(body)
        if says and _NAME_AND_VERSION.match(body) and (banner := _banner(body)).version:
            found[body] = banner
    for start, end in _comments(data):
        body = _body(data[start:end].decode("utf-8", "replace"))
        if body.lstrip().encode("utf-8", "replace").startswith(NOTICES_OF_ESBUILD):
            continue
        if _IS_BANNER.search(body) or _SHORT.match(body.strip()):
            found.setdefault(body, _banner(body))
    for package, notice in notices_of_esbuild(data):
        found.setdefault(notice.text, notice if notice.name else replace(notice, name=package))
    return tuple(found.values())


def notices_of_esbuild(data: bytes) -> tuple[tuple[str, Banner], ...]:
    """Return the notices that esbuild collected at the end of a bundle, each with the package it stands in.

    A package may contain others, so that a notice can be of another project than the package.
    """
    start = data.rfind(NOTICES_OF_ESBUILD)
    end = data.find(b"*/", start, start + _LONGEST_LIST) if start >= 0 else -1
    if end < 0:
        return ()
    _, *blocks = _LISTED.split(data[start:end].decode("utf-8", "replace"))
    return tuple(
        (package, _banner(_body(comment)))
        for package, block in zip(blocks[::2], blocks[1::2], strict=True)
        for comment in _NOTICE.findall(block)
    )


def _comments(data: bytes) -> list[tuple[int, int]]:
    """Return the places of the comments that a minifier keeps, and of the one at the start of the file."""
    starts = []
    first = data[:400].decode("utf-8", "replace").lstrip("\ufeff \t\r\n").removeprefix('"use strict";').lstrip()
    if first.startswith("/*"):
        starts.append(data.index(b"/*"))
    starts += [start for place in _marked(data) if (start := _start_of(data, place)) is not None]
    places = []
    for start in dict.fromkeys(starts):
        end = data.find(b"*/", start, start + _LONGEST)
        if end >= 0:
            places.append((start, end))
    return places


def _marked(data: bytes) -> Iterator[int]:
    """Yield the places of texts that banners have: scripts have megabytes, and patterns take ten times as long."""
    for _, place, _ in _automaton().find_matches_as_indexes(data):
        yield place


@cache
def _automaton() -> Any:
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    return BytesAhoCorasick((_MARK, *_TAGS, *_VERSIONS), matchkind=MatchKind.LeftmostFirst)


def _start_of(data: bytes, place: int) -> int | None:
    """Return the start of the banner that has a text of banners at ``place``, None if that stands in none."""
    if data.startswith(_MARK, place):
        return place
    start = data.rfind(b"/*", max(0, place - _LONGEST), place)
    if start < 0:
        return None
    if data.startswith(b"@", place):
        is_kept = _TAG.match(data, place) is not None and data.find(b"*/", start, place) < 0
    else:
        is_kept = _NAMED.match(data[start : place + _LONGEST_VERSION].decode("utf-8", "replace")) is not None
    return start if is_kept else None


def _body(comment: str) -> str:
    # In a string of JavaScript the ends of lines are written as \n.
    lines = comment.removeprefix("/*").replace("\\n", "\n").splitlines()
    return "\n".join(line.strip(" \t*!/").rstrip() for line in lines).strip("\n")


def _banner(body: str) -> Banner:
    lines = [line for line in body.splitlines() if line.strip() and not _MODELINE.match(line.strip())]
    name, version = _part_of_react(body) or _name_and_version(lines[:3])
    if not name and (match := _NAME_IN_TEXT.search(body)) and _is_name(match["name"]):
        name, version = match["name"], match["version"]
    if not name and (match := _AUTHORS.search(body)):
        name = match["name"]
    if not name and (match := _ADDRESS.search(body)):
        name = match["name"]
    if not version and (match := _TAGGED_VERSION.search(body) or _VERSION.search(body)):
        version = next(filter(None, match.groups()))
    stated = [(match.start(), expression) for expression, pattern in _LICENSES if (match := pattern.search(body))]
    licenses = tuple(expression for _, expression in sorted(stated))
    choice = bool(_CHOICE.search(body))
    if tag := _EXPRESSION.search(body):
        licenses, choice = tuple(re.split(" AND | OR ", tag[1])), " OR " in tag[1]
    return Banner(name=name, version=version, licenses=licenses, choice=choice, text=body)


def _part_of_react(body: str) -> tuple[str, str] | None:
    """Return the package of npm and the version of a file of React's, which all have the same banner."""
    match = _REACT.search(body)
    return (match["package"], match["version"] or "") if match else None


def _name_and_version(lines: list[str]) -> tuple[str, str]:
    for line in lines:
        head = _SENTENCE.split(_LEADING.sub("", _HOST.sub("", line.strip())), maxsplit=1)[0]
        if match := _NAME_AND_VERSION.match(head):
            if _is_name(match["name"]):
                return _project(match["name"].strip(" .-,")), match["version"]
        elif (match := _NAME_ALONE.match(head)) and _is_name(match["name"]):
            return _project(match["name"].strip(" .-,")), ""
        elif _ONE_WORD.fullmatch(head) and _is_name(head):
            return _project(head), ""
    return "", ""


def _project(name: str) -> str:
    """Return the project of a name that is one of its files'."""
    if (address := _REPOSITORY.fullmatch(name)) is not None:
        return address["name"]
    match = _FILE_OF_PROJECT.fullmatch(name) or _AND_ITS_FILE.fullmatch(name)
    return match["project"] if match and match["project"].lower() not in _PLACES else name


def _is_name(text: str) -> bool:
    words = text.lower().split()
    return (
        0 < len(words) <= 4
        and words[0].strip(".,") not in _NO_NAMES
        and words != ["html5"]
        and len(text) > 2
        and not (words[0].startswith("@") and "/" not in words[0])  # A tag: "@version 1.2".
        and not re.search(r"licen[sc]e", words[0])
    )
