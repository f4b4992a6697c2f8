"""Reads how a shared object or program was built: by which compilers, with which crates and static libraries.

Sources: cargo-auditable's PARSING.md (section ``.dep-v0``: zlib-compressed JSON); ``.comment`` as GCC, Clang and rustc
write it; what `castiron_audit.signatures` finds.
"""

from __future__ import annotations

import json
import re
import zlib
from dataclasses import field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_audit import collected_licenses, library_functions, library_strings, signatures
from castiron_audit.signatures import Findings, FoundModule
from castiron_common.errors import InputError
from castiron_common.files import sha256_bytes
from castiron_common.frozen import dataclass
from castiron_common.source_key import source_key
from castiron_elf import store
from castiron_elf.errors import MalformedElfError
from castiron_elf.headers import read_headers
from castiron_manifest.structure import converter

if TYPE_CHECKING:
    from cattrs import Converter

    from castiron_audit.signatures import Signature
    from castiron_common.target import Elf
    from castiron_elf.headers import Headers

_LIMIT = 64 * 1024 * 1024
"""Bytes that a decompressed list of crates may have; real ones have kilobytes."""
_GCC = re.compile(rb"GCC: \([^)]*\) (\d+\.\d+\.\d+)")
_RUSTC = re.compile(rb"rustc version (\d+\.\d+\.\d+)")

_MODULES = (
    "build_info",
    "fonts",
    "library_functions",
    "library_strings",
    "library_versions",
    "signatures",
    "source_paths",
)
"""Those that look for the texts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BuildInfo:
    """How one shared object was built, as far as it shows that."""

    rustc: str | None
    """Version of the Rust compiler; None if it compiled nothing of it."""
    gcc: str | None
    """Version of GCC; None if it compiled nothing of it."""
    crates: tuple[FoundModule, ...] | None
    """As cargo-auditable lists them, without those for the build only; None if there is no list."""
    found: Findings = field(default_factory=Findings)
    """What texts in it show."""


def read_build_info(path: Path, sha256: str, elf: Elf, more: tuple[Signature, ...] = ()) -> BuildInfo:
    """Return how a shared object was built; ``sha256`` is that of its content, ``elf`` the target's machine.

    ``more`` are signatures of libraries beside Castiron's own.

    Raises `InputError` if it is not an ELF file, has another content by now, or if its list of crates is damaged.
    """
    try:
        headers = store.read_file(path, elf, sha256=sha256).headers
        found = _findings(path, sha256, more)
    except (OSError, MalformedElfError, store.ChangedContentError) as error:
        raise InputError(
            f"{path.name} cannot be read as a shared object: {error}.",
            hint="Run `castiron cache verify --repair` and try again.",
        ) from error
    return _build_info(headers, path.name, found)


def read_program_info(path: Path, sha256: str, more: tuple[Signature, ...] = ()) -> BuildInfo:
    """Return how a program was built, of whatever machine it is: if its headers are damaged, what texts in it show.

    Raises `InputError` if it cannot be read, has another content by now, or if its list of crates is damaged.
    """
    try:
        found = _findings(path, sha256, more)
        with path.open("rb") as file:
            headers = read_headers(file)
    except MalformedElfError:
        return BuildInfo(rustc=None, gcc=None, crates=None, found=found)
    except (OSError, store.ChangedContentError) as error:
        raise InputError(
            f"{path.name} cannot be read: {error}.", hint="Run `castiron cache verify --repair` and try again."
        ) from error
    return _build_info(headers, path.name, found)


def _build_info(headers: Headers, name: str, found: Findings) -> BuildInfo:
    rustc, gcc = _RUSTC.search(headers.comment), _GCC.search(headers.comment)
    return BuildInfo(
        found=found,
        rustc=rustc[1].decode() if rustc else None,
        gcc=gcc[1].decode() if gcc else None,
        crates=None if headers.crates is None else crates(headers.crates, name),
    )


@cache
def _key(more: tuple[Signature, ...]) -> str:
    """Return a hash of what looks for the texts."""
    folder = Path(__file__).parent
    sources = [folder / f"{name}.py" for name in _MODULES]
    strings = sha256_bytes(
        library_strings.table_bytes() + library_functions.table_bytes() + collected_licenses.table_bytes()
    )
    further = "\n".join((signatures.table_text(), strings, *(row.key for row in more)))
    return source_key(sources, also=further, libraries=("ahocorasick_rs",))


@cache
def _converter() -> Converter:
    return converter(strict=True)


def _findings(path: Path, sha256: str, more: tuple[Signature, ...]) -> Findings:
    """Return what shows in a file's content, which is looked through once."""
    kept = store.derived(path, sha256, by=_key(more), make=lambda data: _packed(signatures.find(data, more)))
    found: Findings = _converter().structure(json.loads(kept), Findings)
    return found


def _packed(found: Findings) -> bytes:
    return json.dumps(_converter().unstructure(found)).encode()


def crates(data: bytes, name: str) -> tuple[FoundModule, ...]:
    """Return the crates of a ``.dep-v0`` section, sorted by (name, version).  Raises `InputError`."""
    try:
        unpacker = zlib.decompressobj()
        text = unpacker.decompress(data, _LIMIT)
        if unpacker.unconsumed_tail:
            raise ValueError("it is larger than any real list")
        rows = json.loads(text)["packages"]
        listed = {
            FoundModule(name=row["name"], version=row["version"])
            for row in rows
            if row.get("kind", "runtime") == "runtime" and not row.get("root")
        }
    except (zlib.error, ValueError, KeyError, TypeError) as error:
        raise InputError(
            f"The list of Rust crates in {name} is damaged: {error}.",
            hint="The wheel is not what its maker wrote; install it again, or report it to its project.",
        ) from error
    return tuple(sorted(listed, key=lambda crate: (crate.name, crate.version)))
