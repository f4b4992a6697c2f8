"""Binds all references of all images, and says which symbols nobody provides."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_link.absorb.scope import Resolution, resolve

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_link.absorb.closure import ImagePlan
    from castiron_link.absorb.program import Program

_SHOWN = 12
"""Missing symbols that an error lists."""


def bind(images: Sequence[ImagePlan], program: Program, *, emulated: str = "") -> tuple[Resolution, ...]:
    """Bind all references of all images.  Raises `NativeError` that lists what nobody provides.

    Those that were linked against the ``emulated`` C library get stand-ins for its functions.
    """
    facts = [image.facts for image in images]
    needed = [image.needed for image in images]
    resolutions = tuple(
        resolve(number, facts, needed, program, emulated=emulated != "" and image.libc == emulated)
        for number, image in enumerate(images)
    )
    missing = [m for resolution in resolutions for m in resolution.missing]
    if missing:
        raise _missing_error(images, [(m.image, m.symbol) for m in missing])
    return resolutions


def _missing_error(images: Sequence[ImagePlan], missing: Sequence[tuple[int, str]]) -> NativeError:
    by_image: dict[int, list[str]] = defaultdict(list)
    for user, symbol in missing:
        by_image[user].append(symbol)
    lines = []
    hints = []
    for number, symbols in sorted(by_image.items()):
        image = images[number]
        shown = ", ".join(sorted(symbols)[:_SHOWN]) + (
            f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else ""
        )
        lines.append(f"  {image.name}: {shown}")
        if image.absent:
            lines.append(f"    it needs {', '.join(image.absent)}, which no distribution of the environment brings")
        hints.append(image.files[0].owner)
    owners = ", ".join(sorted(set(hints)))
    return NativeError(
        "Symbols that native libraries need are defined nowhere:\n" + "\n".join(lines),
        hint=f"Add the distribution that brings the library, exclude the modules that need it, or use a complete "
        f"wheel of {owners} for the target.",
    )
