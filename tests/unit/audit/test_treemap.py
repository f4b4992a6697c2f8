"""The map of sizes: names are drawn where they fit, also with the larger letters of narrow pages."""

from __future__ import annotations

import re

from castiron_audit.formats.treemap import Box, treemap


def boxes(*sizes: tuple[str, int]) -> list[Box]:
    return [Box(size=size, label=name, note=name, kind="permissive", href="") for name, size in sizes]


def names(drawn: str) -> dict[str, str]:
    """Return the classes of the names that are drawn."""
    return {name: hidden for hidden, name in re.findall(r'<text [^>]*?(?:class="([^"]*)")?>([^<]*)</text>', drawn)}


def test_what_does_not_fit_in_larger_letters_is_left_out_on_narrow_pages() -> None:
    drawn = names(
        treemap(boxes(("large", 1000), ("a-rather-long-name", 200), ("small", 12), ("smaller", 6)), label="Bytes")
    )
    assert drawn["large"] == ""
    assert drawn["a-rather-long-name"] == "not-narrow"
    assert drawn["small"] == "not-narrow"
    assert drawn["smaller"] == "not-medium not-narrow"
