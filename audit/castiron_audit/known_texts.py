"""License texts and copyright lines of crates and native libraries that come without them in wheels.

They were collected from the projects' published archives and from Debian's copyright files, and are kept in
``data/known_texts.json.zst`` (made by ``data/make_known_texts.py``).  They may be those of another version, which the
path of each text names.
"""

from __future__ import annotations

from dataclasses import replace

from castiron_audit.tables import document, table
from castiron_common.frozen import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownTexts:
    """What is known of one crate or library."""

    license: str = ""
    """The expression of a crate's own manifest; empty if it is not known."""
    texts: tuple[tuple[str, str], ...] = ()
    """(where it was read, text)."""


def texts_of_crate(name: str) -> KnownTexts:
    """Return what is known of a crate, nothing if it is unknown; crates of one repository have the same texts."""
    known = _known("crates", name)
    sibling = _sibling(name)
    return replace(known, texts=_known("crates", sibling).texts) if sibling and not known.texts else known


def _sibling(name: str) -> str | None:
    """Return the crate of the same repository whose texts are kept, None if none is known."""
    families = table("crates")["same_repository_beginnings"]
    family = next((crate for beginning, crate in families.items() if name.startswith(beginning)), None)
    found: str | None = table("crates")["same_repository"].get(name, family)
    return found


def texts_of_library(name: str) -> KnownTexts:
    """Return what is known of a library of the catalogue, nothing if it is unknown."""
    return _known("libraries", name)


def _known(kind: str, name: str) -> KnownTexts:
    row = document("known_texts")[kind].get(name)
    if row is None:
        return KnownTexts()
    texts = document("known_texts")["texts"]
    return KnownTexts(
        license=row.get("license", ""), texts=tuple((where, texts[index]) for where, index in row["texts"])
    )
