"""Which of a manifest's modules a check imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_manifest.model import EntryKind, ModuleKind

if TYPE_CHECKING:
    from collections.abc import Collection

    from castiron_manifest.model import Manifest

_MAIN = "__main__"


def importable(manifest: Manifest, builtin: Collection[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the modules to import and those that are left out, both sorted.

    Left out are ``__main__`` modules and the module that the application starts with: importing them runs a program.
    Of the standard library's extension modules those count that are ``builtin`` in the binary: `link` does without
    one that stands for a choice (``_hashlib`` for OpenSSL's digests) if nothing needs it.
    """
    names = sorted(
        {item.name for item in manifest.modules if item.kind is not ModuleKind.BUILTIN or item.name in builtin}
    )
    entry = {manifest.entry.module} if manifest.entry.kind is not EntryKind.FUNCTION else set()
    left_out = tuple(name for name in names if name in entry or name.rpartition(".")[2] == _MAIN)
    return tuple(name for name in names if name not in left_out), left_out
