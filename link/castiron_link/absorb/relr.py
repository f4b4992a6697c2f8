"""Lists of words in an image, packed as ``DT_RELR`` is.

Source: generic ABI, "Relative Relocation Table".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.errors import NativeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def relr(places: Iterable[int], *, name: str) -> Iterator[int]:
    """Yield the offsets of words as ``DT_RELR`` packs them: an offset, then bits for the words that follow it.

    Raises `NativeError` for an odd offset, which the format cannot hold; ``name`` is the image's.
    """
    ordered = sorted(set(places))
    at = 0
    while at < len(ordered):
        first = ordered[at]
        if first % 2:
            raise NativeError(
                f"{name} has an address without alignment ({first:#x}).", hint="Link without --pie, or have it rebuilt."
            )
        yield first
        at += 1
        base = first + 8
        while True:
            bits = 0
            while at < len(ordered) and ordered[at] < base + 63 * 8 and (ordered[at] - base) % 8 == 0:
                bits |= 1 << (ordered[at] - base) // 8
                at += 1
            if not bits:
                break
            yield bits << 1 | 1
            base += 63 * 8
