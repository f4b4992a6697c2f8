"""Finds packages of npm in scripts by names of members that no other package has, and that minifiers leave.

``make_script_members.py``, which makes ``data/script_members.json.zst``, says how they are chosen.
"""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.script_strings import ShownPackage
from castiron_audit.tables import document
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "script_members"
MEMBER = re.compile(rb"\.([A-Za-z_$][\w$]{6,39})")
"""A member as it is used."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _KnownMembers:
    """What is known of all packages."""

    owners: Mapping[bytes, str]
    needed: Mapping[str, int]


@cache
def _known() -> _KnownMembers:
    rows = document(NAME)
    return _KnownMembers(
        owners={text: name for name, row in rows.items() for text in row["names"].encode().split()},
        needed={name: row["needed"] for name, row in rows.items()},
    )


def packages_of_members(script: bytes) -> tuple[ShownPackage, ...]:
    """Return the packages whose names of members stand in a script, sorted by name."""
    known = _known()
    there: dict[str, list[bytes]] = {}
    for text in known.owners.keys() & set(MEMBER.findall(script)):
        there.setdefault(known.owners[text], []).append(text)
    return tuple(
        ShownPackage(name=name, proof=max(texts, key=lambda text: (len(text), text)).decode(), count=len(texts))
        for name, texts in sorted(there.items())
        if len(texts) >= known.needed[name]
    )
