"""Reads how a shared object was built: by which compilers, with which Rust crates and statically linked libraries.

Sources: cargo-auditable's PARSING.md (section ``.dep-v0``: zlib-compressed JSON); ``.comment`` as GCC, Clang and rustc
write it; ``data/signatures.toml``.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit.tables import table
from castiron_common.errors import InputError
from castiron_common.source_key import source_key
from castiron_elf import store
from castiron_elf.errors import MalformedElfError

if TYPE_CHECKING:
    from castiron_common.target import Elf

_LIMIT = 64 * 1024 * 1024
"""Bytes that a decompressed list of crates may have; real ones have kilobytes."""
_GCC = re.compile(rb"GCC: \([^)]*\) (\d+\.\d+\.\d+)")
_RUSTC = re.compile(rb"rustc version (\d+\.\d+\.\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Crate:
    """A Rust crate that is compiled in."""

    name: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo:
    """How one shared object was built, as far as it shows that."""

    rustc: str | None
    """Version of the Rust compiler; None if it compiled nothing of it."""
    gcc: str | None
    """Version of GCC; None if it compiled nothing of it."""
    crates: tuple[Crate, ...] | None
    """As cargo-auditable lists them, without those for the build only; None if there is no list."""
    signatures: tuple[tuple[str, str], ...] = ()
    """(library of the catalogue, version or "") of statically linked libraries, known by their strings; sorted."""


def read_build_info(path: Path, sha256: str, elf: Elf) -> BuildInfo:
    """Return how a shared object was built; ``sha256`` is that of its content, ``elf`` the target's machine.

    Raises `InputError` if it is not an ELF file, has another content by now, or if its list of crates is damaged.
    """
    try:
        headers = store.read_file(path, elf, sha256=sha256).headers
        libraries = _known_signatures(path, sha256)
    except (OSError, MalformedElfError, store.ChangedContentError) as error:
        raise InputError(
            f"{path.name} cannot be read as a shared object: {error}.",
            hint="Run `castiron cache verify --repair` and try again.",
        ) from error
    rustc, gcc = _RUSTC.search(headers.comment), _GCC.search(headers.comment)
    return BuildInfo(
        signatures=libraries,
        rustc=rustc[1].decode() if rustc else None,
        gcc=gcc[1].decode() if gcc else None,
        crates=None if headers.crates is None else crates(headers.crates, path.name),
    )


@cache
def _key() -> str:
    """Return a hash of what looks for the strings."""
    table_file = files("castiron_audit.data").joinpath("signatures.toml")
    return source_key([Path(__file__)], also=table_file.read_text(encoding="utf-8"))


def _known_signatures(path: Path, sha256: str) -> tuple[tuple[str, str], ...]:
    """Return `signatures` of a file's content, which is looked through once."""
    kept = store.derived(path, sha256, by=_key(), make=lambda data: json.dumps(signatures(data)).encode())
    return tuple((library, version) for library, version in json.loads(kept))


@cache
def _signatures() -> tuple[tuple[str, bytes, re.Pattern[bytes]], ...]:
    return tuple(
        (row["library"], row["anchor"].encode(), re.compile(row["pattern"].encode()))
        for row in table("signatures")["signature"]
    )


def signatures(data: bytes) -> tuple[tuple[str, str], ...]:
    """Return (library, version) for every library of the table whose strings are in ``data``, sorted."""
    versions: dict[str, str] = {}
    for library, anchor, pattern in _signatures():
        offset = data.find(anchor)
        while offset >= 0 and library not in versions:
            match = pattern.search(data, max(0, offset - 16), offset + 600)
            if match is not None:
                versions[library] = match[1].decode()
            offset = data.find(anchor, offset + 1)
    return tuple(sorted(versions.items()))


def crates(data: bytes, name: str) -> tuple[Crate, ...]:
    """Return the crates of a ``.dep-v0`` section, sorted by (name, version).  Raises `InputError`."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, _LIMIT)
        if unpacker.unconsumed_tail:
            raise ValueError("it is larger than any real list")
        rows = json.loads(text)["packages"]
        listed = {
            Crate(name=row["name"], version=row["version"])
            for row in rows
            if row.get("kind", "runtime") == "runtime" and not row.get("root")
        }
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The list of Rust crates in {name} is damaged: {error}.",
            hint="The wheel is not what its maker wrote; install it again, or report it to its project.",
        ) from error
    return tuple(sorted(listed, key=lambda crate: (crate.name, crate.version)))
