"""Finds libraries by what a file defines: functions of C, and functions and classes in namespaces of C++.

A name that a file only uses says nothing, since whoever calls a library has it.  A name that the file *defines*
(`castiron_elf.defined_names`) has its code there.  Wheels often export what was linked into them, and many are not
stripped.

Two kinds of names count.  Those of ``data/library_functions.json.zst`` (`make_library_functions`), which only one
library of Debian's defines: a library shows if several are there, also if a project copied it into a namespace of its
own (``OpenImageIO::v3_1::pugi::xml_node``) or put a word before it (``pxr_double_conversion::Bignum``).  Namespaces
that are called as a library, if they are no classes and in no other namespace.  And what all functions of a library
that is a header, and so in no package, begin with: a person approved these, as namespaces (``cgltf_``).
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from castiron_audit import source_paths
from castiron_audit.library_strings import Shown
from castiron_audit.tables import table
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FILE_NAME = "library_functions.json.zst"
_AT_LEAST = 4
"""Names that show a library."""
_IN_NAMESPACE = 3
"""Names in a namespace that a person approved, for it to show; a type or two may be passed on from a header."""
_IN_LIKELY_NAMESPACE = 8
"""Names in a namespace that is only called as a library."""
_SHORTEST_COPIED = 4
"""Letters of a namespace that others may rename."""
_NESTED = re.compile(rb"_Z(?:T[VISTCh]|GV)?Z?N[rVK]*[RO]?")
_HEADS = re.compile(rb"^_Z(?:T[VISTCh]|GV)?Z?N[rVK]*[RO]?(\d{1,3})([^\n]*)", re.MULTILINE)
_SINGLE = re.compile(rb"_ZL?(\d{1,3})")
_LENGTH = re.compile(rb"L?(\d{1,3})")
_RENAMED = re.compile(rb"(\d{1,3})(?=([A-Za-z_]\w*_)\Z)")
_LONGEST_WORD = 60
"""Letters that a project puts before the namespace of what it copies."""
_LOOKED_AT = 96
"""Letters of a mangled name: instances of templates are ten times as long, and alike in these."""
_TOLD = 24
"""Letters behind a namespace by which two members are told apart."""
_RUST = re.compile(rb"17h[0-9a-f]{16}E|\$")
"""Rust's older mangling ends with a hash; it writes signs as ``$LT$``."""
_VERSION = re.compile(rb"_v?\d{1,4}(?:_\d{1,4}){0,3}_?$")
_STRUCTORS = (b"C1", b"C2", b"C3", b"D0", b"D1", b"D2")


def parts_of(name: bytes) -> tuple[bytes, ...]:
    """Return the namespaces, classes and the function that a mangled name begins with (Itanium C++ ABI, 5.1).

    They end with the first argument of a template.  None of C, of Rust, in ``std``.
    """
    match = _NESTED.match(name)
    if match is None:
        single = _SINGLE.match(name)
        return () if single is None else (name[single.end() : single.end() + int(single[1])],)
    return () if _RUST.search(name) else tuple(_identifiers(name, match.end()))


def _identifiers(name: bytes, at: int) -> Iterator[bytes]:
    while length := _LENGTH.match(name, at):
        at = length.end() + int(length[1])
        yield name[length.end() : at]


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFunctions:
    """What is known of all libraries."""

    owners: Mapping[bytes, str]
    """The library that a name is of; names of C++ as ``namespace::name``."""
    counts: Mapping[str, int]
    scopes: frozenset[bytes]
    """The first parts of the names of C++."""


def table_bytes() -> bytes:
    """Return the file of names, which keys of caches are made of."""
    return files("castiron_audit.data").joinpath(FILE_NAME).read_bytes()


@cache
def known_functions() -> KnownFunctions:
    """Return the names that are looked for."""
    import zstandard

    rows = json.loads(zstandard.ZstdDecompressor().decompress(table_bytes()))
    owners = {name.encode(): library for library, row in rows.items() for name in row["names"]}
    return KnownFunctions(
        owners=owners,
        counts={library: len(row["names"]) for library, row in rows.items()},
        scopes=frozenset(name.partition(b"::")[0] for name in owners if b"::" in name),
    )


def shown_libraries(names: frozenset[bytes]) -> tuple[Shown, ...]:
    """Return the libraries that the names which a file defines show, sorted."""
    known = known_functions()
    there: dict[str, set[bytes]] = {}
    for name in known.owners.keys() & names:
        there.setdefault(known.owners[name], set()).add(name)
    mangled = b"\n".join({name[:_LOOKED_AT] for name in names if name[:2] == b"_Z" and name[-20:-17] != b"17h"})
    outer = _outer_scopes(mangled)
    for scope, members in outer.items():
        for member in members:
            # A library of C whose functions were put into a namespace has them there under their own names.
            for key in (scope + b"::" + member[0], member[-1]):
                if key in known.owners:
                    there.setdefault(known.owners[key], set()).add(key)
    shown = {
        library: Shown(library=library, proof=_longest(found), count=len(found), of=known.counts[library])
        for library, found in there.items()
        if len(found) >= _AT_LEAST
    }
    for library, scope, count in (*_of_namespaces(outer, names), *_of_copies(mangled)):
        shown.setdefault(library, Shown(library=library, proof=f"{scope.decode()}::", count=count, of=count))
    for library, found in _of_families(names).items():
        shown.setdefault(library, Shown(library=library, proof=_longest(found), count=len(found), of=len(found)))
    return tuple(shown[library] for library in sorted(shown))


