"""Makes ``data/script_strings.json.zst``: strings that only one package of npm has.

``python -m castiron_audit.make_script_strings FOLDER``

FOLDER: receives the packages that ``data/script_packages.toml`` and ``data/npm_packages.toml`` name, in
``node_modules``; what is not there is fetched with ``npm pack``, which fetches no more than is named.  The result
depends on the packages alone.  Nothing of them is run; the bundler is (`castiron_audit.page_bundles`).

A string is what stands between quotation marks, or what a template begins with: a message of several words, or a name
of three words at least (``leaflet-control-zoom``).  It is kept for a package if no other one has it, and if its words
are rare enough (`castiron_audit.telling`).  First are those that a bundle for pages has, as it is published; some of
what only the package's files have are kept, too, since bundles may be built for development, or with a part that is no
entry.  Packages bring copies of what they need: what a package and one that it needs, or is made with, both have is the
needed one's; if most of the strings of one are in another, larger one, these are the smaller one's; and messages, and
what has its own name in it, are that one's which many more packages need.  Of a package that consists of copies half of
the strings must be there.  Of one whose bundle has few, a message with its own name is enough.
Versions, years, licenses and addresses are left out.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from castiron_audit.page_bundles import BUNDLER, page_bundle, program
from castiron_audit.script_strings import LONGEST, NAME, QUOTED, SHORTEST
from castiron_audit.tables import table, write_document
from castiron_audit.telling import contained, holders_of, information, spread
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

AT_LEAST, FEW = 3, 2
"""Strings that show a package, and those that do if it has no more and they are rare."""
KEPT, KEPT_OF_FILES = 64, 24
"""Strings of a package at most: those of its bundle, and more that only its files have."""
_SHARE = 16
"""One of so many that are looked for must be there: what a package contains of another one is in a part of it ..."""
_SHARE_OF_BUNDLE = 2
"""... and may be a large one in packages that are published with others inside."""
_COPIES, _COPIES_OF_NEEDED, _TELLING_COPY = 0.25, 0.5, 8
"""The share of a package's texts that others have, from which it consists of copies: of what npm does not install with
it, and of what it does; and how many texts such a one has at least."""
_BITS_OF_MESSAGE, _BITS_OF_NAME = 13.0, 15.0
"""The least information of a string that is kept."""
_BITS_OF_FEW = 19.0
"""The least information of each of two strings that are all that a package has."""
DEPENDENTS = 8
"""Times as many packages that need one as need another, from which what both have is that one's."""
_ENOUGH_BITS = 50.0
"""Beyond them the shorter text is better."""
_MOST_HOLDERS = 60
_AT_ONCE = 60
"""Packages that one command fetches."""
_SHORTEST_NAME = 4
_SCRIPTS = (".js", ".mjs", ".cjs")
_NOT_READ = re.compile(
    r"(?:^|/)(?:node_modules|tests?|__tests__|spec|examples?|demos?|docs?|bench(?:marks?)?|locales?|i18n|langs?|typings"
    r"|scripts|tools|bin|cli|fixtures|coverage)/|\.(?:test|spec|stories|config)\.[cm]?js$"
)
"""Files that no page has."""
_LONGEST_FILE = 16 << 20
_STRING_OR_COMMENT = re.compile(
    rb"""("(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'|`(?:[^`\\]|\\.)*`)|/\*[\s\S]*?\*/|//[^\n]*"""
)
_NO_PART = re.compile(rb"""["'`\\$\r\n]""")
"""What minifiers may write in another way."""
_MESSAGE = re.compile(rb"[A-Za-z0-9 .,:'%/#!?()\[\]<>@_-]+")
_CODE = re.compile(rb"[\w\]]\([^)]|\)[.\w=(\[]|^[)\],]|\breturn\b|\bfunction\b|\?\S|[<>]\d|,\S")
"""What stands between two strings."""
_NAME = re.compile(rb"(?:@@?|_*)[a-z][\w@:.~-]{8,80}|_*[A-Z0-9]+(?:_[A-Z0-9]+)+_*")
"""A class of a style sheet, an event, a constant or an attribute, and not what standards list: kinds of files, time
zones, fields of HTTP, objects of the language."""
_WORD = re.compile(rb"[A-Za-z]{3,}")
_PARTS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")
_UNSTABLE = re.compile(rb"\d\.\d|(?:19|20)\d\d|[Cc]opyright|[Ll]icen[sc]e|http|www|use strict|\.[cm]?js\b|\.css\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """The messages and names of one package, each once, in the order of the bundle and of the files."""

    bundle: tuple[bytes, ...]
    """Of none if there is no bundle of it."""
    files: tuple[bytes, ...]
    version: str
    needs: frozenset[str] = frozenset()
    """Packages that npm installs with it."""
    made_with: frozenset[str] = frozenset()
    """Packages that it is developed with, which its bundle may contain."""


class Needing(Protocol):
    """What is known of a package's dependencies."""

    @property
    def needs(self) -> frozenset[str]:
        """Packages that npm installs with it."""

    @property
    def made_with(self) -> frozenset[str]:
        """Packages that it is developed with."""


def main(folder: Path) -> None:
    """Write the file."""
    packages = table("script_packages")
    names = names_of_all()
    modules = fetched(names, folder)
    found = dict(read(modules, packages["same"], names))
    write_document(
        NAME,
        chosen(
            found,
            packages["others"],
            forks=packages["forks"],
            wanted=packages["packages"],
            bundles=frozenset(packages["bundles"]),
        ),
    )


def names_of_all() -> list[str]:
    """Return the names of the packages that are read, sorted."""
    return sorted({*table("script_packages")["packages"], *table("npm_packages")["packages"]})


def fetched(names: Sequence[str], folder: Path) -> Path:
    """Return the folder with the packages; what is not there is fetched, and if that fails the program ends."""
    modules = folder / "node_modules"
    fetch(names, folder)
    if lacking := [name for name in names if not (modules / name / "package.json").exists()]:
        sys.exit(f"these packages cannot be had: {' '.join(lacking)}")
    return modules


def fetch(names: Iterable[str], folder: Path) -> None:
    """Fetch the packages that are not there, and the bundler's program for this machine."""
    modules, packed = folder / "node_modules", folder / "packed"
    packed.mkdir(parents=True, exist_ok=True)
    if program(modules) is None:
        subprocess.run(["npm", "install", "--ignore-scripts", "--prefix", folder, BUNDLER], check=True)
    wanted = [name for name in names if not (modules / name / "package.json").exists()]
    for start in range(0, len(wanted), _AT_ONCE):
        command = ["npm", "pack", "--silent", "--ignore-scripts", "--pack-destination", str(packed)]
        subprocess.run([*command, *wanted[start : start + _AT_ONCE]], check=True, stdout=subprocess.DEVNULL)
    for archive in sorted(packed.glob("*.tgz")):
        with tarfile.open(archive) as tar:
            root = next(name for name in tar.getnames() if name.count("/") == 1 and name.endswith("/package.json"))
            top = root.partition("/")[0]
            manifest = tar.extractfile(root)
            name = json.load(manifest)["name"] if manifest is not None else top
            for member in tar.getmembers():
                member.name = member.name.removeprefix(f"{top}/")
                tar.extract(member, modules / name, filter="data")
        archive.unlink()


def read(folder: Path, same: Mapping[str, str], names: Iterable[str]) -> Iterator[tuple[str, Scripts]]:
    """Yield packages of a folder of npm's, sorted; those that are ``same`` as another add to that one."""
    members: dict[str, list[str]] = {}
    for name in sorted(names):
        members.setdefault(same.get(name, name), []).append(name)
    bundler = program(folder)
    for name, those in sorted(members.items()):
        manifests = {one: json.loads((folder / one / "package.json").read_text(encoding="utf-8")) for one in those}
        bundles = [
            bundle
            for one, manifest in manifests.items()
            if bundler is not None and (bundle := page_bundle(bundler, folder, one, manifest)) is not None
        ]
        own: dict[str, Any] = manifests.get(name, manifests[those[0]])
        yield (
            name,
            Scripts(
                bundle=tuple(dict.fromkeys(text for bundle in bundles for text in _telling(QUOTED.findall(bundle)))),
                files=tuple(dict.fromkeys(text for one in those for text in _telling(_texts(folder / one)))),
                version=str(own.get("version", "")),
                needs=frozenset({*(own.get("dependencies") or {}), *(own.get("peerDependencies") or {})}),
                made_with=frozenset(own.get("devDependencies") or {}),
            ),
        )


def _texts(folder: Path) -> Iterator[bytes]:
    for data in scripts_of(folder):
        yield from dict.fromkeys(strings_in(data))


def scripts_of(folder: Path) -> Iterator[bytes]:
    """Yield the scripts of a package that a page may have, in the order of their paths."""
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder).as_posix()
        if path.suffix in _SCRIPTS and not _NOT_READ.search(within) and path.is_file():
            data = path.read_bytes()
            if len(data) <= _LONGEST_FILE:
                yield data


