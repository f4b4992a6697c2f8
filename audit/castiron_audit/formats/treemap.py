"""Draws a treemap as SVG: areas that stand for bytes.

Source: Bruls, Huizing, van Wijk, Squarified Treemaps (2000).
"""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH, HEIGHT = 1200.0, 360.0
"""Of the picture, in its own units; the page scales it."""

_LETTER = 0.57
"""Width of a letter, in heights."""
_LARGER = {"not-medium": 19, "not-narrow": 26}
"""Heights of letters on narrower pages, by the class that the page's style hides there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """One area."""

    size: int
    label: str
    note: str
    """Shown on hover."""
    kind: str
    """CSS class by which the page colours it."""
    href: str
    """What it links to, empty if nothing."""


def treemap(boxes: Sequence[Box], *, label: str) -> str:
    """Return the SVG element, empty if there is nothing to show.  ``boxes`` are sorted by size, the largest first."""
    kept = [box for box in boxes if box.size > 0]
    if not kept:
        return ""
    shapes = []
    for box, (x, y, width, height) in zip(kept, layout([box.size for box in kept], WIDTH, HEIGHT), strict=True):
        text = ""
        if width > 46 and height > 18:
            characters = int((width - 10) / 7.4)
            shown = box.label if len(box.label) <= characters else box.label[: max(1, characters - 1)] + "…"
            # On narrow pages the letters are larger, as the whole is drawn smaller: names that do not fit are left out.
            large = " ".join(
                name
                for name, letter in _LARGER.items()
                if len(box.label) * letter * _LETTER + 12 > width or letter + 8 > height
            )
            hidden = f' class="{large}"' if large else ""
            text = (
                f'<svg x="{x:.1f}" y="{y:.1f}" width="{width - 3:.1f}" height="{height - 3:.1f}">'
                f'<text x="6" y="5" dominant-baseline="hanging"{hidden}>{escape(shown)}</text></svg>'
            )
        shape = (
            f'<g class="{box.kind}"><title>{escape(box.note)}</title>'
            f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(0.0, width - 1.5):.1f}" '
            f'height="{max(0.0, height - 1.5):.1f}" rx="2"/>{text}</g>'
        )
        shapes.append(f'<a href="{escape(box.href)}" tabindex="-1">{shape}</a>' if box.href else shape)
    # For those who do not see it, it has nothing that the table does not say better.
    return (
        f'<p class="sr">{escape(label)}; the table below has the same numbers.</p>'
        f'<svg class="treemap" viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" aria-hidden="true" focusable="false">'
        f"{''.join(shapes)}</svg>"
    )


def layout(sizes: Sequence[int], width: float, height: float) -> list[tuple[float, float, float, float]]:
    """Return (x, y, width, height) for each size, as near to squares as the order allows."""
    scale = width * height / sum(sizes)
    areas = [size * scale for size in sizes]
    placed: list[tuple[float, float, float, float]] = []
    x = y = 0.0
    start = 0
    while start < len(areas):
        side = min(width, height)
        count = 1
        while start + count < len(areas) and _worst(areas[start : start + count + 1], side) <= _worst(
            areas[start : start + count], side
        ):
            count += 1
        row = areas[start : start + count]
        thickness = sum(row) / side if side else 0.0
        along = 0.0
        for area in row:
            length = area / thickness if thickness else 0.0
            if width >= height:
                placed.append((x, y + along, thickness, length))
            else:
                placed.append((x + along, y, length, thickness))
            along += length
        if width >= height:
            x, width = x + thickness, width - thickness
        else:
            y, height = y + thickness, height - thickness
        start += count
    return placed


def _worst(row: Sequence[float], side: float) -> float:
    """Return the worst ratio of sides in a row of areas laid along ``side``."""
    total = sum(row)
    if not side or not total:
        return float("inf")
    return max(max(side * side * area / total**2, total**2 / (side * side * area)) for area in row)
