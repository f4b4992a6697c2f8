"""Refusals: what a shared object asks for that a static binary cannot or must not give, by name, with what to do."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_elf.image import (
    DF_TEXTREL,
    PAGE,
    PT_INTERP,
    R_64,
    R_DTPMOD64,
    R_DTPOFF64,
    R_GLOB_DAT,
    R_IRELATIVE,
    R_JUMP_SLOT,
    R_NONE,
    R_RELATIVE,
    R_TLSDESC,
    R_TPOFF64,
    RELOCATION_NAMES,
    SHN_ABS,
    SHN_UNDEF,
    STT_GNU_IFUNC,
    STT_TLS,
    Image,
    SegmentFlag,
    Tag,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

_ET_DYN, _EM_X86_64 = 3, 62

_MACHINES = {3: "x86 (32 bit)", 8: "MIPS", 20: "PowerPC", 21: "PowerPC64", 22: "s390x", 40: "ARM (32 bit)"}
_MACHINES |= {_EM_X86_64: "x86-64", 183: "AArch64", 243: "RISC-V", 258: "LoongArch"}

SUPPORTED_RELOCATIONS = frozenset(
    (R_NONE, R_64, R_GLOB_DAT, R_JUMP_SLOT, R_RELATIVE, R_DTPMOD64, R_DTPOFF64, R_TPOFF64, R_TLSDESC)
)

_OF_THREADS = (R_DTPMOD64, R_DTPOFF64, R_TPOFF64, R_TLSDESC)

_MAX_SPAN = 4 << 30
"""Bytes.  A shared object of the small code model addresses itself within 2 GiB."""

_MAX_ZEROS = 256 << 20
"""Bytes of memory that are not in the file: gaps, and variables that are zero at first."""

_MAX_TLS = 16 << 20
"""Bytes; every thread gets them."""

_MAX_ALIGNMENT = 2 << 20
"""Bytes; a huge page."""

_SHOWN = 100
"""Letters of a symbol's name."""

_DAMAGED = "The file may be damaged; reinstall the distribution, or exclude the module."
_WHEEL = "Use a wheel whose file name ends in musllinux_1_2_x86_64.whl, or have its source distribution built."


def check(image: Image) -> None:
    """Raise `NativeError` that names everything about ``image`` that cannot be absorbed."""
    found = (
        _wrong_kind(image)
        or _measures(image)
        or [
            *_memory(image),
            *_relocations(image),
            *_libraries(image),
            *_symbols(image),
        ]
    )
    if not found:
        return
    lines = "\n".join(f"  {what}" for what, _ in found)
    hints = "\n".join(dict.fromkeys(hint for _, hint in found))
    raise NativeError(f"{image.name} cannot be put into a static binary:\n{lines}", hint=hints)


Problem = tuple[str, str]
"""What is wrong, and what to do."""


def _wrong_kind(image: Image) -> Sequence[Problem]:
    """What makes every other question meaningless."""
    if image.machine != _EM_X86_64:
        machine = _MACHINES.get(image.machine, f"machine {image.machine}")
        return [(f"it is for {machine}, the target is x86-64", _WHEEL)]
    if image.type != _ET_DYN or (any(s.type == PT_INTERP for s in image.segments) and not image.definitions):
        return [("it is a program or an object file, not a shared object", "Exclude it from the application.")]
    if not image.loads or not image.has(Tag.SYMTAB):
        return [
            (
                "it has no loadable segments or no dynamic symbol table",
                "The file may hold debug information only; exclude it.",
            )
        ]
    return []


def _measures(image: Image) -> Sequence[Problem]:
    """Sizes that no library has; with them, the rest of the file is not worth a look."""
    found: list[str] = []
    if image.span > _MAX_SPAN:
        found.append(f"its segments span {image.span >> 30} GiB")
    elif image.span > len(image.data) + _MAX_ZEROS:
        found.append(f"its segments span {image.span >> 20} MiB, and its file has {len(image.data) >> 20}")
    if image.alignment > _MAX_ALIGNMENT:
        found.append(f"it asks for an alignment of {image.alignment:#x} bytes")
    tls = image.tls
    if tls is not None:
        if tls.memsz > _MAX_TLS or tls.align > PAGE or tls.align & (tls.align - 1):
            found.append(f"its thread-local storage has {tls.memsz} bytes, aligned to {tls.align:#x}")
        elif tls.filesz and not any(s.vaddr <= tls.vaddr and tls.vaddr + tls.filesz <= s.end for s in image.loads):
            found.append("its thread-local storage lies outside of its segments")
    return [(what, _DAMAGED) for what in found]


