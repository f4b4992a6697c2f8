"""Which distributions cannot work in a static executable, whatever is linked.

Data, in ``unusable_distributions.toml``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from castiron_common.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableKind:
    """Distributions that cannot work for one reason."""

    distributions: tuple[str, ...]
    """Normalised names."""
    why: str
    instead: str
    """What to use, as a sentence without its full stop."""
    source: str
    """Where that is said."""
    builds_that_work: tuple[str, ...] = ()
    """Local versions (PEP 440: what follows the ``+``) of builds that can."""

    def concerns(self, version: str) -> bool:
        """Whether a distribution of this version cannot work."""
        return version.partition("+")[2] not in self.builds_that_work


@dataclass(frozen=True, slots=True, kw_only=True)
class UnusableDistributions:
    """The whole table."""

    kind: tuple[UnusableKind, ...]


@cache
def unusable_distributions() -> dict[str, UnusableKind]:
    """Return what is known, by normalised name."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    table = read_table(UnusableDistributions, tomllib.loads(text))
    return {name: kind for kind in table.kind for name in kind.distributions}