def strings_in(script: bytes) -> Iterator[bytes]:
    """Yield the strings of a script, without those of its comments, as far as a search for them finds them.

    A bundle has no comments, and is searched for what is found in one.  Of a template that has places for values, what
    stands before the first.
    """
    for match in _STRING_OR_COMMENT.finditer(script):
        quoted = match[1] or b""
        text = quoted[1:-1].partition(b"${")[0] if quoted.startswith(b"`") else quoted[1:-1]
        if SHORTEST <= len(text) <= LONGEST and not _NO_PART.search(text):
            yield text


def _telling(texts: Iterable[bytes]) -> Iterator[bytes]:
    return (text for text in texts if is_message(text) or is_name(text))


@cache
def is_message(text: bytes) -> bool:
    """Return whether a text is words that a page may show, or an error has."""
    words = _WORD.findall(text)
    return (
        b" " in text.strip()
        and len(words) >= 3
        and sum(map(len, words)) >= len(text) * 0.6
        and _MESSAGE.fullmatch(text) is not None
        and not _CODE.search(text)
        and not _UNSTABLE.search(text)
    )


@cache
def is_name(text: bytes) -> bool:
    """Return whether a text is a name of three words at least."""
    words = [part for part in _PARTS.findall(text) if len(part) > 1]
    return len(words) >= 3 and _NAME.fullmatch(text) is not None and not _UNSTABLE.search(text)


