"""Reads a shared object: its bytes become a `SharedObject`.  Nothing is judged here but what no loader could use."""

from __future__ import annotations

import io
from bisect import bisect_left
from collections import Counter
from typing import TYPE_CHECKING

from castiron_common.files import sha256_bytes
from castiron_common.target import Role
from castiron_elf.abi import (
    PT_TLS,
    SHN_ABS,
    SHN_UNDEF,
    STB_LOCAL,
    STT_GNU_IFUNC,
    STT_TLS,
    STV_DEFAULT,
    STV_PROTECTED,
    SegmentFlag,
)
from castiron_elf.code_pages import code_protections
from castiron_elf.headers import read_headers
from castiron_elf.processors import level_needed
from castiron_elf.shared_object import Definition, Definitions, Reference, Rows, SharedObject
from castiron_elf.tables import Tables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_common.target import Elf
    from castiron_elf.headers import Headers, Segment
    from castiron_elf.tables import Relocations, Symbols

_MASK = 0xFFFF_FFFF
_TWO_WORDS = (Role.TLS_MODULE, Role.TLS_DESCRIPTOR)
_OF_THREADS = (Role.TLS_MODULE, Role.TLS_OFFSET, Role.TLS_DISTANCE, Role.TLS_DESCRIPTOR)
_WITHOUT_SYMBOL = (Role.NONE, Role.RELATIVE)


def observe(data: bytes, elf: Elf, *, sha256: str | None = None) -> SharedObject:
    """Return what a file says; ``elf`` is the machine whose relocations are understood, ``sha256`` its hash if known.

    Raises `MalformedElfError`.
    """
    headers = read_headers(io.BytesIO(data))
    digest = sha256 or sha256_bytes(data)
    span = _round_up(max((segment.end for segment in headers.loads), default=0), elf.page_size)
    alignment = _alignment(headers, elf.page_size)
    if headers.dynamic is None or headers.bits != 64 or not headers.little_endian:
        return SharedObject(sha256=digest, size=len(data), headers=headers, span=span, alignment=alignment)
    tables = Tables(data, headers.segments, headers.dynamic)
    relocations = tables.relocations(relative=elf.kinds[Role.RELATIVE])
    symbols = tables.symbols(relocations)
    tls = next((s for s in headers.segments if s.type == PT_TLS and s.memsz), None)
    definitions = _definitions(symbols)
    references = tuple(_references(symbols, relocations, elf))
    return SharedObject(
        sha256=digest,
        size=len(data),
        headers=headers,
        span=span,
        alignment=alignment,
        definitions=Definitions(definitions),
        undefined=Rows(_undefined(symbols)),
        references=Rows(references),
        relocations=tuple(sorted(Counter(info & _MASK for info in relocations.infos).items())),
        init_functions=_init_functions(definitions),
        uses_dlsym=any(reference.name == "dlsym" for reference in references),
        text_kinds=_text_kinds(relocations, headers.loads),
        relocates_nothing=_relocates_nothing(relocations, headers.loads, elf),
        chooses_functions=_chooses_functions(symbols, relocations, elf),
        stray_symbol=_stray_symbol(symbols, span, tls),
        lacks_tls=tls is None and _uses_own_tls(relocations, elf),
        code_protections=code_protections(data, elf, headers.loads, relocations, symbols),
        level_needed=level_needed(data, elf, headers.segments),
    )


def _round_up(size: int, page: int) -> int:
    return (size + page - 1) & -page


def _alignment(headers: Headers, page: int) -> int:
    """Return what the sections ask for, at least a page.

    ``p_align`` says what page sizes the linker foresaw (2 MiB by default for years), not what the data needs, so it
    counts only if the section headers are gone.
    """
    wanted = headers.section_alignment
    if wanted is None:
        wanted = max((segment.align for segment in headers.loads), default=1)
    return max(page, wanted) if not wanted & (wanted - 1) else page


