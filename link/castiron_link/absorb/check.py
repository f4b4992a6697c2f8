"""Refusals: what a shared object asks for that a static binary cannot or must not give, by name, with what to do."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_link.absorb.image import (
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
    SHN_UNDEF,
    STT_GNU_IFUNC,
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

_MAX_SPAN = 4 << 30
"""Bytes.  A shared object of the small code model addresses itself within 2 GiB."""

_WHEEL = "Use a wheel whose file name ends in musllinux_1_2_x86_64.whl, or have its source distribution built."


def check(image: Image) -> None:
    """Raise `NativeError` that names everything about ``image`` that cannot be absorbed."""
    found = _wrong_kind(image) or [
        *_memory(image),
        *_relocations(image),
        *_libraries(image),
    ]
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


def _memory(image: Image) -> Sequence[Problem]:
    problems: list[Problem] = []
    if image.span > _MAX_SPAN:
        problems.append((f"its segments span {image.span >> 30} GiB", "The file may be damaged; reinstall it."))
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
