"""What Castiron needs to know of a shared object: one value for trace, link and audit, without the file's bytes.

What is large in it is kept packed until somebody looks: few of the objects that are known are searched for symbols.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence  # noqa: TC003
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, NamedTuple, TypeVar

import msgpack

from castiron_elf.abi import PT_LOAD, PT_TLS
from castiron_elf.headers import Dynamic, Headers, Segment, Table

T = TypeVar("T")


class Definition(NamedTuple):
    """A symbol that a shared object offers to others."""

    value: int
    """Offset from the image's base, from its TLS block for TLS symbols, or the number itself if ``absolute``."""
    type: int
    binding: int
    visibility: int
    absolute: bool


class Reference(NamedTuple):
    """A symbol that a shared object's relocations name."""

    number: int
    """In its dynamic symbol table."""
    name: str
    value: int
    type: int
    binding: int
    visibility: int
    defined: bool
    """Whether the object defines it itself (which need not be the definition it gets)."""
    absolute: bool


class Rows(Generic[T]):
    """A sequence that is unpacked when it is first looked at."""

    __slots__ = ("_make", "_packed", "_rows")

    def __init__(self, rows: Sequence[T] = (), *, packed: bytes = b"", make: Callable[[Any], T] | None = None) -> None:
        self._rows = None if packed else tuple(rows)
        self._packed = packed
        self._make = make

    def _unpacked(self) -> tuple[T, ...]:
        if self._rows is None:
            rows = _unpack(self._packed)
            self._rows = rows if self._make is None else tuple(map(self._make, rows))
        return self._rows

    def __iter__(self) -> Iterator[T]:
        return iter(self._unpacked())

    def __len__(self) -> int:
        return len(self._unpacked())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Rows) and self._unpacked() == other._unpacked()

    def __hash__(self) -> int:
        return hash(self._unpacked())

    def pack(self) -> bytes:
        """Return the rows as msgpack."""
        return self._packed or _pack(self._rows)


class Definitions:
    """The symbols that a shared object offers to others, by name; unpacked when the first is looked up.

    Names and values are packed apart, as who asks what there is need not know where.
    """

    __slots__ = ("_names", "_packed", "_table")

    def __init__(
        self, table: dict[str, Definition] | None = None, *, packed: tuple[bytes, bytes] | None = None
    ) -> None:
        self._table = table if packed is not None or table is not None else {}
        self._packed = packed
        self._names = None if self._table is None else tuple(self._table)

    def _all_names(self) -> tuple[str, ...]:
        if self._names is None and self._packed is not None:
            self._names = tuple(_unpack(self._packed[0]))
        return self._names or ()

    def _unpacked(self) -> dict[str, Definition]:
        if self._table is None and self._packed is not None:
            rows = map(partial(tuple.__new__, Definition), _unpack(self._packed[1]))
            self._table = dict(zip(self._all_names(), rows, strict=True))
        return self._table or {}

    def get(self, name: str) -> Definition | None:
        """Return the definition of ``name``, if there is one."""
        return self._unpacked().get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._all_names())

    def __len__(self) -> int:
        return len(self._all_names())

    def __contains__(self, name: object) -> bool:
        return name in (self._all_names() if self._table is None else self._table)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Definitions) and self._unpacked() == other._unpacked()

    def __hash__(self) -> int:
        return hash(self._all_names())

    def pack(self) -> tuple[bytes, bytes]:
        """Return names and values as msgpack."""
        table = self._unpacked()
        return self._packed or (_pack(tuple(table)), _pack(tuple(table.values())))


def _pack(rows: object) -> bytes:
    return bytes(msgpack.packb(rows, unicode_errors="surrogateescape"))


def _unpack(packed: bytes) -> Any:
    return msgpack.unpackb(packed, use_list=False, unicode_errors="surrogateescape")


