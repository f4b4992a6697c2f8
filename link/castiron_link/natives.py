"""The absorb pass as the driver sees it: what the linker and the payload get of the shared objects."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.progress import Reporter
    from castiron_link.app_object import ExtensionRow
    from castiron_link.model import Tree
    from castiron_link.report import Contribution
    from castiron_manifest.model import Manifest
    from castiron_runtime.model import LinkInputs, Pack


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


def absorb_natives(
    manifest: Manifest, tree: Tree, pack: Pack, inputs: LinkInputs, work: Path, *, reporter: Reporter
) -> Absorbed:
    """Return what the shared objects of the manifest become; nothing if it has none."""
    if not tree.extensions and not manifest.natives:
        return Absorbed()
    raise NotImplementedError
