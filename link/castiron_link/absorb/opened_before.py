"""Libraries that an image uses and does not name, as its distribution opens them before it (``ctypes.RTLD_GLOBAL``).

A loader finds their symbols in its global scope (dlopen(3)).  Here the image gets the library as if it named it, so
that is initialised first, too; only if a single distribution of the binary defines a missing symbol, and no library
that the image names is missing, which would be where the symbol belongs.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castiron_link.absorb.closure import ImagePlan
    from castiron_link.absorb.scope import Missing


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """A library that an image gets although it does not name it."""

    user: str
    """The image's name for messages."""
    library: str
    symbol: str
    """One of those that it is needed for."""


def with_opened_before(
    images: Sequence[ImagePlan], missing: Iterable[Missing]
) -> tuple[tuple[ImagePlan, ...], tuple[Guess, ...]]:
    """Return the images with libraries that define their ``missing`` symbols, and what was guessed; sorted by user."""
    added: dict[int, dict[int, str]] = defaultdict(dict)
    for item in missing:
        user = images[item.image]
        if user.absent:
            continue
        there = [
            number
            for number, image in enumerate(images)
            if number != item.image
            and item.symbol in image.facts.definitions
            and (not (image.libc and user.libc) or image.libc == user.libc)
        ]
        if there and len({images[number].files[0].owner for number in there}) == 1:
            added[item.image].setdefault(there[0], item.symbol)
    guesses = [
        Guess(user=images[number].name, library=images[library].name, symbol=symbol)
        for number, libraries in sorted(added.items())
        for library, symbol in sorted(libraries.items())
    ]
    changed = tuple(
        replace(image, needed=tuple(dict.fromkeys((*image.needed, *sorted(added.get(number, ()))))))
        for number, image in enumerate(images)
    )
    return changed, tuple(guesses)
