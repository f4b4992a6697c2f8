"""Chooses the submodules of ``encodings`` that an application needs."""

from __future__ import annotations

from encodings.aliases import aliases
from typing import TYPE_CHECKING

from castiron_trace.analyser.conditional import DECODERS, FOREIGN_CODECS, NO_DECODERS, TRANSFORMS
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from castiron_trace.protocol import Import


def reads_encodings(imports: Iterable[Import]) -> bool:
    """Say whether one of these imports is of a part of the standard library that decodes what it reads."""
    return any(
        is_below(item.imported, DECODERS) and item.imported not in NO_DECODERS
        for item in imports
        if item.tier is not Tier.DECLARED
    )


def chosen_codecs(available: Iterable[str], named: Iterable[str], *, every: bool) -> list[str]:
    """Return the names of modules, sorted.

    ``available`` are the submodules of ``encodings``, ``named`` the encodings that literals name; ``every`` takes all
    but those that bring a compression library.
    """
    usable = set(available) - FOREIGN_CODECS
    chosen = usable - {*TRANSFORMS.values()} if every else set()
    for text in named:
        name = "".join(c if c.isalnum() else "_" for c in text.lower()).strip("_")
        # The tables of aliases of Python 3.11 and later agree, so that the host's serves for the target.
        chosen |= {name, aliases.get(name, name)} & usable
    return [f"encodings.{name}" for name in sorted(chosen)]


def is_below(name: str, names: Collection[str]) -> bool:
    """Say whether a module is one of these or below one of them."""
    return any(name == other or name.startswith(f"{other}.") for other in names)