def _of_families(names: frozenset[bytes]) -> dict[str, set[bytes]]:
    """Return the libraries some functions of which begin as all of theirs do, with these."""
    families = table("known_libraries")["families"]
    pattern = re.compile(
        rb"^(" + b"|".join(re.escape(family.encode()) for family in sorted(families, reverse=True)) + rb")\w+$",
        re.MULTILINE,
    )
    found: dict[str, set[bytes]] = {}
    for match in pattern.finditer(b"\n".join(name for name in names if not name.startswith(b"_"))):
        found.setdefault(families[match[1].decode()], set()).add(match[0])
    return {library: members for library, members in found.items() if len(members) >= _AT_LEAST}


def _outer_scopes(mangled: bytes) -> dict[bytes, set[tuple[bytes, ...]]]:
    """Return what stands in the outermost namespaces and classes that may be a library's: the parts behind each."""
    found: dict[bytes, set[tuple[bytes, ...]]] = {}
    relevant: dict[bytes, bool] = {}
    for length, rest in _HEADS.findall(mangled):
        end = int(length)
        scope = rest[:end]
        if scope not in relevant:
            relevant[scope] = _is_relevant(scope)
        if relevant[scope] and not _RUST.search(rest):
            if rest.startswith(_STRUCTORS, end):
                found.setdefault(scope, set()).add((b"",))
            elif members := tuple(_identifiers(rest, end)):
                found.setdefault(scope, set()).add(members)
    return found


def _is_relevant(scope: bytes) -> bool:
    known, approved, likely = known_functions(), source_paths.approved_namespaces(), source_paths.likely_namespaces()
    return scope in known.scopes or any(
        spelled in approved or spelled.lower() in likely or spelled.decode("ascii", "replace") in known.counts
        for spelled in _spellings(scope)
    )


def _of_namespaces(
    outer: Mapping[bytes, set[tuple[bytes, ...]]], names: frozenset[bytes]
) -> Iterator[tuple[str, bytes, int]]:
    """Yield the libraries that namespaces are of which stand in no other one; classes are none."""
    approved, likely = source_paths.approved_namespaces(), source_paths.likely_namespaces()
    for scope, members in outer.items():
        if (b"",) in members or b"_ZTV%d%s" % (len(scope), scope) in names:
            continue
        count = len({member[0] for member in members})
        for spelled in dict.fromkeys((scope, _VERSION.sub(b"", scope))):
            if spelled in approved and count >= _IN_NAMESPACE:
                yield approved[spelled], scope, count
            elif spelled.lower() in likely and count >= _IN_LIKELY_NAMESPACE:
                yield likely[spelled.lower()], scope, count


def _of_copies(mangled: bytes) -> Iterator[tuple[str, bytes, int]]:
    """Yield the libraries whose namespaces stand in others, or have another word before them, by what is in them.

    The name alone would say too little: ``TagLib::FLAC`` is TagLib's.
    """
    owners, merged = known_functions().owners, table("known_libraries")["merged"]
    scopes, automaton = _searcher()
    found: dict[tuple[str, bytes], set[bytes]] = {}
    others: set[tuple[int, bytes]] = set()
    for index, start, end in automaton.find_matches_as_indexes(mangled, overlapping=True):
        behind = mangled[end : end + _LONGEST_WORD]
        if (index, behind[:_TOLD]) in others:
            continue
        scope = scopes[index]
        member = next(_identifiers(behind, 0), b"")
        library = owners.get(scope + b"::" + member)
        if library is None or library in merged or member in found.get((library, scope), ()):
            others.add((index, behind[:_TOLD]))
        elif _is_scope(mangled, start, len(scope)):
            found.setdefault((library, scope), set()).add(member)
    for (library, scope), members in found.items():
        if len(members) >= _IN_NAMESPACE:
            yield library, scope, len(members)


def _is_scope(mangled: bytes, start: int, length: int) -> bool:
    """Return whether an identifier of this length is at this place, or ends there behind a word and ``_``."""
    digits = str(length).encode()
    if mangled[start - len(digits) : start] == digits:
        return True
    before = mangled[max(0, start - _LONGEST_WORD) : start]
    return any(int(renamed[1]) == len(renamed[2]) + length for renamed in _RENAMED.finditer(before))


@cache
def _searcher() -> tuple[tuple[bytes, ...], Any]:
    """Return the namespaces that libraries of the table have, and what finds them."""
    from ahocorasick_rs import BytesAhoCorasick, Implementation

    named = {*source_paths.approved_namespaces(), *source_paths.likely_namespaces()}
    scopes = tuple(sorted(scope for scope in known_functions().scopes & named if len(scope) >= _SHORTEST_COPIED))
    return scopes, BytesAhoCorasick(scopes, implementation=Implementation.DFA)


def _spellings(scope: bytes) -> Iterator[bytes]:
    """Yield a namespace, without its version, and without what a project that copies it puts before it."""
    bare = _VERSION.sub(b"", scope)
    yield from dict.fromkeys((scope, bare))
    for _ in range(bare.count(b"_")):
        bare = bare.partition(b"_")[2]
        yield bare


def _longest(names: set[bytes]) -> str:
    return max(names, key=lambda name: (len(name), name)).decode("ascii", "replace")
