"""What compilers leave in shared objects: the crates of cargo-auditable, and who compiled them.

Sources: cargo-auditable's PARSING.md (section ``.dep-v0``: zlib-compressed JSON); ``.comment`` as GCC, Clang and rustc
write it.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from castiron_audit.tables import table
from castiron_common.errors import InputError
from castiron_elf import store
from castiron_elf.errors import MalformedElfError

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import Elf

_LIMIT = 64 * 1024 * 1024
"""Bytes that a decompressed crate list may have; real ones have kilobytes."""
_GCC = re.compile(rb"GCC: \([^)]*\) (\d+\.\d+\.\d+)")
_RUSTC = re.compile(rb"rustc version (\d+\.\d+\.\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """A Rust crate that is compiled in."""

    name: str
    version: str
    source: str
    """``crates.io``, ``git``, ``local`` ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What one shared object says about its making."""

    rustc: str | None
    """Version of the Rust compiler; None if none was at work."""
    gcc: str | None
    """Version of GCC; None if it was not at work."""
    crates: tuple[Crate, ...] | None
    """Of cargo-auditable, without those that only build; None if there is no such list."""
    signatures: tuple[tuple[str, str], ...] = ()
    """(library of the catalogue, version or "") of static libraries that left words in the code, sorted."""


def examine(path: Path, sha256: str, elf: Elf) -> Facts:
    """Return what a shared object says, whose content has this hash.

    Raises `InputError` if it is no ELF file or another one by now, or if its crate list is damaged.
    """
    try:
        known = store.read_file(path, elf, sha256=sha256)
        found = signatures(path.read_bytes())
    except (OSError, MalformedElfError, store.ChangedContentError) as error:
        raise InputError(
            f"{path.name} cannot be read as a shared object: {error}.", hint="Remove the cache folder and try again."
        ) from error
    comment, listed = known.headers.comment, known.headers.crates
    rustc, gcc = _RUSTC.search(comment), _GCC.search(comment)
    return Facts(
        signatures=found,
        rustc=rustc[1].decode() if rustc else None,
        gcc=gcc[1].decode() if gcc else None,
        crates=None if listed is None else crates(listed, path.name),
    )


@cache
def _signatures() -> tuple[tuple[str, bytes, re.Pattern[bytes]], ...]:
    return tuple(
        (row["library"], row["anchor"].encode(), re.compile(row["pattern"].encode()))
        for row in table("signatures")["signature"]
    )


def signatures(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return (library, version) for every library of the table whose words are in ``data``."""
    found: dict[str, str] = {}
    for library, anchor, pattern in _signatures():
        at = data.find(anchor)
        while at >= 0 and library not in found:
            match = pattern.search(data, max(0, at - 16), at + 600)
            if match is not None:
                found[library] = match[1].decode()
            at = data.find(anchor, at + 1)
    return tuple(sorted(found.items()))


def crates(data: bytes, name: str) -> tuple[Crate, ...]:
    """Return the crates of a ``.dep-v0`` section, sorted by (name, version).  Raises `InputError`."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, _LIMIT)
        if unpacker.unconsumed_tail:
            raise ValueError("it is larger than any real list")
        rows = json.loads(text)["packages"]
        found = {
            Crate(name=row["name"], version=row["version"], source=row.get("source", ""))
            for row in rows
            if row.get("kind", "runtime") == "runtime" and not row.get("root")
        }
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The list of Rust crates in {name} is damaged: {error}.",
            hint="The wheel is not what its maker wrote; install it again, or report it to its project.",
        ) from error
    return tuple(sorted(found, key=lambda crate: (crate.name, crate.version)))
