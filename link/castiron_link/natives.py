"""The absorb pass as the driver sees it: what the linker and the payload get of the shared objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_link.app_object import ExtensionRow

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_link.report import Contribution


@dataclass(frozen=True, slots=True, kw_only=True)
class Absorbed:
    """What has become of the shared objects."""

    objects: tuple[Path, ...] = ()
    scripts: tuple[Path, ...] = ()
    """Linker scripts."""
    flags: tuple[str, ...] = ()
    """Linker options."""
    extensions: tuple[ExtensionRow, ...] = ()
    """Rows of the table of extension modules, sorted by name."""
    contributions: tuple[Contribution, ...] = ()
    """How many bytes of machine code each distribution brings."""
