"""Which of many libraries' strings or names tell whose they are: those that only one has, and whose words are rare.

What `make_library_strings`, `make_library_functions` and `make_script_strings` choose by.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

_CONTAINED = 0.4
"""The share of a library's texts in another one from which the other one contains it."""
_LARGER, _CONTAINED_IN_LARGER, _FEWEST_IN_LARGER = 10, 0.1, 3
"""How many times as many texts one has that may contain another version, or a part, of a library; the share of the
library's texts that it has, and how many."""


def holders_of(everybody: Iterable[tuple[str, Iterable[bytes]]]) -> dict[bytes, list[str]]:
    """Return who has each text, in the order of ``everybody``: (name, its texts)."""
    holders: dict[bytes, list[str]] = {}
    for name, texts in everybody:
        for text in texts:
            holders.setdefault(text, []).append(name)
    return holders


def contained(
    found: Mapping[str, Collection[bytes]],
    holders: Mapping[bytes, Sequence[str]],
    *,
    most_holders: int | None = None,
    parts: bool = False,
) -> dict[str, set[str]]:
    """Return the libraries that each one contains: most of the smaller one's texts are in the larger one.

    A text that more than ``most_holders`` have says nothing about which one contains which.  With ``parts`` much larger
    ones also contain those of which they have some texts.
    """
    shared: Counter[tuple[str, str]] = Counter()
    for names in holders.values():
        if len(names) > 1 and (most_holders is None or len(names) <= most_holders):
            own = [name for name in names if name in found]
            shared.update((one, other) for one in own for other in own if one != other)
    inner: dict[str, set[str]] = {}
    for (one, other), count in shared.items():
        contains = count >= _CONTAINED * len(found[one]) and count < _CONTAINED * len(found[other])
        if contains or (parts and _contains_some(count, len(found[one]), len(found[other]))):
            inner.setdefault(other, set()).add(one)
    return inner


def _contains_some(count: int, smaller: int, larger: int) -> bool:
    return count >= max(_FEWEST_IN_LARGER, _CONTAINED_IN_LARGER * smaller) and larger >= _LARGER * smaller


def information(words: Iterable[bytes], frequencies: Mapping[bytes, int], of: int) -> float:
    """Return how much words tell, in bits: each by the share of the libraries that have it."""
    return sum(math.log2(of / max(frequencies[word], 1)) for word in set(words))


def spread(texts: Sequence[bytes], most: int, worth: Callable[[bytes], Any]) -> list[bytes]:
    """Return some from everywhere, the best of each place: a part of a library is still recognised by some."""
    places = min(most, len(texts))
    return [
        max(texts[place * len(texts) // places : (place + 1) * len(texts) // places], key=worth)
        for place in range(places)
    ]
