"""Refusals: what a shared object asks for that a static binary cannot or must not give, by name, with what to do."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

from castiron_common.errors import NativeError
from castiron_common.target import Role
from castiron_elf.abi import ET_DYN, PT_GNU_STACK, PT_INTERP, SegmentFlag
from castiron_elf.headers import machine_description

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_common.target import Target
    from castiron_elf.shared_object import SharedObject

SUPPORTED = frozenset(
    (
        Role.NONE,
        Role.ABSOLUTE,
        Role.GLOBAL,
        Role.JUMP,
        Role.RELATIVE,
        Role.TLS_MODULE,
        Role.TLS_OFFSET,
        Role.TLS_DISTANCE,
        Role.TLS_DESCRIPTOR,
    )
)
"""What a relocation of a shared object may ask for."""

_MAX_ZEROS = 256 << 20
"""Bytes of memory that are not in the file: gaps, and variables that are zero at first."""

_MAX_TLS = 16 << 20
"""Bytes; every thread gets them."""

_MAX_ALIGNMENT = 2 << 20
"""Bytes; a huge page."""

_SHOWN = 100
"""Letters of a symbol's name."""


_DAMAGED = "The file may be damaged; reinstall the distribution, or exclude the module."


def check(image: SharedObject, name: str, target: Target) -> None:
    """Raise `NativeError` that says everything about a shared object that cannot be absorbed, under its ``name``."""
    problems = _wrong_kind(image, target) or _measures(image, target) or _details(image, target)
    if not problems:
        return
    lines = "\n".join(f"  {what}" for what, _ in problems)
    hints = "\n".join(dict.fromkeys(hint for _, hint in problems))
    raise NativeError(f"{name} cannot be put into a static binary:\n{lines}", hint=hints)


Problem = tuple[str, str]
"""What is wrong, and what to do."""


def _details(image: SharedObject, target: Target) -> Sequence[Problem]:
    return [*_memory(image, target), *_relocations(image, target), *_libraries(image, target), *_symbols(image)]


def _wheel(target: Target) -> str:
    return f"Use a wheel whose file name ends in {target.wheels.tags[0]}.whl, or have its source distribution built."


def _wrong_kind(image: SharedObject, target: Target) -> Sequence[Problem]:
    """What makes every other question meaningless."""
    headers = image.headers
    if headers.bits != 64 or not headers.little_endian:
        return [("it is not a 64-bit little-endian ELF file", _wheel(target))]
    if headers.machine != target.elf.machine:
        what = f"it is for {machine_description(headers)}, the target is {target.architecture}"
        return [(what, _wheel(target))]
    if headers.type != ET_DYN or (any(s.type == PT_INTERP for s in image.segments) and not image.definitions):
        return [("it is a program or an object file, not a shared object", "Exclude it from the application.")]
    if not image.loads or image.dynamic.symbols is None:
        return [
            (
                "it has no loadable segments or no dynamic symbol table",
                "The file may hold debug information only; exclude it.",
            )
        ]
    return []


def _measures(image: SharedObject, target: Target) -> Sequence[Problem]:
    """Sizes that no library has; with them, the rest of the file is not worth a look."""
    problems: list[str] = []
    # One half behind and one half before what refers to it.
    if image.span > 2 * target.elf.reach:
        problems.append(f"its segments span {image.span >> 30} GiB")
    elif image.span > image.size + _MAX_ZEROS:
        problems.append(f"its segments span {image.span >> 20} MiB, and its file has {image.size >> 20}")
    if image.alignment > _MAX_ALIGNMENT:
        problems.append(f"it asks for an alignment of {image.alignment:#x} bytes")
    tls = image.tls
    if tls is not None:
        if tls.memsz > _MAX_TLS or tls.align > target.elf.page_size or tls.align & (tls.align - 1):
            problems.append(f"its thread-local storage has {tls.memsz} bytes, aligned to {tls.align:#x}")
        elif tls.filesz and not any(s.vaddr <= tls.vaddr and tls.vaddr + tls.filesz <= s.end for s in image.loads):
            problems.append("its thread-local storage lies outside of its segments")
    return [(what, _DAMAGED) for what in problems]


def _memory(image: SharedObject, target: Target) -> Sequence[Problem]:
    problems: list[Problem] = []
    if any(s.type == PT_GNU_STACK and s.flags & SegmentFlag.EXECUTE for s in image.segments):
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
    page = target.elf.page_size
    for before, after in pairwise(sorted(image.loads, key=lambda s: s.vaddr)):
        if (before.end + page - 1) & -page > after.vaddr & -page:
            problems.append(
                (
                    f"two of its segments share the page at {after.vaddr & -page:#x}",
                    f"Have it rebuilt with -Wl,-z,max-page-size={page}, or without the tool that moved its segments.",
                )
            )
    return problems


def _relocations(image: SharedObject, target: Target) -> Sequence[Problem]:
    problems: list[Problem] = []
    # Addresses within the image itself are numbers once the link has given it its place.
    relative = target.elf.kinds[Role.RELATIVE]
    if others := [target.elf.names.get(kind, f"kind {kind}") for kind in image.text_kinds if kind != relative]:
        problems.append(
            (
                f"its code is not position independent: it has text relocations (DT_TEXTREL) {', '.join(others)}",
                "Have it rebuilt with -fPIC.",
            )
        )
    if image.dynamic.has_rel:
        problems.append(("it has relocations without addends (DT_REL)", _wheel(target)))
    if image.chooses_functions:
        problems.append(
            (
                "it chooses functions at load time (STT_GNU_IFUNC), which a static binary cannot do",
                f"Have it rebuilt for {target.libc.name}, or without function multiversioning (target_clones, ifunc).",
            )
        )
    for kind, count in image.relocations:
        if target.elf.roles.get(kind) not in SUPPORTED | {Role.INDIRECT}:
            name = target.elf.names.get(kind, f"relocation kind {kind}")
            problems.append(
                (f"it has {count} relocations {name}, which is unknown here", "Have it rebuilt with -fPIC.")
            )
    return problems


def _symbols(image: SharedObject) -> Sequence[Problem]:
    """Places that lie nowhere: of relocations, and of what the file defines."""
    problems: list[str] = []
    if image.relocates_nothing:
        problems.append("it has relocations outside of its segments")
    if image.stray_symbol is not None:
        problems.append(f"its symbol {image.stray_symbol[:_SHOWN]} lies outside of it")
    if image.lacks_tls:
        problems.append("it uses thread-local storage that it does not have")
    return [(what, _DAMAGED) for what in problems]


def _libraries(image: SharedObject, target: Target) -> Sequence[Problem]:
    """A C library that is not the target's: the first that is named counts."""
    for needed in image.needed:
        libc = target.libc.of(needed)
        if target.libc.serves(libc):
            return []
        if libc:
            names = ", ".join(name for name in image.needed if target.libc.of(name) == libc)
            what = f"it is linked against {libc} ({names}); the target's C library is {target.libc.name}"
            return [(what, _wheel(target))]
    return []
