"""Names what code makes, for the keys of caches: other sources, other entries."""

from __future__ import annotations

import hashlib
from importlib.metadata import version
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_DIGITS = 16


def source_key(sources: Iterable[Path], *, libraries: Iterable[str] = (), also: str = "") -> str:
    """Return a hash of what decides how something is made: sources, versions of installed libraries, a further text.

    What is in the cache under another key was made by other code and is never read.
    """
    found = hashlib.sha256()
    for source in sorted(sources):
        found.update(f"{source.parent.name}/{source.name}\0".encode())
        found.update(hashlib.sha256(source.read_bytes()).digest())
    for library in libraries:
        found.update(f"{library} {version(library)}\0".encode())
    found.update(also.encode())
    return found.hexdigest()[:_DIGITS]
