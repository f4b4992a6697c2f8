"""Names what code makes, for the keys of caches: other sources, other entries."""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING

from castiron_common.versions import installed_version

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_DIGITS = 16

_NO_CODE = re.compile(r'^[ \t]*(?:#[^\n]*|"""(?:[^"\\]|\\.|"(?!""))*""")[ \t]*\n', re.MULTILINE)
"""Lines that are a comment, and texts that stand alone."""


def source_key(sources: Iterable[Path], *, libraries: Iterable[str] = (), also: str = "") -> str:
    """Return a hash of what decides how something is made: sources, versions of installed libraries, a further text.

    What is in the cache under another key was made by other code and is never read.
    """
    found = hashlib.sha256()
    for source in sorted(sources):
        found.update(f"{source.parent.name}/{source.name}\0".encode())
        found.update(hashlib.sha256(source.read_bytes()).digest())
    for library in libraries:
        found.update(f"{library} {installed_version(library)}\0".encode())
    found.update(also.encode())
    return found.hexdigest()[:_DIGITS]


def code_key(modules: Iterable[Path], *, also: str = "") -> str:
    """Return a hash of the code of modules, without comments and docstrings, and of a further text.

    For what is costly to make: who improves a comment need not make it again.  Comments and docstrings are taken out
    by their looks, as parsing would cost more than all else that a look into the cache does.
    """
    found = hashlib.sha256()
    for module in sorted(modules):
        found.update(f"{module.name}\n{code_of(module.read_text(encoding='utf-8'))}\0".encode())
    found.update(also.encode())
    return found.hexdigest()[:_DIGITS]


def code_of(source: str) -> str:
    """Return a module's source without comments on lines of their own and without docstrings."""
    return _NO_CODE.sub("", source)
