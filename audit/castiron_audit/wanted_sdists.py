"""Fetches the source distributions that may tell more than wheels: of what has machine code, scripts or copies."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit.sdists.archive import LARGEST_ARCHIVE
from castiron_manifest.model import ModuleKind
from castiron_runtime.packs import python_target
from castiron_runtime.target_files import load_target
from castiron_wheels.source_archives import fetch_sdists

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_common.progress import Reporter
    from castiron_manifest.model import Manifest
    from castiron_wheels.source_archives import SourceArchive

_OF_OTHERS = re.compile(
    r"\.(?:[mc]?js|css|wasm)$|(?:^|/)(?:_?vendor(?:ed)?|_?extern(?:al|als)?|third_party|node_modules)/", re.IGNORECASE
)
"""Scripts, and folders for what was copied."""


def wanted_sdists(manifest: Manifest, reporter: Reporter) -> tuple[SourceArchive, ...]:
    """Return the source distributions of what is more than Python of its own, sorted by distribution.

    Raises `DependencyError` if the index cannot be reached or serves another file than it says.
    """
    target = python_target(load_target(manifest.target.platform), manifest.target.python)
    names = set(_with_parts(manifest))
    chosen = [item for item in manifest.distributions if item.name in names]
    return fetch_sdists(chosen, target, largest=LARGEST_ARCHIVE, reporter=reporter)


def _with_parts(manifest: Manifest) -> Iterator[str | None]:
    for native in manifest.natives:
        yield native.distribution
    for module in manifest.modules:
        if module.kind is ModuleKind.EXTENSION or _OF_OTHERS.search(module.path or ""):
            yield module.distribution
    for resource in manifest.resources:
        # Programs have no suffix.
        name = resource.path.rpartition("/")[2]
        if _OF_OTHERS.search(resource.path) or "." not in name or "/bin/" in f"/{resource.path}":
            yield resource.distribution
