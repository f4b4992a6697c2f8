"""The target: what is true of one platform that binaries are made for, and of no other.

Whoever begins a task reads a `Target` from its file, ``targets/NAME.toml`` (`castiron_runtime.target_files`), and hands
it down; nothing looks it up.  It stands here, below the packages that use it, and in sections, so that each package
gets what it needs: those of ELF an `Elf`, the wheels a `WheelNames`, the builders a `Compiler`.  The fields are the
keys of the file.
"""

from __future__ import annotations

# Read by castiron_common.tables as annotations.
from collections.abc import Mapping  # noqa: TC003
from dataclasses import field
from enum import StrEnum
from functools import cached_property

from castiron_common.frozen import dataclass


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Processors:
    """The levels of processors, and how a file says which it needs: a property in a note for GNU."""

    property: int
    """``pr_type``; of the value each bit stands for a level."""
    levels: tuple[str, ...]
    """By number of their bit; each includes those before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """How machine code calls functions of other files with a constant as third argument; hexadecimal bytes."""

    third_argument: str
    """What stands before the constant of 32 bits that becomes the third argument."""
    third_cleared: str
    """What makes the third argument zero."""
    relative: tuple[str, ...]
    """Calls and jumps: a distance of 32 bits from the next instruction follows."""
    through_word: tuple[str, ...]
    """Calls and jumps through a word of memory; likewise."""
    jump_through_word: str
    """That which stands in stubs of the procedure linkage table."""
    stub_beginnings: tuple[int, ...]
    """Bytes that a stub may have before it."""


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
    processors: Processors | None = None
    """None: files of this machine say nothing."""
    calls: Calls | None = None
    """None: nothing is read from machine code."""

    def __post_init__(self) -> None:
        if len({item.kind for item in self.relocations}) != len(self.relocations):
            raise ValueError("relocations: two have the same kind")
        roles = [item.role for item in self.relocations if item.role is not None]
        if len(set(roles)) != len(roles):
            raise ValueError("relocations: two have the same role")
        for role in (Role.NONE, Role.ABSOLUTE, Role.DISTANCE, Role.RELATIVE, self.tls.word):
            if role not in roles:
                raise ValueError(f"relocations: none has the role {role.value!r}")
        if self.page_size < 4096 or self.page_size & (self.page_size - 1):
            raise ValueError(f"page_size: {self.page_size} is not the size of a page")
        if self.tls.variant not in (1, 2):
            raise ValueError(f"tls.variant: {self.tls.variant} is neither 1 nor 2")
        if self.tls.alignment < 1 or self.tls.alignment & (self.tls.alignment - 1):
            raise ValueError(f"tls.alignment: {self.tls.alignment} is not a power of two")

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
    optimiser: tuple[str, ...] = ()
    """Options of LLVM's own for link-time optimisation."""

    @property
    def linker(self) -> tuple[str, ...]:
        """What tells the linker of the target."""
        return ("-m", self.emulation, *self.linker_flags)


@dataclass(frozen=True, slots=True, kw_only=True)
class Libc:
    """The C library, and what files call it."""

    name: str
    loader: str
    """File name of the dynamic loader, as in the ABI."""
    soname: str
    """What wheels for the target need as the C library."""
    names: tuple[str, ...]
    """Names of libraries that are this C library, and so, in a binary, the program."""
    beginnings: tuple[str, ...]
    """Likewise, how such names begin."""
    merged: tuple[str, ...]
    """Libraries of others that this C library has in itself: ``m`` for ``libm.so`` and ``-lm``."""
    foreign: Mapping[str, str]
    """How names of libraries begin that belong to another C library -> the name of that."""
    emulated: str = ""
    """Another C library for which there are stand-ins: what is linked against it can be absorbed, too."""

    def of(self, soname: str) -> str:
        """Return the C library that one of this name is; empty for another library."""
        for beginning, name in self.foreign.items():
            if soname.startswith(beginning):
                return name
        return self.name if soname in self.names or soname.startswith(self.beginnings) else ""

    def holds(self, soname: str) -> bool:
        """Say whether a library is this C library under one of its names, or one that it has in itself."""
        stem, dot, rest = soname.partition(".so")
        merged = dot and not rest.strip(".0123456789") and stem.startswith("lib") and stem[3:] in self.merged
        return bool(merged) or self.serves(self.of(soname))

    def serves(self, name: str) -> bool:
        """Say whether libraries that are linked against the C library of this name can be part of a binary."""
        return name != "" and name in (self.name, self.emulated)


@dataclass(frozen=True, slots=True, kw_only=True)
class GccRuntime:
    """A file on an index that holds GCC's run-time libraries, built for this target, and what they were built of.

    Nothing but these libraries is taken out of it: it is an archive here, not a distribution of the application.
    """

    version: str
    """GCC's."""
    source: str
    """Address of GCC's source archive, for the license report."""
    source_sha256: str
    distribution: str
    """Under this name the index has the file."""
    release: str
    python: str
    """A series that the file's tags fit; the libraries themselves know no Python."""
    file: str
    sha256: str
    libraries: Mapping[str, str]
    """Path in the file -> SHA-256 of the library."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianPackage:
    """A binary package of Debian, of one architecture."""

    name: str
    version: str
    file: str
    """Its name in a mirror, by which a local folder is searched."""
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DebianGccRuntime:
    """GCC's run-time libraries as Debian built them, for libraries that are linked against the emulated C library."""

    version: str
    """GCC's."""
    source: str
    """Address of GCC's source archive, for the license report."""
    source_sha256: str
    suite: str
    """The release of Debian that has the packages."""
    architecture: str
    """The machine, as Debian calls it."""
    packages: tuple[DebianPackage, ...]
    libraries: Mapping[str, str]
    """Path in one of the packages, of a file or a link in its folder -> SHA-256 of the library."""


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
    gcc_runtime: GccRuntime | None = None
    """For wheels that expect libstdc++ and libgcc of the system; None if there is none for the target."""
    emulated_tags: tuple[str, ...] = ()
    """Platform tags of wheels for the emulated C library, best first: for what has no wheel under ``tags``."""
    emulated_triple: str = ""
    """The platform of the emulated C library, as names of extension modules say it."""
    emulated_gcc_runtime: DebianGccRuntime | None = None
    """Likewise GCC's libraries for these wheels."""

    def __post_init__(self) -> None:
        if not self.tags:
            raise ValueError("tags is empty")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """C and assembly that only this target has, in the package `castiron_runtime`."""

    stub: str
    """Folder below ``stub/``: it is compiled with the rest of the stub, those of other machines are not."""
    interpreter: tuple[str, ...] = ()
    """Files in ``targets/``: what the target interpreter needs of a compiler's run-time library."""


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

    def __hash__(self) -> int:
        return hash(self.triple)


def extension_suffix(target: Target | str, python: str) -> str:
    """Return the end of names of extension modules that are for this platform and this series of CPython alone."""
    return f".cpython-{python.replace('.', '')}-{target}.so"


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonTarget:
    """What distributions are chosen, built and installed for: a series of CPython on a target."""

    target: Target
    python: str
    """The series: ``3.13``."""
    version: str
    """Of the runtime pack: ``3.13.5``."""

    @property
    def platform(self) -> str:
        """The target's name."""
        return self.target.triple

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of extension modules' file names, best first, as in its `importlib.machinery`.

        Those of the emulated C library's platform come after its own.
        """
        emulated = self.target.wheels.emulated_triple
        others = (extension_suffix(emulated, self.python),) if emulated else ()
        return (extension_suffix(self.target, self.python), *others, ".abi3.so", ".so")