def chosen(
    found: Mapping[str, Scripts],
    others: Iterable[str],
    *,
    forks: Mapping[str, str] | None = None,
    wanted: Collection[str] = (),
    bundles: Collection[str] = (),
) -> dict[str, dict[str, Any]]:
    """Return the strings that only one package has, by its name; those of ``others`` are no one's.

    What a fork and its original have is the original's.
    Packages without a bundle are looked for if they are ``wanted``: the rest of them are themes, lists and tools, which
    consist of copies.
    """
    texts = {name: {*item.bundle, *item.files} for name, item in found.items()}
    holders = holders_of(texts.items())
    inner = contained(texts, holders, most_holders=_MOST_HOLDERS, parts=True)
    needed = all_needed(found, made_with=False)
    brought = {name: inner.get(name, set()) | those for name, those in all_needed(found, made_with=True).items()}
    dependents = Counter(need for item in found.values() for need in item.needs)
    originals = {fork: original for fork, original in (forks or {}).items() if {fork, original} <= found.keys()}
    for fork, original in originals.items():
        brought[fork] |= {original}
        brought[original] -= {fork}
    frequencies = Counter(word for item in texts.values() for word in {word for text in item for word in _words(text)})

    @cache
    def telling(text: bytes) -> float:
        return information(_words(text), frequencies, len(found))

    def worth(text: bytes) -> tuple[float, int, bytes]:
        return min(telling(text), _ENOUGH_BITS), -len(text), text

    def is_rather(name: str, other: str) -> bool:
        """Return whether a text that both have is a package's, by how many need the two."""
        return name not in bundles and dependents[name] >= DEPENDENTS * max(dependents[other], 1)

    def is_copy(name: str, other: str, text: bytes) -> bool:
        """Return whether another one has a text from a package."""
        if name == originals.get(other) or other == originals.get(name):
            return name == originals.get(other)
        if (name in needed[other]) != (other in needed[name]):
            return name in needed[other]
        if is_rather(name, other) and (is_message(text) or _has_name(name, text)):
            return True
        return not is_rather(other, name) and name in brought[other] and other not in brought[name]

    def is_own(name: str, text: bytes) -> bool:
        least = _BITS_OF_MESSAGE if is_message(text) else _BITS_OF_NAME
        return telling(text) >= least and all(other == name or is_copy(name, other, text) for other in holders[text])

    result: dict[str, dict[str, Any]] = {}
    for name, item in found.items():
        if name in others or not (item.bundle or name in wanted):
            continue
        kept = _best([text for text in item.bundle if is_own(name, text)], KEPT, worth)
        looked_for = len(kept)
        rest = [text for text in item.files if text not in kept and is_own(name, text)]
        kept += _best(rest, KEPT_OF_FILES if kept else KEPT, worth)
        least = AT_LEAST if len(kept) >= AT_LEAST or any(telling(text) < _BITS_OF_FEW for text in kept) else FEW
        if len(kept) >= least:
            inside = [other for other in brought[name] if not is_rather(name, other)]
            copies = name in bundles or _consists_of_copies(name, item, texts, inside)
            share = _SHARE_OF_BUNDLE if copies else _SHARE
            result[name] = {
                "strings": [text.decode() for text in kept],
                "needed": max(least, -(-(looked_for or len(kept)) // share)),
                "from": f"{name} {item.version} (npm)",
            }
            if looked_for < AT_LEAST and not copies and "/" not in name:  # Names in scopes are words: @nivo/tooltip.
                sure = [
                    text
                    for text in kept[:looked_for]
                    if is_message(text) and _has_name(name, text) and telling(text) >= _BITS_OF_FEW
                ]
                result[name] |= {"sure": [text.decode() for text in sure]} if sure else {}
    return result


def _has_name(name: str, text: bytes) -> bool:
    """Return whether a text has a package's own name in it."""
    own = name.rpartition("/")[2].lower().replace(".js", "")
    return len(own) >= _SHORTEST_NAME and own.encode() in text.lower()


def all_needed(found: Mapping[str, Needing], *, made_with: bool) -> dict[str, set[str]]:
    """Return all that each package needs, directly or not, and what it is made with."""
    needed: dict[str, set[str]] = {}
    for name, item in found.items():
        there, new = needed.setdefault(name, set()), item.needs | (item.made_with if made_with else frozenset())
        while new := new - there - {name}:
            there |= new
            new = frozenset(need for one in new if one in found for need in found[one].needs)
    return needed


def _best(texts: Sequence[bytes], most: int, worth: Callable[[bytes], Any]) -> list[bytes]:
    """Return messages from everywhere, and names where there are few."""
    best = spread([text for text in texts if is_message(text)], most, worth)
    return best + spread([text for text in texts if not is_message(text)], most - len(best), worth)


def _consists_of_copies(name: str, item: Scripts, texts: Mapping[str, set[bytes]], brought: Iterable[str]) -> bool:
    own = texts[name]
    shared: dict[bool, set[bytes]] = {True: set(), False: set()}
    for other in brought:
        if other not in item.made_with and len(texts.get(other, ())) >= _TELLING_COPY:
            shared[other in item.needs] |= texts[other] & own
    return len(shared[False]) >= _COPIES * len(own) or len(shared[True]) >= _COPIES_OF_NEEDED * len(own)


@cache
def _words(text: bytes) -> frozenset[bytes]:
    return frozenset(part.lower() for word in _WORD.findall(text) for part in _PARTS.findall(word))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
