"""The target: what is true of one platform that binaries are made for, and of no other.

Whoever begins a task reads a `Target` from its file, ``targets/NAME.toml`` (`castiron_runtime.target_files`), and hands
it down; nothing looks it up.  It stands here, below the packages that use it, and in sections, so that each package
gets what it needs: those of ELF an `Elf`, the wheels a `WheelNames`, the builders a `Compiler`.  The fields are the
keys of the file.
"""

from __future__ import annotations

# Read by castiron_common.tables as annotations.
from collections.abc import Mapping  # noqa: TC003
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property


class Role(StrEnum):
    """What a kind of relocation asks for; each machine numbers and names the kinds itself.

    S is the symbol's address, A the addend, P the place, B the base of the image.  Source: the generic ABI leaves the
    kinds to the processor supplements; "ELF Handling For Thread-Local Storage" for those of thread-local storage.
    """

    NONE = "none"
    ABSOLUTE = "absolute"
    """S + A, in 64 bits."""
    DISTANCE = "distance"
    """S + A - P, in 64 bits."""
    GLOBAL = "global"
    """S, in a word of the global offset table."""
    JUMP = "jump"
    """S, in a word of the procedure linkage table."""
    RELATIVE = "relative"
    """B + A."""
    COPY = "copy"
    INDIRECT = "indirect"
    """What the function at B + A returns (``STT_GNU_IFUNC``)."""
    TLS_MODULE = "tls-module"
    """The number of the module whose thread-local storage the symbol is in."""
    TLS_OFFSET = "tls-offset"
    """S + A, within the module's block of thread-local storage."""
    TLS_DISTANCE = "tls-distance"
    """S + A, from the thread pointer."""
    TLS_DESCRIPTOR = "tls-descriptor"
    """Two words: a function, and its argument."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocation:
    """One kind of relocation."""

    kind: int
    """``ELF64_R_TYPE``."""
    name: str
    """As the processor supplement calls it."""
    role: Role | None = None
    """None: known by name alone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tls:
    """Where the executable's own thread-local storage lies, and how a linker is told to write the distance to it.

    Source: "ELF Handling For Thread-Local Storage" 0.22, section 3.
    """

    variant: int
    """1: behind the thread pointer; 2: before it, with negative distances."""
    word: Role
    """The kind of relocation by which the static linker fills a word with the distance of a thread-local symbol."""
    bias: int = 0
    """Bytes to add to what the linker then writes, to get the distance."""
    alignment: int = 1
    """Bytes to which the segment must be aligned for ``bias`` to be right."""


@dataclass(frozen=True, kw_only=True)
class Elf:
    """The machine as ELF files name it."""

    machine: int
    """``e_machine``."""
    machine_name: str
    """The constant's name without ``EM_``."""
    page_size: int
    """Bytes of the largest page that the kernel may have: segments of different rights never share one."""
    reach: int
    """Bytes that code and data of the small code model may span."""
    relocations: tuple[Relocation, ...]
    tls: Tls

    def __post_init__(self) -> None:
        if len({item.kind for item in self.relocations}) != len(self.relocations):
            raise ValueError("elf.relocations: two have the same kind")
        roles = [item.role for item in self.relocations if item.role is not None]
        if len(set(roles)) != len(roles):
            raise ValueError("elf.relocations: two have the same role")
        for role in (Role.NONE, Role.ABSOLUTE, Role.DISTANCE, Role.RELATIVE, self.tls.word):
            if role not in roles:
                raise ValueError(f"elf.relocations: none has the role {role.value!r}")
        if self.page_size < 4096 or self.page_size & (self.page_size - 1):
            raise ValueError(f"elf.page_size: {self.page_size} is no size of a page")
        if self.tls.variant not in (1, 2):
            raise ValueError(f"elf.tls.variant: {self.tls.variant} is neither 1 nor 2")

    @cached_property
    def roles(self) -> Mapping[int, Role]:
        """Kind -> role, of those that have one."""
        return {item.kind: item.role for item in self.relocations if item.role is not None}

    @cached_property
    def kinds(self) -> Mapping[Role, int]:
        """Role -> kind; a machine need not have every role."""
        return {role: kind for kind, role in self.roles.items()}

    @cached_property
    def names(self) -> Mapping[int, str]:
        """Kind -> name."""
        return {item.kind: item.name for item in self.relocations}


@dataclass(frozen=True, slots=True, kw_only=True)
class Compiler:
    """How the compiler and the linker (Clang and LLD of ziglang) are told of the target."""

    emulation: str
    """``ld.lld -m``."""
    cpu: tuple[str, ...]
    """Flags that choose the oldest processor that binaries run on."""
    libc_headers: tuple[str, ...]
    """Folders in Zig's ``lib/libc/include`` with the C library's headers, those of the machine first."""
    kernel_headers: tuple[str, ...]
    """Likewise with Linux's."""
    linker_flags: tuple[str, ...] = ()
    """Further words for every link."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Libc:
    """The C library, and what files call it."""

    name: str
    loader: str
    """File name of the dynamic loader, as in the ABI."""
    soname: str
    """What wheels for the target need as the C library."""
    own: tuple[str, ...]
    """Beginnings of names of libraries that are this C library (and so, in a binary, the program)."""
    foreign: Mapping[str, str]
    """Beginnings of names of libraries that belong to another C library -> that library's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WheelNames:
    """The platform as the packaging standards and uv name it."""

    uv: str
    """uv's ``--python-platform``."""
    tags: tuple[str, ...]
    """Platform tags of wheels that run there, best first (PEP 656: musl 1.2 runs what was built for 1.1)."""
    sibling: str
    """uv's name of the platform with the same kernel and processor, but another C library."""
    sibling_tags: tuple[str, ...]
    """How the platform tags of the sibling's wheels begin."""

    def __post_init__(self) -> None:
        if not self.tags:
            raise ValueError("wheels.tags is empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """C and assembly files that only this target has, relative to the folder that `castiron_runtime` keeps them in."""

    stub: tuple[str, ...] = ()
    """In ``stub/``; what lies in a folder of ``stub/machine`` is compiled only if it is named here."""
    interpreter: tuple[str, ...] = ()
    """In ``targets/``: what the target interpreter needs of a compiler's run-time library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeNames:
    """What recipes put in the place of ``{name}``."""

    texts: Mapping[str, str] = field(default_factory=dict)
    """Part of a word."""
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A whole item of a list, which becomes these items."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One platform.  See the module's docstring."""

    triple: str
    """The name: a Clang target triple without vendor, ``MACHINE-linux-LIBC``."""
    machine: str
    """``uname -m`` and the environment marker ``platform_machine``."""
    architecture: str
    """The processor's name in messages."""
    elf: Elf
    compiler: Compiler
    libc: Libc
    wheels: WheelNames
    sources: Sources
    recipes: RecipeNames

    def __str__(self) -> str:
        return self.triple
