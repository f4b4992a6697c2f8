"""Both stages in one go, with the manifest between them in a folder of its own or where the user wants it kept.

The stages do not know each other; here is the one place that knows both.
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
