"""Makes ``data/library_functions.json.zst``: names that only one library defines, from Debian's packages.

``python -m castiron_audit.make_library_functions PACKAGES``

PACKAGES: a folder with the packages that ``data/library_packages.toml`` and ``data/function_packages.toml`` name, as
``apt-get download`` leaves them.  Needs ``dpkg``.  The result depends on the packages alone.

Names of C are taken as they are, those of C++ as namespace and what follows (``pugi::xml_node``).  A name is kept for
a library if no other package defines it, but those that contain the library; if its words tell enough (`_BITS`:
``file_close`` is anybody's); and if its first word is mostly this library's: what else begins with ``sqlite3_`` is a
copy of SQLite.  Libraries that implement an interface of others (``implementations``) have no names of their own.
"""

from __future__ import annotations

import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit.debian_packages import files_of, name_and_version, packages_in
from castiron_audit.library_functions import FILE_NAME, parts_of
from castiron_audit.source_paths import approved_namespaces, likely_namespaces
from castiron_audit.tables import table, write_document
from castiron_audit.telling import contained, holders_of, information
from castiron_elf.archive import MAGIC as ARCHIVE
from castiron_elf.archive import members
from castiron_elf.defined_names import defined_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

KEPT = 160
"""Names of a library at most."""
FEWEST = 4
"""A library with fewer is not looked for by them."""
_BITS = 11.0
"""The least information of a name that is kept."""
_ENOUGH_BITS = 40.0
"""Beyond them the shorter name is better."""
_MOST_HOLDERS = 6
"""A name that more packages define says nothing about which one contains which."""
_SHORTEST = 5
_OBJECT = re.compile(r"\.so(?:\.|$)|\.a$")
_NOT_OWN = re.compile(rb"\$|^_|^Py_|^(?:std|core|alloc|test|main|detail|internal|impl)::|::_GLOBAL_|^[^:]*::__")
_WORD = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+|\d+")


def main(folder: Path) -> None:
    """Write the file."""
    own = table("function_packages")
    packages = {name: list(names) for name, names in table("library_packages")["packages"].items()}
    for library, names in own["packages"].items():
        packages.setdefault(library, []).extend(names)
    others = (*table("library_packages")["others"], *own["others"])
    files = packages_in(folder, {*others, *(name for names in packages.values() for name in names)})
    found = {library: read([files[name] for name in names]) for library, names in packages.items()}
    rows = chosen(found, [read([files[name]]) for name in others], own["implementations"], own["not_own"])
    write_document(
        FILE_NAME.partition(".")[0],
        {
            library: {
                "names": [name.decode() for name in names],
                "from": [name_and_version(files[name]) for name in packages[library]],
            }
            for library, names in rows.items()
        },
    )


def read(packages: Sequence[Path]) -> frozenset[bytes]:
    """Return what the shared objects of packages define."""
    names: set[bytes] = set()
    for package in packages:
        for _, data in files_of(package, lambda path: _OBJECT.search(path) is not None):
            objects = [content for _, content in members(data)] if data.startswith(ARCHIVE) else [data]
            for content in objects:
                names |= keys(defined_names(content))
    return frozenset(names)


def keys(names: Iterable[bytes]) -> set[bytes]:
    """Return names as they are looked for."""
    found: set[bytes] = set()
    for name in names:
        if name.startswith(b"_Z"):
            parts = parts_of(name)
            key = b"::".join(parts[:2]) if len(parts) > 1 else b""
        else:
            key = name
        if len(key) >= _SHORTEST and not _NOT_OWN.search(key):
            found.add(key)
    return found


def chosen(
    found: Mapping[str, frozenset[bytes]],
    others: Sequence[frozenset[bytes]],
    implementations: Sequence[str],
    not_own: Mapping[str, str],
) -> dict[str, list[bytes]]:
    """Return the names that only one library defines, by its name; what ``others`` define is no one's.

    ``not_own``: patterns of the beginnings of names that a library has of one that is in no package.
    """
    everybody = [*found.items(), *((f"?{index}", names) for index, names in enumerate(others))]
    holders = holders_of(everybody)
    families: dict[bytes, Counter[str]] = {}
    for library, names in everybody:
        for name in names:
            families.setdefault(_family(name), Counter())[library] += 1
    largest = {family: max(counts, key=lambda item: (counts[item], item)) for family, counts in families.items()}
    inner = contained(found, holders, most_holders=_MOST_HOLDERS)
    words = Counter(word for _, names in everybody for word in {word for name in names for word in _words(name)})
    namespaces = {**likely_namespaces(), **approved_namespaces()}

    def is_own(library: str, name: bytes) -> bool:
        family = largest[_family(name)]
        scope = name.partition(b"::")[0]
        named = namespaces.get(scope, library) if b"::" in name else library
        return (
            all(other == library or library in inner.get(other, ()) for other in holders[name])
            and (not _family(name) or family == library or library in inner.get(family, ()))
            and named == library
            and not (library in not_own and re.match(not_own[library], name.decode()))
            and ((b"::" in name and scope in namespaces) or information(_words(name), words, len(everybody)) >= _BITS)
        )

    result = {}
    for library, names in found.items():
        own = [name for name in names if library not in implementations and is_own(library, name)]
        own.sort(
            key=lambda name: (-min(information(_words(name), words, len(everybody)), _ENOUGH_BITS), len(name), name)
        )
        if len(own) >= FEWEST:
            result[library] = sorted(own[:KEPT])
    return result


def _family(name: bytes) -> bytes:
    """Return what the names of one library begin with, as a rule; empty if a name is a single word."""
    scope, separator, _ = name.partition(b"::")
    if separator:
        return scope
    first, separator, _ = name.partition(b"_")
    return first.lower() + b"_" if separator else b""


def _words(name: bytes) -> set[bytes]:
    return {word.lower() for word in _WORD.findall(name) if len(word) > 1}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
