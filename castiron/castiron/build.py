"""Runs both stages, with the manifest in a temporary folder or where the user wants to keep it.

The stages do not import each other; this is the only package that imports both.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.working import working_folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def build(trace: Callable[[Path], object], link: Callable[[Path], object], *, manifest: Path | None = None) -> None:
    """Have ``trace`` write a manifest and ``link`` read it.  ``manifest`` is where to keep it; None: nowhere."""
    if manifest is not None:
        trace(manifest)
        link(manifest)
        return
    with working_folder("build") as folder:
        made = folder / "app.manifest"
        trace(made)
        link(made)
