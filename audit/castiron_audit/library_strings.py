"""Finds libraries by their messages: strings of their shared objects in Debian that no other library there has.

``make_library_strings.py``, which makes ``data/library_strings.json.zst``, says how they are chosen.
A library shows if several of them stand in a file, each as a whole string: it begins behind a byte that is no text and
ends before one.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from castiron_audit.tables import table
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

FILE_NAME = "library_strings.json.zst"
RUN = re.compile(rb"[\t\n\r\x20-\x7e]{10,}")
"""A string of a compiled program."""
_WORDS = re.compile(r"[A-Z]?[a-z]{2,}|[A-Z]{3,}")
_AT_LEAST = 3
"""Strings that show a library: one or two may be quoted elsewhere."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A library that its messages show."""

    library: str
    """Its name in the catalogue."""
    proof: str
    """The longest of them."""
    count: int
    of: int
    """How many are looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownStrings:
    """What is known of all libraries."""

    owners: Mapping[bytes, str]
    """The library that a string is of."""
    counts: Mapping[str, int]
    namespaces: Mapping[bytes, str]
    """The library that a C++ namespace is of."""


def table_bytes() -> bytes:
    """Return the file of strings, which keys of caches are made of."""
    return files("castiron_audit.data").joinpath(FILE_NAME).read_bytes()


@cache
def known_strings() -> KnownStrings:
    """Return the strings that are looked for."""
    import zstandard

    rows = json.loads(zstandard.ZstdDecompressor().decompress(table_bytes()))
    left_out = {name: re.compile(pattern) for name, pattern in table("library_packages")["not_own"].items()}
    return KnownStrings(
        owners={
            text.encode(): name
            for name, row in rows.items()
            for text in row["strings"]
            if _is_text(text) and not (name in left_out and left_out[name].search(text))
        },
        counts={name: len(row["strings"]) for name, row in rows.items()},
        namespaces={space.encode(): name for name, row in rows.items() for space in row["namespaces"]},
    )


def _is_text(text: str) -> bool:
    """Return whether a string is made of words: bytes of a table of characters or codes are in whatever has it."""
    return sum(map(len, _WORDS.findall(text))) * 3 >= len(text)


def shown_libraries(data: bytes) -> tuple[Shown, ...]:
    """Return the libraries whose messages stand in the bytes of a file, sorted."""
    known = known_strings()
    there: dict[str, list[bytes]] = {}
    for text in known.owners.keys() & set(RUN.findall(data)):
        there.setdefault(known.owners[text], []).append(text)
    return tuple(
        Shown(
            library=name,
            proof=max(texts, key=lambda text: (len(text), text)).decode(),
            count=len(texts),
            of=known.counts[name],
        )
        for name, texts in sorted(there.items())
        if len(texts) >= _AT_LEAST
    )
