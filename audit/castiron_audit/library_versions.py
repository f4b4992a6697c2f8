"""Finds the versions of libraries that were found in a file: ``libfoo 1.2.3``, ``foo/1.2.3``, or a string of its own.

Three ways, each only for libraries whose signature tells none: texts of ``data/versions.toml`` with the version beside
them; whole strings of a library's own series (``1.6.43`` is libpng's), if only one such string is there; the library's
name with a version behind it.  Where a file states several, nothing tells which is the library's, and none counts.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

_LARGEST = 96 << 20
"""Bytes of a file that is looked through for names with versions: it takes a pass of its own."""
_MOST_LOOKS = 2000
_SHORTEST = 4
_BEHIND = 48
_BEFORE = 32
_STATED = re.compile(
    rb"\d?(?:[ _-](?:library|lib|release|core|codec))?"
    rb"(?:[ ,:(_/-]{1,3}|[ ,]{0,2}\b[Vv]er(?:sion)?s?[ .:=]{1,2}|[ _/-]v|[ -]version[ -])"
    rb"v?(?P<version>\d{1,4}(?:\.\d{1,5}){1,3}[a-z]?)(?![\w.]*[\w])(?P<rest>.{0,16})"
)
_WHOLE = re.compile(rb"(?<![\x20-\x7e])(\d{1,4}(?:\.\d{1,5}){1,3}[a-z]?)\0")
_OF_OTHERS = re.compile(
    rb"(?:require|need|since|before|after|than|until|least|support|compat|upgrade|update|deprecat|remov|introduc|added|"
    rb"and|or|with|if|in|from|by|for|of|using|against|http|https|mozilla)[a-z]*[ :(/\"'-]{0,3}$",
    re.IGNORECASE,
)
"""Before a name: what speaks about another version than that which is there."""
_OR_ANOTHER = re.compile(rb"^[\s,)]*(?:or |and |\+|to |is required|needed|onward|compat|through|-)", re.IGNORECASE)


def anchors() -> Iterable[bytes]:
    """Return the texts of the table, for a search of all at once."""
    for rows in _beside().values():
        for text, _ in rows:
            yield text
    for texts in _whole().values():
        yield from texts


def tabled_libraries() -> Iterable[str]:
    """Return the libraries that the table has rows of."""
    return dict.fromkeys((*_beside(), *_whole()))


def tabled_versions(library: str, data: bytes, offsets: Mapping[bytes, list[int]]) -> frozenset[str]:
    """Return the versions that the table's texts tell: what stands beside texts counts before whole strings."""
    beside = {
        match[1]
        for text, pattern in _beside().get(library, ())
        for offset in offsets.get(text, ())[:_MOST_LOOKS]
        if (match := _compiled(pattern).search(data, max(0, offset - 16), offset + 160))
    }
    whole = {
        match[1]
        for text in _whole().get(library, ())
        for offset in offsets.get(text, ())[:_MOST_LOOKS]
        if (match := _WHOLE.match(data, offset))
    }
    return frozenset(version.decode().replace("_", ".") for version in beside or whole)


@cache
def _compiled(pattern: bytes) -> re.Pattern[bytes]:
    """Return a pattern when its text is there."""
    return re.compile(pattern)


@cache
def _beside() -> Mapping[str, tuple[tuple[bytes, bytes], ...]]:
    return {
        library: tuple((text.encode(), pattern.encode()) for text, pattern in rows)
        for library, rows in table("versions")["beside"].items()
    }


@cache
def _whole() -> Mapping[str, tuple[bytes, ...]]:
    return {library: tuple(series.encode() for series in rows) for library, rows in table("versions")["whole"].items()}


def stated_versions(data: bytes, libraries: Iterable[str]) -> dict[str, str]:
    """Return the versions that stand behind the names of libraries, by library; those that are not clear left out."""
    owners: dict[bytes, str] = {}
    for library in libraries:
        for spelled in _spellings(library):
            owners.setdefault(spelled, library)
    if not owners or len(data) > _LARGEST:
        return {}
    texts = tuple(owners)
    said: dict[str, set[bytes]] = {}
    looks = 0
    for index, start, end in _searcher(texts).find_matches_as_indexes(data):
        looks += 1
        if looks > _MOST_LOOKS * len(texts):
            break
        if data[start - 1 : start].isalnum() or (data[end : end + 1] == b"_" and texts[index].isupper()):
            continue  # A version of symbols (``XCRYPT_2.0``) is that of an interface.
        match = _STATED.match(data, end, end + _BEHIND)
        if match is None or _OR_ANOTHER.match(match["rest"]) or _OF_OTHERS.search(data, max(0, start - _BEFORE), start):
            continue
        said.setdefault(owners[texts[index]], set()).add(match["version"])
    return {library: found.pop().decode() for library, found in said.items() if len(found) == 1}


def _searcher(texts: tuple[bytes, ...]) -> Any:
    from ahocorasick_rs import BytesAhoCorasick, MatchKind

    return BytesAhoCorasick(texts, matchkind=MatchKind.LeftmostLongest)


def _spellings(library: str) -> Iterable[bytes]:
    """Return a library's name as messages write it; words that are anybody's are left out."""
    if library in table("versions")["no_names"]["names"]:
        return
    yield from (text.encode() for text in table("versions")["spelled"].get(library, ()))
    bare = library.removeprefix("lib")
    for name in dict.fromkeys((library, bare) if len(bare) >= _SHORTEST else (library,)):
        if len(name) >= _SHORTEST:
            yield from (text.encode() for text in dict.fromkeys((name, name.capitalize(), name.upper())))
    if library.startswith("lib"):
        yield b"lib" + bare.capitalize().encode()
        yield b"lib" + bare.upper().encode()
