"""What the analyser is, as part of cache keys: other sources, other entries."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.metadata import version
from pathlib import Path

_FOLDER = Path(__file__).parent
_DIGITS = 16


@cache
def analyser_key() -> str:
    """Return a hash of everything that decides what the analyser answers: its sources and its libraries' versions.

    What is in the cache under another key was made by another analyser and is never read.
    """
    found = hashlib.sha256()
    sources = [_FOLDER / "protocol.py", _FOLDER / "wire.py", *(_FOLDER / "analyser").rglob("*.py")]
    for source in sorted(sources):
        found.update(f"{source.relative_to(_FOLDER).as_posix()}\0".encode())
        found.update(hashlib.sha256(source.read_bytes()).digest())
    for library in ("modulegraph2", "objectgraph"):
        found.update(f"{library} {version(library)}\0".encode())
    return found.hexdigest()[:_DIGITS]
