"""Binds all references of all images, and says which symbols nobody provides."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_link.absorb.scope import Missing, Resolution, resolve
from castiron_link.system_libraries import system_libraries

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_link.absorb.closure import ImagePlan
    from castiron_link.absorb.program import Program

_SHOWN = 12
"""Missing symbols that an error lists."""


class MissingSymbolsError(NativeError):
    """Symbols that images need are defined nowhere."""

    def __init__(self, what: str, *, hint: str, missing: Sequence[Missing]) -> None:
        super().__init__(what, hint=hint)
        self.missing = tuple(missing)


def bind(images: Sequence[ImagePlan], program: Program, *, emulated: str = "") -> tuple[Resolution, ...]:
    """Bind all references of all images.  Raises `MissingSymbolsError`, which lists what nobody provides.

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
        raise _missing_error(images, missing)
    return resolutions


def _missing_error(images: Sequence[ImagePlan], missing: Sequence[Missing]) -> MissingSymbolsError:
    by_image: dict[int, list[str]] = defaultdict(list)
    for item in missing:
        by_image[item.image].append(item.symbol)
    lines = []
    owners = set()
    instead = []
    for number, symbols in sorted(by_image.items()):
        image = images[number]
        shown = ", ".join(sorted(symbols)[:_SHOWN]) + (
            f" and {len(symbols) - _SHOWN} more" if len(symbols) > _SHOWN else ""
        )
        lines.append(f"  {image.name}: {shown}")
        refusals = {name: system_libraries().refusal(name) for name in image.absent}
        for name, refusal in refusals.items():
            if refusal is not None:
                lines.append(f"    it needs {name}, which is {refusal.why}")
                instead.append(f"{refusal.instead}.")
        if unknown := [name for name, refusal in refusals.items() if refusal is None]:
            lines.append(f"    it needs {', '.join(unknown)}, which no distribution of the environment brings")
        owners.add(image.files[0].owner)
    usual = (
        "Add the distribution that brings the library, exclude the modules that need it, or use a complete wheel of "
        f"{', '.join(sorted(owners))} for the target."
    )
    return MissingSymbolsError(
        "Symbols that native libraries need are defined nowhere:\n" + "\n".join(lines),
        hint=" ".join(dict.fromkeys((*instead, usual))),
        missing=missing,
    )
