"""What is known of single distributions and cannot be read from them: data, in ``known_distributions.toml``."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping  # noqa: TC003 - read_table looks the types up
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from castiron_common.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownDistributions:
    """Normalised names, each with the reason and where that is said."""

    reads_history: Mapping[str, str]
    """Build requirements that take a project's version from its repository's history."""
    comes_with_environments: Mapping[str, str]
    """What virtual environments hold without being asked."""


@cache
def known_distributions() -> KnownDistributions:
    """Return what is known."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return read_table(KnownDistributions, tomllib.loads(text))
