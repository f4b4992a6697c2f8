"""Makes ``data/script_strings.json.zst``: strings that only one package of npm has.

``python -m castiron_audit.make_script_strings FOLDER``

FOLDER: one in which npm installed the packages that ``data/script_packages.toml`` names, and what they need
(``npm install --ignore-scripts --legacy-peer-deps``): it has ``node_modules``.  The result depends on the packages
alone.  Nothing of them is run.

A string is what stands between quotation marks: a message of several words, or a name of three words at least
(``leaflet-control-zoom``).  It is kept for a package if no other one has it, and if its words are rare enough
(`castiron_audit.telling`).  Packages bring bundles of what they need: if most of the strings of one are in another,
larger one, these are the smaller one's.  Versions, years, licenses and addresses are left out.
"""

from __future__ import annotations

import json
import re
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_audit.script_strings import NAME
from castiron_audit.tables import table, write_document
from castiron_audit.telling import contained, holders_of, information, spread
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

KEPT = 24
"""Strings of a package at most."""
FEWEST = 3
"""A package with fewer is not looked for by them."""
_BITS = 17.0
"""The least information of a string that is kept."""
_ENOUGH_BITS = 50.0
"""Beyond them the shorter text is better."""
_MOST_HOLDERS = 12
_SCRIPTS = (".js", ".mjs", ".cjs")
_NOT_READ = re.compile(
    r"(?:^|/)(?:node_modules|tests?|__tests__|spec|examples?|demos?|docs?|bench(?:marks?)?|locales?|i18n|langs?|typings"
    r"|scripts|tools|bin|cli|fixtures|coverage)/|\.(?:test|spec|stories|config)\.[cm]?js$"
)
"""Files that no page has."""
_LONGEST = 16 << 20
_SHORTEST, _LONGEST_STRING = 10, 160
_STRING_OR_COMMENT = re.compile(
    rb"""("(?:[^"\\\r\n]|\\.)*"|'(?:[^'\\\r\n]|\\.)*'|`(?:[^`\\\r\n]|\\.)*`)|/\*[\s\S]*?\*/|//[^\n]*"""
)
_NO_PART = re.compile(rb"""["'`\\]""")
"""What minifiers may write in another way."""
_MESSAGE = re.compile(rb"[A-Za-z0-9 .,:'%/#!?-]+")
_NAME = re.compile(rb"[a-z][a-z0-9]{1,24}(?:[-._:][a-z0-9]{2,24}){2,6}|[a-z][a-z0-9]{2,24}(?:[A-Z][a-z0-9]{2,24}){2,6}")
"""A class of a style sheet, an event or an attribute, of three words at least."""
_WORD = re.compile(rb"[A-Za-z]{3,}")
_PARTS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")
_UNSTABLE = re.compile(rb"\d\.\d|(?:19|20)\d\d|[Cc]opyright|[Ll]icen[sc]e|http|www|use strict|\.[cm]?js\b|\.css\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scripts:
    """What the scripts of one package have, each text once, in the order of the files."""

    messages: tuple[bytes, ...]
    names: tuple[bytes, ...]
    version: str


def main(folder: Path) -> None:
    """Write the file."""
    table_of = table("script_packages")
    found = dict(read(folder / "node_modules", table_of["same"]))
    if lacking := sorted(set(table_of["packages"]) - found.keys()):
        sys.exit(f"these packages are not in {folder}: {' '.join(lacking)}")
    write_document(NAME, chosen(found, table_of["others"]))


def read(folder: Path, same: Mapping[str, str]) -> Iterator[tuple[str, Scripts]]:
    """Yield the packages of a folder of npm's, sorted; those that are ``same`` as another add to that one."""
    manifests: dict[str, list[Path]] = {}
    for path in sorted((*folder.glob("*/package.json"), *folder.glob("@*/*/package.json"))):
        name = path.parent.relative_to(folder).as_posix()
        manifests.setdefault(same.get(name, name), []).append(path)
    for name, paths in sorted(manifests.items()):
        texts = [text for path in paths for text in _texts(path.parent)]
        own = next((path for path in paths if path.parent.relative_to(folder).as_posix() == name), paths[0])
        manifest: dict[str, Any] = json.loads(own.read_text(encoding="utf-8"))
        yield (
            name,
            Scripts(
                messages=tuple(dict.fromkeys(text for text in texts if is_message(text))),
                names=tuple(dict.fromkeys(text for text in texts if _NAME.fullmatch(text))),
                version=str(manifest.get("version", "")),
            ),
        )


def _texts(folder: Path) -> Iterator[bytes]:
    for path in sorted(folder.rglob("*")):
        within = path.relative_to(folder).as_posix()
        if path.suffix in _SCRIPTS and not _NOT_READ.search(within) and path.is_file():
            data = path.read_bytes()
            if len(data) <= _LONGEST:
                yield from dict.fromkeys(strings_in(data))


def strings_in(script: bytes) -> Iterator[bytes]:
    """Yield the strings of a script, without those of its comments, as far as a search for them finds them."""
    for match in _STRING_OR_COMMENT.finditer(script):
        text = match[1][1:-1] if match[1] else b""
        if _SHORTEST <= len(text) <= _LONGEST_STRING and not _NO_PART.search(text):
            yield text


def is_message(text: bytes) -> bool:
    """Return whether a text is words that a page may show, or an error has."""
    words = _WORD.findall(text)
    return (
        _MESSAGE.fullmatch(text) is not None
        and b" " in text.strip()
        and len(words) >= 3
        and sum(map(len, words)) >= len(text) * 0.6
        and not _UNSTABLE.search(text)
    )


def chosen(found: Mapping[str, Scripts], others: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Return the strings that only one package has, by its name; those of ``others`` are no one's."""
    holders = holders_of((name, (*item.messages, *item.names)) for name, item in found.items())
    texts = {name: {*item.messages, *item.names} for name, item in found.items()}
    inner = contained(texts, holders, most_holders=_MOST_HOLDERS)
    frequencies = Counter(word for item in texts.values() for word in {word for text in item for word in _words(text)})

    def telling(text: bytes) -> float:
        return information(_words(text), frequencies, len(found))

    def worth(text: bytes) -> tuple[float, int, bytes]:
        return min(telling(text), _ENOUGH_BITS), -len(text), text

    result: dict[str, dict[str, Any]] = {}
    for name, item in found.items():
        own = [
            [
                text
                for text in kind
                if telling(text) >= _BITS
                and all(other == name or name in inner.get(other, ()) for other in holders[text])
            ]
            for kind in (item.messages, [text for text in item.names if not _UNSTABLE.search(text)])
        ]
        kept = spread(own[0], KEPT, worth)
        kept += spread(own[1], KEPT - len(kept), worth)
        if len(kept) >= FEWEST and name not in others:
            result[name] = {"strings": [text.decode() for text in kept], "from": f"{name} {item.version} (npm)"}
    return result


def _words(text: bytes) -> set[bytes]:
    return {part.lower() for word in _WORD.findall(text) for part in _PARTS.findall(word)}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
