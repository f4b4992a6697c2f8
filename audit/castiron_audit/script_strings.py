"""Finds packages of npm in scripts by strings that no other package has: messages, classes of style sheets, names.

Minifiers and bundlers take comments, names of variables and paths away, and leave strings as they are.
``make_script_strings.py``, which makes ``data/script_strings.json.zst``, says how they are chosen.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.tables import document
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "script_strings"
SHORTEST, LONGEST = 10, 160
QUOTED = re.compile(rb"""["'`](?=([^"'`\\\r\n$]{%d,%d})(?:["'`]|\$\{))""" % (SHORTEST, LONGEST))
"""What stands between two quotation marks, be it a string or the code between two (one is known, the other is not), and
what a template begins with."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPackage:
    """A package that a script's strings show."""

    name: str
    proof: str
    """The longest of them."""
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownScripts:
    """What is known of all packages."""

    owners: Mapping[bytes, str]
    needed: Mapping[str, int]
    sure: frozenset[bytes]
    """Texts of which one is enough."""


@cache
def _known() -> _KnownScripts:
    rows = document(NAME)
    return _KnownScripts(
        owners={
            text: name
            for name, row in rows.items()
            for text in "\n".join(row["strings"]).encode().split(b"\n")  # Each is of one line.
        },
        needed={name: row["needed"] for name, row in rows.items()},
        sure=frozenset(text.encode() for row in rows.values() for text in row.get("sure", ())),
    )


def shown_packages(data: bytes) -> tuple[ShownPackage, ...]:
    """Return the packages whose strings stand in a script, sorted by name."""
    known = _known()
    there: dict[str, list[bytes]] = {}
    for text in known.owners.keys() & set(QUOTED.findall(data)):
        there.setdefault(known.owners[text], []).append(text)
    return tuple(
        ShownPackage(
            name=name,
            proof=max(texts, key=lambda text: (len(text), text)).decode(),
            count=len(texts),
        )
        for name, texts in sorted(there.items())
        if len(texts) >= known.needed[name] or not known.sure.isdisjoint(texts)
    )