@dataclass(frozen=True, slots=True, kw_only=True)
class SharedObject:
    """A file without its bytes.  Addresses are offsets from the image's base, sizes are in bytes.

    Of files that are not 64-bit and little-endian, the headers alone are known.
    """

    sha256: str
    size: int
    headers: Headers
    span: int = 0
    """Bytes from the base to the end of the last segment, in whole pages."""
    alignment: int = 1
    """What the base must be aligned to: a page, or more if a section asks for it."""
    definitions: Definitions = Definitions()  # noqa: RUF009 - nobody changes it
    undefined: Rows[str] = Rows()  # noqa: RUF009
    """Names of the symbols that it does not define, sorted."""
    references: Rows[Reference] = Rows()  # noqa: RUF009
    """The symbols that relocations name, by number; those that need no symbol are not counted."""
    relocations: tuple[tuple[int, int], ...] = ()
    """(kind, how many), sorted; ``DT_RELR`` counts as relative ones."""
    init_functions: tuple[str, ...] = ()
    """Names of the extension modules that it implements: ``x`` for ``PyInit_x``, sorted."""
    uses_dlsym: bool = False
    """Whether it may ask for the program's symbols by name."""
    text_kinds: tuple[int, ...] = ()
    """The kinds of relocations that change segments which are never writable, sorted."""
    relocates_nothing: bool = False
    """Whether a relocation changes bytes outside of its segments."""
    chooses_functions: bool = False
    """Whether functions are chosen when it is loaded (``STT_GNU_IFUNC``)."""
    stray_symbol: str | None = None
    """The first symbol that lies outside of it."""
    lacks_tls: bool = False
    """Whether it refers to thread-local storage of its own and has none."""
    code_protections: tuple[int, ...] = ()
    """The protections with PROT_EXEC (mmap(2)) that its code is seen to ask the kernel for, sorted."""
    level_needed: int = 0
    """What it says that it needs: index in the levels of the target's processors; 0 if it says nothing."""

    @property
    def dynamic(self) -> Dynamic:
        """The dynamic table; an empty one for a file without."""
        return self.headers.dynamic or _NOTHING

    @property
    def soname(self) -> str | None:
        """``DT_SONAME``."""
        return self.dynamic.soname

    @property
    def needed(self) -> tuple[str, ...]:
        """``DT_NEEDED``, in the file's order."""
        return self.dynamic.needed

    @property
    def runpaths(self) -> tuple[str, ...]:
        """Where it looks for them first."""
        return self.dynamic.runpaths

    @property
    def segments(self) -> tuple[Segment, ...]:
        """All program headers."""
        return self.headers.segments

    @property
    def loads(self) -> tuple[Segment, ...]:
        """The segments that are mapped."""
        return tuple(segment for segment in self.segments if segment.type == PT_LOAD)

    @property
    def tls(self) -> Segment | None:
        """The template of thread-local storage."""
        return next((s for s in self.segments if s.type == PT_TLS and s.memsz), None)

    @property
    def relocation_count(self) -> int:
        """How many relocations it has."""
        return sum(count for _, count in self.relocations)


_NOTHING = Dynamic()
_PACKED = ("definitions", "undefined", "references")


def encode(item: SharedObject) -> bytes:
    """Return it as msgpack."""
    fields = {name: getattr(item, name) for name in SharedObject.__slots__}
    fields |= {name: fields[name].pack() for name in _PACKED}
    headers = {name: getattr(item.headers, name) for name in Headers.__slots__}
    if item.headers.dynamic is not None:
        headers["dynamic"] = {name: getattr(item.headers.dynamic, name) for name in Dynamic.__slots__}
    return _pack(fields | {"headers": headers})


def decode(data: bytes) -> SharedObject:
    """Return what `encode` wrote.  Raises ValueError, TypeError or KeyError for anything else."""
    fields = _unpack(data)
    headers = fields["headers"]
    headers["segments"] = tuple(map(Segment._make, headers["segments"]))
    dynamic = headers["dynamic"]
    if dynamic is not None:
        for name in ("strings", "rela", "plt", "relr"):
            dynamic[name] = dynamic[name] and Table._make(dynamic[name])
        headers["dynamic"] = Dynamic(**dynamic)
    fields["headers"] = Headers(**headers)
    fields["definitions"] = Definitions(packed=fields["definitions"])
    # A million-row table is made without a Python call per row.
    fields["references"] = Rows(packed=fields["references"], make=partial(tuple.__new__, Reference))
    fields["undefined"] = Rows(packed=fields["undefined"])
    return SharedObject(**fields)