def _memory(image: Image) -> Sequence[Problem]:
    problems: list[Problem] = []
    if image.executable_stack:
        problems.append(
            (
                "it asks for an executable stack (PT_GNU_STACK)",
                "Have it rebuilt with -Wl,-z,noexecstack; assembly sources need a .note.GNU-stack section.",
            )
        )
    if any(s.flags & SegmentFlag.WRITE and s.flags & SegmentFlag.EXECUTE for s in image.loads):
        problems.append(
            ("it has a segment that is writable and executable", "Have it rebuilt without -Wl,-N and -Wl,--omagic.")
        )
    ordered = sorted(image.loads, key=lambda s: s.vaddr)
    for before, after in pairwise(ordered):
        if (before.end + PAGE - 1) & -PAGE > after.vaddr & -PAGE:
            problems.append(
                (
                    f"two of its segments share the page at {after.vaddr & -PAGE:#x}",
                    "Have it rebuilt with -Wl,-z,max-page-size=4096, or without the tool that moved its segments.",
                )
            )
    return problems


def _relocations(image: Image) -> Sequence[Problem]:
    problems: list[Problem] = []
    if image.has(Tag.TEXTREL) or image.flags & DF_TEXTREL or _relocates_text(image):
        problems.append(
            (
                "it has text relocations (DT_TEXTREL): its code is not position independent",
                "Have it rebuilt with -fPIC.",
            )
        )
    if image.has(Tag.REL):
        problems.append(("it has relocations without addends (DT_REL)", _WHEEL))
    table = image.symbols
    if any(kind == R_IRELATIVE for kind, _ in image.relocations.references()) or any(
        table.type(i) == STT_GNU_IFUNC and table.sections[i] != SHN_UNDEF for i in range(len(table))
    ):
        problems.append(
            (
                "it chooses functions at load time (STT_GNU_IFUNC), which musl's loader does not do either",
                "Have it rebuilt for musl, or without function multiversioning (target_clones, ifunc).",
            )
        )
    counts = Counter(info & 0xFFFF_FFFF for info in image.relocations.infos)
    for kind in sorted(counts.keys() - SUPPORTED_RELOCATIONS - {R_IRELATIVE}):
        name = RELOCATION_NAMES.get(kind, f"relocation kind {kind}")
        problems.append(
            (f"it has {counts[kind]} relocations {name}, which is unknown here", "Have it rebuilt with -fPIC.")
        )
    return problems


def _symbols(image: Image) -> Sequence[Problem]:
    """Places that lie nowhere: of relocations, and of what the image defines."""
    found: list[str] = []
    if _relocates_nothing(image):
        found.append("it has relocations outside of its segments")
    table, tls = image.symbols, image.tls
    room = tls.memsz if tls else 0
    for index in range(1, len(table)):
        if table.sections[index] in (SHN_UNDEF, SHN_ABS):
            continue
        own = table.type(index) == STT_TLS
        if (own and tls is None) or table.values[index] > (room if own else image.span):
            found.append(f"its symbol {table.names[index][:_SHOWN]} lies outside of it")
            break
    if tls is None and any(kind in _OF_THREADS and index == 0 for kind, index in image.relocations.references()):
        found.append("it uses thread-local storage that it does not have")
    return [(what, _DAMAGED) for what in found]


def _relocates_nothing(image: Image) -> bool:
    """Whether a relocation changes bytes outside of the writable segments: a word, or two where it may be a pair."""
    table = image.relocations
    writable = [s for s in image.loads if s.flags & SegmentFlag.WRITE]
    places = sorted(
        offset for offset, info in zip(table.offsets, table.infos, strict=True) if info & 0xFFFF_FFFF != R_NONE
    )
    pairs = sorted(
        offset
        for offset, info in zip(table.offsets, table.infos, strict=True)
        if info & 0xFFFF_FFFF in (R_DTPMOD64, R_TLSDESC)
    )
    for offsets, size in ((places, 8), (pairs, 16)):
        inside = sum(max(0, bisect_left(offsets, s.end - size + 1) - bisect_left(offsets, s.vaddr)) for s in writable)
        if inside != len(offsets):
            return True
    return False


def _relocates_text(image: Image) -> bool:
    """Whether a relocation lies in a segment that is never writable."""
    fixed = [s for s in image.loads if not s.flags & SegmentFlag.WRITE]
    offsets = sorted(image.relocations.offsets)
    if not offsets or not fixed:
        return False
    return any(bisect_left(offsets, s.vaddr) != bisect_left(offsets, s.end) for s in fixed)


def _libraries(image: Image) -> Sequence[Problem]:
    if image.libc != "glibc":
        return []
    names = ", ".join(n for n in image.needed if n.startswith(("libc.so.", "ld-linux")))
    return [(f"it is linked against glibc ({names}); the target's C library is musl", _WHEEL)]
