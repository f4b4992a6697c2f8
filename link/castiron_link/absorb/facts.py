"""What symbol resolution and the tables need to know of an image: small, immutable, and cached by the image's content.

Parsing the symbol tables and relocations of 250 libraries takes seconds; their facts are read back in a tenth of that.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import msgpack

from castiron_common.cache import cache_root, file_entry
from castiron_common.errors import NativeError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_elf.image import R_NONE, R_RELATIVE, SHN_ABS, STB_LOCAL, Image, Segment, Tag
from castiron_link.absorb.check import check

if TYPE_CHECKING:
    from pathlib import Path

FACTS_VERSION = 3
"""Part of the cache key; raised when `ImageFacts` or `check` changes."""


class Definition(NamedTuple):
    """A symbol that an image offers to others."""

    value: int
    """Offset from the image's base, from its TLS block for TLS symbols, or the number itself if ``absolute``."""
    type: int
    binding: int
    visibility: int
    absolute: bool


class Reference(NamedTuple):
    """A symbol that an image's relocations name."""

    number: int
    """In its dynamic symbol table."""
    name: str
    value: int
    type: int
    binding: int
    visibility: int
    defined: bool
    """Whether the image defines it itself (which need not be the definition it gets)."""
    absolute: bool


class Definitions:
    """The symbols that an image offers to others; unpacked when the first is looked up, as few images are searched."""

    __slots__ = ("_packed", "_table")

    def __init__(self, table: dict[str, Definition] | None = None, *, packed: bytes = b"") -> None:
        self._table = table
        self._packed = packed

    def get(self, name: str) -> Definition | None:
        """Return the definition of ``name``, if there is one."""
        if self._table is None:
            rows = msgpack.unpackb(self._packed, use_list=False, unicode_errors="surrogateescape")
            self._table = dict(zip(rows, map(Definition._make, rows.values()), strict=True))
        return self._table.get(name)

    def pack(self) -> bytes:
        """Return the table as msgpack."""
        return self._packed or bytes(msgpack.packb(self._table, unicode_errors="surrogateescape"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageFacts:
    """An image without its bytes.  Addresses are offsets from its base, sizes are in bytes."""

    sha256: str
    """Of the file."""
    size: int
    """Of the file."""
    soname: str | None
    needed: tuple[str, ...]
    runpaths: tuple[str, ...]
    definitions: Definitions
    references: tuple[Reference, ...]
    segments: tuple[Segment, ...]
    """All program headers."""
    span: int
    alignment: int
    tls: bool
    uses_dlsym: bool
    """Whether it may ask for the program's symbols by name."""
    strings: tuple[str, ...]
    """If ``uses_dlsym``: identifiers among its constants, sorted; what it may ask for."""
    init_functions: tuple[str, ...]
    relocation_count: int


def read_facts(path: Path, *, name: str, sha256: str | None = None) -> ImageFacts:
    """Return the facts of a shared object: from the cache by content, else by parsing and checking it.

    ``sha256`` is the content's hash if the caller knows it.  Raises `NativeError` if it cannot be absorbed.
    """
    digest = sha256 or sha256_file(path)
    entry = cache_root() / "absorb" / f"facts-{FACTS_VERSION}" / digest[:2] / f"{digest}.msgpack"

    def build(making: Path) -> None:
        image = Image.open(path, name=name)
        require_content(image, digest)
        making.write_bytes(encode(extract(image)))

    try:
        return decode(file_entry(entry, build).read_bytes())
    except (ValueError, TypeError, KeyError):
        # A damaged entry: made again.
        entry.unlink(missing_ok=True)
        return decode(file_entry(entry, build).read_bytes())


def require_content(image: Image, sha256: str) -> None:
    """Raise `NativeError` if an image's file does not have this hash: nothing may be cached under another's name."""
    if sha256_bytes(image.data) != sha256:
        raise NativeError(
            f"{image.name} has changed since it was traced.",
            hint="Its content no longer has the hash that the manifest names: reinstall it, or run trace again.",
        )


def extract(image: Image) -> ImageFacts:
    """Return the facts of a parsed image.  Raises `NativeError` if it cannot be absorbed."""
    check(image)
    table = image.symbols
    definitions = {
        name: Definition(
            table.values[i], table.type(i), table.binding(i), table.visibility(i), table.sections[i] == SHN_ABS
        )
        for name, i in image.definitions.items()
    }
    used = sorted({index for kind, index in image.relocations.references() if kind not in (R_NONE, R_RELATIVE)})
    references = tuple(
        Reference(
            i,
            table.names[i],
            table.values[i],
            table.type(i),
            table.binding(i) if i else STB_LOCAL,
            table.visibility(i),
            table.defined(i),
            table.sections[i] == SHN_ABS,
        )
        for i in used
        if i
    )
    uses_dlsym = any(r.name == "dlsym" for r in references)
    return ImageFacts(
        sha256=sha256_bytes(image.data),
        size=len(image.data),
        soname=image.soname,
        needed=image.needed,
        runpaths=image.runpaths,
        definitions=Definitions(definitions),
        references=references,
        segments=image.segments,
        span=image.span,
        alignment=image.alignment,
        tls=image.tls is not None,
        uses_dlsym=uses_dlsym,
        strings=_identifiers(image) if uses_dlsym else (),
        init_functions=image.init_functions,
        relocation_count=len(image.relocations),
    )


_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{2,63}\0")


def _identifiers(image: Image) -> tuple[str, ...]:
    """Return the runs of identifier characters that end with a zero byte, outside the dynamic string table.

    Rust puts string constants next to each other, so a name may be the tail of a longer run.
    """
    first = image.tag(Tag.STRTAB)
    last = first + image.tag(Tag.STRSZ)
    found: set[str] = set()
    for segment in image.loads:
        data = image.data[segment.offset : segment.offset + segment.filesz]
        for match in _IDENTIFIER.finditer(data):
            if not first <= segment.vaddr + match.start() < last:
                found.add(match[0][:-1].decode())
    return tuple(sorted(found))


def encode(facts: ImageFacts) -> bytes:
    """Return the facts as msgpack."""
    fields = {name: getattr(facts, name) for name in ImageFacts.__slots__} | {"definitions": facts.definitions.pack()}
    return bytes(msgpack.packb(fields, unicode_errors="surrogateescape"))


def decode(data: bytes) -> ImageFacts:
    """Return the facts that `encode` wrote."""
    fields = msgpack.unpackb(data, use_list=False, unicode_errors="surrogateescape", strict_map_key=False)
    fields["definitions"] = Definitions(packed=fields["definitions"])
    # A million-row table is made without a Python call per row.
    fields["references"] = tuple(map(partial(tuple.__new__, Reference), fields["references"]))
    fields["segments"] = tuple(Segment(*row) for row in fields["segments"])
    return ImageFacts(**fields)