def _definitions(table: Symbols) -> dict[str, Definition]:
    """Return the symbols that other files can see."""
    return {
        name: Definition(value, info & 15, info >> 4, other & 3, section == SHN_ABS)
        for name, info, other, section, value in zip(
            table.names, table.infos, table.others, table.sections, table.values, strict=True
        )
        if section and name and info >> 4 != STB_LOCAL and other & 3 in (STV_DEFAULT, STV_PROTECTED)
    }


def _undefined(table: Symbols) -> list[str]:
    pairs = zip(table.names, table.sections, strict=True)
    return sorted({name for name, section in pairs if name and section == SHN_UNDEF})


def _references(table: Symbols, relocations: Relocations, elf: Elf) -> Iterator[Reference]:
    named = {
        index
        for kind, index in relocations.references()
        # Without a table of symbols there is none to name; with one, it has all that relocations name.
        if 0 < index < len(table) and elf.roles.get(kind) not in _WITHOUT_SYMBOL
    }
    for index in sorted(named):
        yield Reference(
            index,
            table.names[index],
            table.values[index],
            table.type(index),
            table.binding(index),
            table.visibility(index),
            table.defined(index),
            table.sections[index] == SHN_ABS,
        )


def _init_functions(definitions: dict[str, Definition]) -> tuple[str, ...]:
    names = (name.removeprefix("PyInit_") for name in definitions if name.startswith("PyInit_"))
    # mypyc calls a module by a hash, which may begin with a digit: no identifier, but importable.
    return tuple(sorted(name for name in names if name.isascii() and f"_{name}".isidentifier()))


def _text_kinds(table: Relocations, loads: Sequence[Segment]) -> tuple[int, ...]:
    """Return the kinds of the relocations that lie in a segment that is never writable."""
    fixed = [s for s in loads if not s.flags & SegmentFlag.WRITE]
    if not table.offsets or not fixed:
        return ()
    offsets = sorted(table.offsets)
    inside = [s for s in fixed if bisect_left(offsets, s.vaddr) != bisect_left(offsets, s.end)]
    if not inside:
        return ()
    rows = zip(table.offsets, table.infos, strict=True)
    return tuple(sorted({info & _MASK for at, info in rows if any(s.vaddr <= at < s.end for s in inside)}))


def _relocates_nothing(table: Relocations, loads: Sequence[Segment], elf: Elf) -> bool:
    """Whether a relocation changes bytes outside of the segments: a word, or two where it may be a pair."""
    none = elf.kinds[Role.NONE]
    pairs = {elf.kinds[role] for role in _TWO_WORDS if role in elf.kinds}
    rows = list(zip(table.offsets, table.infos, strict=True))
    for offsets, size in (
        (sorted(offset for offset, info in rows if info & _MASK != none), 8),
        (sorted(offset for offset, info in rows if info & _MASK in pairs), 16),
    ):
        inside = sum(max(0, bisect_left(offsets, s.end - size + 1) - bisect_left(offsets, s.vaddr)) for s in loads)
        if inside != len(offsets):
            return True
    return False


def _chooses_functions(table: Symbols, relocations: Relocations, elf: Elf) -> bool:
    indirect = elf.kinds.get(Role.INDIRECT)
    return any(kind == indirect for kind, _ in relocations.references()) or any(
        info & 15 == STT_GNU_IFUNC and section != SHN_UNDEF
        for info, section in zip(table.infos, table.sections, strict=True)
    )


def _stray_symbol(table: Symbols, span: int, tls: Segment | None) -> str | None:
    """Return the first symbol that it defines outside of its memory or its thread-local storage."""
    block = tls.memsz if tls else 0
    for index in range(1, len(table)):
        if table.sections[index] in (SHN_UNDEF, SHN_ABS):
            continue
        own = table.type(index) == STT_TLS
        if (own and tls is None) or table.values[index] > (block if own else span):
            return table.names[index]
    return None


def _uses_own_tls(relocations: Relocations, elf: Elf) -> bool:
    return any(index == 0 and elf.roles.get(kind) in _OF_THREADS for kind, index in relocations.references())
