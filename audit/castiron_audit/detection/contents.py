"""One distribution as the search for other people's work in it sees it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_common.target import Elf
    from castiron_manifest.model import Distribution, Native

LICENSE_NAME = re.compile(r"licen[sc]e|copying|notice|copyright", re.IGNORECASE)
"""What the names of files with license texts have in them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One distribution, as far as it goes into the binary."""

    distribution: Distribution
    included: frozenset[str]
    """Paths of its files that go in, relative to site-packages."""
    natives: tuple[Native, ...]
    """Its shared objects that go in."""
    texts: Mapping[str, str]
    """License files and bills of materials by hash."""
    site: Path | None
    """The installed ``site-packages``; None if it is not at hand, then files cannot be looked into."""
    elf: Elf
    """The target's machine."""

    @property
    def component(self) -> str:
        """Id of the distribution's own component."""
        return f"distribution/{self.distribution.name}"

    def read(self, path: str) -> bytes | None:
        """Return a file of the distribution, None if it is not at hand."""
        if self.site is None:
            return None
        try:
            return (self.site / path).read_bytes()
        except OSError:
            return None
