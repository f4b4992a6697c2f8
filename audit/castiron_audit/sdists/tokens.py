"""What sources of C, C++ and Fortran leave in machine code: whole strings, and names that they define.

And the same of machine code: what it has of that.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit.library_functions import parts_of
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

_FORTRAN = frozenset((".f", ".for", ".f77", ".f90", ".f95", ".f03", ".f08"))
_RUN = re.compile(rb"[\t\n\r\x20-\x7e]{10,}")
_LITERALS = re.compile(
    rb"""//[^\n]*+|/\*(?s:.*?)(?:\*/|\Z)|^[ \t]*\#[ \t]*(?:include|error|pragma|warning)[^\n]*+"""
    rb"""|'(?:[^'\\\n]|\\.)*+'?|"((?:[^"\\\n]|\\.)*+)"?""",
    re.MULTILINE,
)
_OF_FORTRAN = re.compile(rb"""![^\n]*+|'([^'\n]*+)'?|"([^"\n]*+)"?""")
_ESCAPE = re.compile(rb"\\(?:\r?\n|x[0-9A-Fa-f]{1,2}|[0-7]{1,3}|.)", re.DOTALL)
_ESCAPED = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"\n": b"", b"\r\n": b""}
_IDENTIFIER = re.compile(rb"[A-Za-z_]\w{3,}")
_CALLED = re.compile(rb"([A-Za-z_]\w{3,})[ \t]*\(")
_BEHIND = re.compile(rb"\s*(?:const\b|noexcept\b|override\b|final\b|/\*[^*]{0,200}\*/|//[^\n]*+\n|\s)*+[{:]")
_SCOPE = re.compile(rb"\b(?:class|struct|namespace|union)\s+(?:[A-Z_]{4,60}\s+)?((?:\w+::)*\w+)\s*[^;(){}=<>]{0,200}\{")
_LONGEST_HEAD = 400
_MOST_SIGNS = 24
"""Characters and parentheses of a list of parameters."""
_MOST_CALLS = 200_000
"""Places of one file that are looked at; SQLite in one file has 50,000."""
_SIGNS = re.compile(rb"[();{]")
_MODULE = re.compile(
    rb"^[ \t]*(?:sub)?module[ \t]+(?!procedure\b)(?:\([^)\n]*\)[ \t]*)?(\w+)", re.MULTILINE | re.IGNORECASE
)
_PROCEDURE = re.compile(
    rb"^[ \t]*(?:[\w() =*,]{0,60}[ \t])?(?:subroutine|function)[ \t]+(\w{4,})", re.MULTILINE | re.IGNORECASE
)
_OF_MODULE = re.compile(rb"__(\w+?)_MOD_(\w+)")
_TYPES = re.compile(rb"N\d{1,2}[A-Za-z_]\w{2,100}")
"""Names of types, which stay as strings where the symbols are stripped."""
_KEYWORDS = frozenset((b"while", b"switch", b"return", b"sizeof", b"catch", b"defined"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Traces:
    """What machine code has that may come of sources."""

    strings: frozenset[bytes]
    names: frozenset[bytes]
    """Functions and objects of C, and Fortran's outside of modules, with its underscore."""
    members: frozenset[tuple[bytes, bytes]]
    """What the outermost namespaces, classes and modules have."""

    def joined(self, other: Traces) -> Traces:
        """Return what either of two files has."""
        return Traces(
            strings=self.strings | other.strings,
            names=self.names | other.names,
            members=self.members | other.members,
        )


NO_TRACES = Traces(strings=frozenset(), names=frozenset(), members=frozenset())


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What of the traces a source file has: as a definition, or only as a word."""

    strings: frozenset[bytes]
    defined: frozenset[bytes]
    scopes: frozenset[bytes]
    words: frozenset[bytes]


def traces_of(data: bytes, defined: frozenset[bytes]) -> Traces:
    """Return the traces in a file's bytes; ``defined`` are the names that it defines."""
    names: set[bytes] = set()
    members: set[tuple[bytes, bytes]] = set()
    for nested in set(_TYPES.findall(data)):
        members |= _members(parts_of(b"_Z" + nested))
    for name in defined:
        if name.startswith(b"_Z"):
            parts = parts_of(name)
            if len(parts) > 1:
                members |= _members(parts)
            elif parts:
                names.add(parts[0])
        elif match := _OF_MODULE.fullmatch(name):
            members.add((match[1], match[2]))
        elif len(name) > 3:
            names.add(name)
    return Traces(
        strings=frozenset(map(bytes.strip, _RUN.findall(data))), names=frozenset(names), members=frozenset(members)
    )


def _members(parts: tuple[bytes, ...]) -> set[tuple[bytes, bytes]]:
    """Return what a name says is in its outermost namespace or class."""
    return {(parts[0], part) for part in parts[1:4]}


def relevant_words(traces: Traces) -> frozenset[bytes]:
    """Return all identifiers that traces have."""
    return frozenset(
        set(traces.names) | {name.rstrip(b"_") for name in traces.names}
        | {part for member in traces.members for part in member}
    )  # fmt: skip


def tokens_of(path: str, data: bytes, traces: Traces, relevant: frozenset[bytes]) -> Tokens:
    """Return what of the traces a source file has."""
    if posixpath.splitext(path)[1].lower() in _FORTRAN:
        return _of_fortran(data, traces, relevant)
    words = relevant.intersection(_IDENTIFIER.findall(data))
    scopes = {part for match in _SCOPE.finditer(data) for part in match[1].split(b"::")} if words else ()
    return Tokens(
        strings=traces.strings.intersection(_literals(data)),
        defined=frozenset(_defined(data, words)) if words else frozenset(),
        scopes=frozenset(scopes),
        words=words,
    )


def _defined(data: bytes, words: frozenset[bytes]) -> Iterator[bytes]:
    for _, match in zip(range(_MOST_CALLS), _CALLED.finditer(data), strict=False):
        if match[1] in words and match[1] not in _KEYWORDS:
            end = _closing(data, match.end())
            if end and _BEHIND.match(data, end):
                yield match[1]


def _closing(data: bytes, start: int) -> int:
    """Return the place behind the parenthesis that closes the one before ``start``; 0 if no parameters stand in it."""
    depth = 1
    for count, match in enumerate(_SIGNS.finditer(data, start, start + _LONGEST_HEAD)):
        sign = match[0]
        depth += (sign == b"(") - (sign == b")")
        if depth == 0:
            return match.end()
        if sign in b";{" or count > _MOST_SIGNS:
            return 0
    return 0


def _literals(data: bytes) -> Iterator[bytes]:
    """Yield the strings of a source of C, those that stand beside each other as one, as the compiler joins them."""
    parts: list[bytes] = []
    end = 0
    for match in _LITERALS.finditer(data):
        if match[1] is None:
            continue
        if parts and data[end : match.start()].strip():
            yield _unescaped(parts)
            parts = []
        parts.append(match[1])
        end = match.end()
    if parts:
        yield _unescaped(parts)


def _unescaped(parts: list[bytes]) -> bytes:
    text = b"".join(parts)
    if b"\\" in text:
        text = _ESCAPE.sub(lambda match: _ESCAPED.get(match[0][1:], match[0][1:]), text)
    return text.strip()


def _of_fortran(data: bytes, traces: Traces, relevant: frozenset[bytes]) -> Tokens:
    lowered = data.lower()
    words = relevant.intersection(_IDENTIFIER.findall(lowered))
    procedures = {match[1] for match in _PROCEDURE.finditer(lowered)}
    literals = {(match[1] or match[2] or b"").strip() for match in _OF_FORTRAN.finditer(data)}
    return Tokens(
        strings=traces.strings & literals,
        defined=frozenset({name + b"_" for name in procedures} & traces.names),
        scopes=frozenset(match[1] for match in _MODULE.finditer(lowered)),
        words=words,
    )
