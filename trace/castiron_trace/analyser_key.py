"""Identifies the analyser in the keys of the cache: other sources give other entries."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from castiron_common import frozen
from castiron_common.versions import installed_version
from castiron_trace.hints.model import SourceHints
from castiron_trace.wire import to_text

_FOLDER = Path(__file__).parent
_DIGITS = 16
_SHARED = ("protocol.py", "wire.py", "hints/model.py")
_NO_HINTS = SourceHints()


@cache
def analyser_key(hints: SourceHints = _NO_HINTS) -> str:
    """Return a hash of what decides how a source is read: the analyser's sources, its libraries' versions, the hints.

    Entries of the cache under another key were made by another analyser and are never read.
    """
    digest = _code().copy()
    digest.update(to_text(hints).encode())
    return digest.hexdigest()[:_DIGITS]


@cache
def _code() -> hashlib._Hash:
    digest = hashlib.sha256()
    sources = [*(_FOLDER / name for name in _SHARED), *(_FOLDER / "analyser").rglob("*.py")]
    for source in sorted(sources):
        digest.update(f"{source.relative_to(_FOLDER).as_posix()}\0".encode())
        digest.update(hashlib.sha256(source.read_bytes()).digest())
    digest.update(hashlib.sha256(Path(frozen.__file__).read_bytes()).digest())
    for library in ("modulegraph2", "objectgraph"):
        digest.update(f"{library} {installed_version(library)}\0".encode())
    return digest
