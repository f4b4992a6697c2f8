"""Makes ``data/script_members.json.zst``: names of members that only one package of npm has.

``python -m castiron_audit.make_script_members FOLDER``

FOLDER: as `make_script_strings` fills it; what is lacking is fetched.  The result depends on the packages alone.

Minifiers rename variables, and leave the names of what objects have as they are, since these may be used from elsewhere
(``a._isAMomentObject``).  So packages that have no message of their own in a build for production show by them.  What a
package offers stands in what uses it as well, wherever that has it from, and a name is a package's if all others that
have it need that one, or are needed by much fewer.  A name is kept if it has several words, or begins as a private one
does (``_`` or ``$``), and if its words are rare enough (`castiron_audit.telling`).  The names are from everywhere in
the main file, or in the package if that has few, and a large part of them must be there (`SHARE`): a page that only
uses a package has few.
"""

from __future__ import annotations

import json
import math
import re
import sys
from collections import Counter
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_audit.make_script_strings import DEPENDENTS, all_needed, fetched, names_of_all, scripts_of
from castiron_audit.script_members import MEMBER, NAME
from castiron_audit.tables import table, write_document
from castiron_audit.telling import holders_of, information, spread
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

KEPT = 32
"""Names of a package at most."""
FEWEST = 6
"""A package with fewer is not looked for, and as many must be there."""
SHARE = 0.4
"""The share of those that are looked for that must be there."""
_BITS = 10.0
"""The least information of a name that is kept."""
_ENOUGH_BITS = 40.0
"""Beyond them the shorter name is better."""
_MAIN = ("main", "module", "browser", "unpkg", "jsdelivr")
"""Fields of a manifest that name a file which stands for the package."""
_MOST_HOLDERS = 25
"""Packages that have a name which tells something."""
_PRIVATE = b"_$"
_HASH = re.compile(rb"[0-9a-f]{8}")
"""What some bundlers put into names; another release has another one."""
_OFFERED = re.compile(rb"(?<=exports)\.[A-Za-z_$][\w$]*")
"""What a package calls what it offers is gone in a bundle."""
_PARTS = re.compile(rb"[A-Z]?[a-z]+|[A-Z]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Members:
    """The names of members in one package, each once, in the order of its files."""

    names: tuple[bytes, ...]
    version: str
    main: frozenset[bytes] = frozenset()
    """Those that its main file has."""
    needs: frozenset[str] = frozenset()
    """Packages that npm installs with it."""
    made_with: frozenset[str] = frozenset()
    """Packages that it is developed with."""


def main(folder: Path) -> None:
    """Write the file."""
    names = names_of_all()
    modules = fetched(names, folder)
    found = {name: members_of(modules, name) for name in names}
    packages = table("script_packages")
    write_document(NAME, chosen(found, {*packages["others"], *packages["bundles"], *packages["members_of_others"]}))


def members_of(modules: Path, name: str) -> Members:
    """Return the names of members in a package's scripts."""
    manifest = json.loads((modules / name / "package.json").read_text(encoding="utf-8"))
    texts = dict.fromkeys(text for script in scripts_of(modules / name) for text in _members_in(script))
    return Members(
        names=tuple(texts),
        version=str(manifest.get("version", "")),
        main=frozenset(text for script in _main_scripts(modules / name, manifest) for text in _members_in(script)),
        needs=frozenset({*(manifest.get("dependencies") or {}), *(manifest.get("peerDependencies") or {})}),
        made_with=frozenset(manifest.get("devDependencies") or {}),
    )


def _members_in(script: bytes) -> list[bytes]:
    return MEMBER.findall(_OFFERED.sub(b"", script))


def _main_scripts(folder: Path, manifest: Mapping[str, Any]) -> Iterator[bytes]:
    """Yield the files that stand for a whole package."""
    for field in _MAIN:
        path = manifest.get(field)
        if isinstance(path, str):
            for file in (folder / path, folder / f"{path}.js"):
                if file.is_file():
                    yield file.read_bytes()


def chosen(found: Mapping[str, Members], not_looked_for: Collection[str]) -> dict[str, dict[str, Any]]:
    """Return the names that only one package has, by its name.

    What those have, too, that need a package, or that much fewer need, is the package's.
    """
    texts = {name: frozenset(item.names) for name, item in found.items()}
    holders = holders_of(texts.items())
    needed = all_needed(found, made_with=True)
    dependents = Counter(need for item in found.values() for need in item.needs)
    frequencies = Counter(word for item in texts.values() for word in {word for text in item for word in _words(text)})

    @cache
    def telling(text: bytes) -> float:
        return information(_words(text), frequencies, len(found))

    def is_rather(name: str, other: str) -> bool:
        """Return whether a name that both have is the first one's."""
        if (name in needed[other]) != (other in needed[name]):
            return name in needed[other]
        return dependents[name] >= DEPENDENTS * max(dependents[other], 1)

    def is_own(name: str, text: bytes) -> bool:
        return (
            (len(_words(text)) > 1 or text[:1] in _PRIVATE)
            and not _HASH.search(text)
            and len(holders[text]) <= _MOST_HOLDERS
            and telling(text) >= _BITS
            and all(other == name or is_rather(name, other) for other in holders[text])
        )

    result: dict[str, dict[str, Any]] = {}
    for name, item in found.items():
        own = [text for text in item.names if is_own(name, text)] if name not in not_looked_for else []
        of_main = [text for text in own if text in item.main]
        own = of_main if len(of_main) >= FEWEST else own
        if len(own) >= FEWEST:
            kept = spread(own, KEPT, lambda text: (min(telling(text), _ENOUGH_BITS), -len(text), text))
            result[name] = {
                "names": b" ".join(kept).decode(),
                "needed": max(FEWEST, math.ceil(SHARE * len(kept))),
                "from": f"{name} {item.version} (npm)",
            }
    return result


@cache
def _words(text: bytes) -> frozenset[bytes]:
    return frozenset(part.lower() for part in _PARTS.findall(text) if len(part) > 1)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
