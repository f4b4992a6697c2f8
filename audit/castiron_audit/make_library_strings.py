"""Makes ``data/library_strings.json.zst``: what only one library has, from Debian's packages.

``python -m castiron_audit.make_library_strings PACKAGES``

PACKAGES: a folder with the packages that ``data/library_packages.toml`` names, as ``apt-get download`` leaves them.
Needs ``dpkg``.  The result depends on the packages alone: messages, and namespaces of C++.

A string is kept for a library if no other package has it, and if its words are rare enough (`_information`): "cannot
open file" says nothing, whoever has it.  Where one library contains another (most of the strings of the smaller one
stand in the larger one), what both have is the smaller one's.  Strings with versions, years, or paths of the machine
that built the package are left out.  Sentences come first; where there are few, names of functions that the library
does not export (``__func__``) are taken, too: exported ones stand in what only calls the library.
"""

from __future__ import annotations

import re
import struct
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit.debian_packages import files_of, name_and_version, packages_in
from castiron_audit.library_strings import FILE_NAME, RUN
from castiron_audit.tables import table, write_document
from castiron_audit.telling import contained, holders_of, information, spread
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

KEPT = 32
"""Strings of a library at most."""
FEWEST = 4
"""A library with fewer is not looked for by them."""
_SHORTEST, _LONGEST = 12, 160
_BITS = 20.0
"""The least information of a string that is kept."""
_FEWEST_TYPES = 4
"""Classes in a namespace for it to be a library's."""
_OBJECT = re.compile(r"(?:\.so(?:\.[\w.]+)?|\.a)$")
_NAME = re.compile(rb"[a-z][a-z0-9]{1,24}(?:_[a-z0-9]{2,24}){2,6}|[a-z][a-z0-9]{2,24}(?:[A-Z][a-z0-9]{2,24}){2,6}")
"""A function's name of three words at least; those of constants, in capitals, stand in bindings as well."""
_PLAIN = re.compile(rb"[^(){}<>=&|;*_]*")
"""Words as they are shown to people: conditions and prototypes are not in builds without assertions."""
_WORD = re.compile(rb"[A-Za-z]{3,}")
_PARTS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")
_ENOUGH_BITS = 60.0
"""Beyond them the shorter text is better."""
_UNSTABLE = re.compile(
    rb"\d\.\d|(?:19|20)\d\d|/build/|/usr/|/tmp/|\.(?:c|cc|cpp|cxx|h|hpp|y|l)\b|GCC: |Copyright|\(c\)|[Ll]icense"
    rb"|http|@[a-z]|^-//"
)
_TYPE = re.compile(rb"N(\d{1,2})([A-Za-z]\w+)")
_NAMESPACE = re.compile(rb"[a-z]\w{3,40}", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strings:
    """What the packages of one library have."""

    messages: tuple[bytes, ...]
    """In the order in which they stand in its objects."""
    names: tuple[bytes, ...]
    """Those of functions that it does not export, in their order."""
    namespaces: frozenset[bytes]
    objects: tuple[str, ...] = ()
    """Names of its files."""


def main(folder: Path) -> None:
    """Write the file."""
    packages, others = table("library_packages")["packages"], table("library_packages")["others"]
    files = packages_in(folder, {*others, *(name for names in packages.values() for name in names)})
    found = {library: read([files[name] for name in names]) for library, names in packages.items()}
    rows = chosen(found, [read([files[name]]) for name in others], table("library_packages")["namespaces"])
    for library in table("library_packages")["forks"]:
        del rows[library]
    write_document(
        FILE_NAME.partition(".")[0],
        {
            library: {**row, "from": [name_and_version(files[name]) for name in packages[library]]}
            for library, row in rows.items()
        },
    )


def read(packages: Sequence[Path]) -> Strings:
    """Return what the shared objects and archives of packages have."""
    objects = [
        (Path(path).name, data)
        for package in packages
        for path, data in files_of(package, lambda _: True)
        if data[:4] == b"\x7fELF" or _OBJECT.search(path)
    ]
    runs = [run for _, data in objects for run in RUN.findall(data)]
    dynamic = frozenset(name for _, data in objects for name in dynamic_names(data))
    return Strings(
        messages=tuple(dict.fromkeys(run for run in runs if is_message(run))),
        names=tuple(dict.fromkeys(run for run in runs if _NAME.fullmatch(run) and run not in dynamic)),
        namespaces=frozenset(namespaces(runs)),
        objects=tuple(sorted({name for name, _ in objects})),
    )


def is_message(run: bytes) -> bool:
    """Return whether a string is words that a version of a library may share with the next one."""
    words = _WORD.findall(run)
    letters = sum(map(len, words))
    return (
        _SHORTEST <= len(run) <= _LONGEST
        and b" " in run.strip()
        and len(words) >= 2
        and letters >= len(run) * 0.5
        and not _UNSTABLE.search(run)
    )


_SECTIONS_AT, _SECTIONS_SIZE = 0x28, 0x3A
_DYNAMIC_SYMBOLS = 11


def dynamic_names(data: bytes) -> list[bytes]:
    """Return the names that an ELF file of 64 bits exports and imports; none of any other file (System V ABI, 4)."""
    if data[:5] != b"\x7fELF\x02":
        return []
    (at,) = struct.unpack_from("<Q", data, _SECTIONS_AT)
    size, count = struct.unpack_from("<HH", data, _SECTIONS_SIZE)
    sections = [struct.unpack_from("<IIQQQQIIQQ", data, at + index * size) for index in range(count)]
    names: list[bytes] = []
    for _, kind, _, _, _, _, link, *_ in sections:
        if kind == _DYNAMIC_SYMBOLS:
            start, length = sections[link][4:6]
            names += data[start : start + length].split(b"\0")
    return names


def namespaces(runs: Iterable[bytes]) -> list[bytes]:
    """Return the namespaces that several names of classes begin with (Itanium C++ ABI, 5.1: ``N9tesseract5ShapeE``)."""
    found: Counter[bytes] = Counter()
    for run in runs:
        match = _TYPE.match(run)
        length = int(match[1]) if match else 0
        if match and len(match[2]) > length and match[2][length : length + 1].isdigit():
            found[match[2][:length]] += 1
    return [name for name, count in found.items() if count >= _FEWEST_TYPES and _NAMESPACE.fullmatch(name)]


def chosen(
    found: Mapping[str, Strings], others: Sequence[Strings], own_namespaces: Mapping[str, Sequence[str]]
) -> dict[str, dict[str, list[str]]]:
    """Return the strings and namespaces that only one library has, by its name; what ``others`` have is no one's."""
    everybody = [*found.items(), *(("", item) for item in others)]
    holders = holders_of((name, (*item.messages, *item.names)) for name, item in everybody)
    inner = contained({name: set(item.messages) for name, item in found.items()}, holders)
    words = Counter(word for _, item in everybody for word in set(_words((*item.messages, *item.names))))
    spaces = Counter(space for _, item in everybody for space in item.namespaces)

    def worth(text: bytes) -> tuple[bool, float, int, bytes]:
        telling = information(_words((text,)), words, len(everybody))
        return _PLAIN.fullmatch(text) is not None, min(telling, _ENOUGH_BITS), -len(text), text

    def own(name: str, texts: Sequence[bytes]) -> list[bytes]:
        return [
            text
            for text in texts
            if all(other == name or name in inner.get(other, ()) for other in holders[text])
            and information(_words((text,)), words, len(everybody)) >= _BITS
        ]

    result = {}
    for name, item in found.items():
        kept = spread(own(name, item.messages), KEPT, worth)
        kept += spread(own(name, item.names), KEPT // 2 - len(kept), worth)
        only = [space for space in own_namespaces.get(name, ()) if space.encode() in item.namespaces]
        if lost := [space for space in own_namespaces.get(name, ()) if space not in only or spaces[space.encode()] > 1]:
            raise ValueError(f"{name}: {', '.join(lost)}: not a namespace of its packages alone")
        row = {"strings": [text.decode() for text in kept] if len(kept) >= FEWEST else [], "namespaces": only}
        if row["strings"] or row["namespaces"]:
            result[name] = row
    return result


def _words(texts: Iterable[bytes]) -> Iterator[bytes]:
    return (part.lower() for text in texts for word in _WORD.findall(text) for part in _PARTS.findall(word))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
