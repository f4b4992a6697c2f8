"""A shared object as the dynamic loader sees it: segments, dynamic table, symbols, relocations, TLS, constructors.

Everything is read through the program headers and the dynamic table, as ``ld.so`` does: section headers may be absent
or wrong after patchelf and strip.  Large tables are kept as columns of machine integers, as libraries with more than
100,000 relocations are ordinary.

Source: System V ABI, chapters 4 and 5; x86-64 psABI 1.0; gABI proposal for ``DT_RELR``; GNU hash table as glibc's
``dl-lookup.c`` reads it.
"""

from __future__ import annotations

import struct
from array import array
from dataclasses import dataclass
from enum import IntEnum, IntFlag
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from castiron_common.errors import NativeError

if TYPE_CHECKING:
    from pathlib import Path

PAGE = 0x1000
"""Bytes of a page of the target.  Source: x86-64 psABI, 3.3.3 (the smallest, and the only one Linux uses)."""


class SegmentFlag(IntFlag):
    """``p_flags``."""

    EXECUTE = 1
    WRITE = 2
    READ = 4


class Tag(IntEnum):
    """Entries of the dynamic table that matter here (``DT_*``)."""

    NEEDED = 1
    PLTRELSZ = 2
    HASH = 4
    STRTAB = 5
    SYMTAB = 6
    RELA = 7
    RELASZ = 8
    STRSZ = 10
    INIT = 12
    FINI = 13
    SONAME = 14
    RPATH = 15
    REL = 17
    PLTREL = 20
    TEXTREL = 22
    JMPREL = 23
    INIT_ARRAY = 25
    FINI_ARRAY = 26
    INIT_ARRAYSZ = 27
    FINI_ARRAYSZ = 28
    RUNPATH = 29
    FLAGS = 30
    PREINIT_ARRAY = 32
    RELRSZ = 35
    RELR = 36
    GNU_HASH = 0x6FFF_FEF5
    FLAGS_1 = 0x6FFF_FFFB


DF_TEXTREL = 0x4
DF_STATIC_TLS = 0x10

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_NOTE, PT_TLS = 1, 2, 3, 4, 7
PT_GNU_EH_FRAME, PT_GNU_STACK, PT_GNU_RELRO = 0x6474_E550, 0x6474_E551, 0x6474_E552

STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_NOTYPE, STT_OBJECT, STT_FUNC, STT_SECTION, STT_TLS, STT_GNU_IFUNC = 0, 1, 2, 3, 6, 10
STV_DEFAULT, STV_INTERNAL, STV_HIDDEN, STV_PROTECTED = 0, 1, 2, 3
SHN_UNDEF, SHN_ABS = 0, 0xFFF1

R_NONE, R_64, R_GLOB_DAT, R_JUMP_SLOT, R_RELATIVE = 0, 1, 6, 7, 8
R_DTPMOD64, R_DTPOFF64, R_TPOFF64, R_TLSDESC, R_IRELATIVE = 16, 17, 18, 36, 37

RELOCATION_NAMES = {
    R_NONE: "R_X86_64_NONE",
    R_64: "R_X86_64_64",
    2: "R_X86_64_PC32",
    5: "R_X86_64_COPY",
    R_GLOB_DAT: "R_X86_64_GLOB_DAT",
    R_JUMP_SLOT: "R_X86_64_JUMP_SLOT",
    R_RELATIVE: "R_X86_64_RELATIVE",
    10: "R_X86_64_32",
    11: "R_X86_64_32S",
    R_DTPMOD64: "R_X86_64_DTPMOD64",
    R_DTPOFF64: "R_X86_64_DTPOFF64",
    R_TPOFF64: "R_X86_64_TPOFF64",
    24: "R_X86_64_PC64",
    R_TLSDESC: "R_X86_64_TLSDESC",
    R_IRELATIVE: "R_X86_64_IRELATIVE",
}
"""Names of relocation kinds for messages.  Source: x86-64 psABI, table 4.9."""

_EHDR = struct.Struct("<16sHHIQQQIHHHHHH")
_PHDR = struct.Struct("<IIQQQQQQ")
_SYM = struct.Struct("<IBBHQQ")
_SYM_SIZE = 24

_MOST_SEGMENTS = 256
"""Kernel and loaders expect the program headers within one page, which holds 73."""
_LETTERS_PER_BYTE = 8
"""How often a byte of the file may be part of a name; linkers let a name be the tail of others, no more than that."""


class Segment(NamedTuple):
    """One program header; sizes and addresses in bytes from the image's base."""

    type: int
    flags: int
    offset: int
    vaddr: int
    filesz: int
    memsz: int
    align: int

    @property
    def end(self) -> int:
        """The address after its last byte in memory."""
        return self.vaddr + self.memsz


@dataclass(frozen=True, slots=True, kw_only=True)
class Symbols:
    """The dynamic symbol table, column by column; index 0 is the null symbol."""

    names: tuple[str, ...]
    infos: tuple[int, ...]
    others: tuple[int, ...]
    sections: tuple[int, ...]
    values: tuple[int, ...]
    sizes: tuple[int, ...]

    def __len__(self) -> int:
        return len(self.names)

    def binding(self, index: int) -> int:
        """``STB_*`` of a symbol."""
        return self.infos[index] >> 4

    def type(self, index: int) -> int:
        """``STT_*`` of a symbol."""
        return self.infos[index] & 15

    def visibility(self, index: int) -> int:
        """``STV_*`` of a symbol."""
        return self.others[index] & 3

    def defined(self, index: int) -> bool:
        """Whether this image defines it."""
        return self.sections[index] != SHN_UNDEF


@dataclass(frozen=True, slots=True, kw_only=True)
class Relocations:
    """All relocations of an image in application order; ``DT_RELR`` is expanded into ``R_X86_64_RELATIVE``."""

    offsets: array[int]
    """Unsigned 64-bit addresses from the image's base."""
    infos: array[int]
    """Symbol index << 32 | kind."""
    addends: array[int]
    """Signed 64 bit."""

    def __len__(self) -> int:
        return len(self.offsets)

    def references(self) -> frozenset[tuple[int, int]]:
        """The distinct (kind, symbol index) pairs."""
        return frozenset((info & 0xFFFF_FFFF, info >> 32) for info in set(self.infos))


class Image:
    """A parsed ET_DYN file.  Immutable by convention; large tables are decoded when first asked for."""

    def __init__(self, data: bytes, *, name: str) -> None:
        """Parse the headers.  ``name`` is what messages call the file.  Raises `NativeError` if it is no ELF file."""
        self.data = data
        self.name = name
        if len(data) < _EHDR.size or data[:4] != b"\x7fELF":
            raise NativeError(
                f"{name} is not an ELF file.", hint="It is named like a shared object; exclude it or reinstall it."
            )
        if data[4] != 2 or data[5] != 1:
            raise NativeError(
                f"{name} is not a 64-bit little-endian ELF file.",
                hint="Use the wheel for x86-64 (its file name ends in musllinux_1_2_x86_64.whl).",
            )
        header = _EHDR.unpack_from(data)
        self.type: int = header[1]
        self.machine: int = header[2]
        self.phoff: int = header[5]
        phentsize, phnum = header[9], header[10]
        if phentsize != _PHDR.size or self.phoff + phnum * _PHDR.size > len(data):
            raise self._malformed("its program headers lie outside the file")
        if phnum > _MOST_SEGMENTS:
            raise self._malformed(f"it has {phnum} program headers")
        self.segments = tuple(
            Segment(kind, flags, offset, vaddr, filesz, memsz, align)
            for kind, flags, offset, vaddr, _, filesz, memsz, align in _PHDR.iter_unpack(
                data[self.phoff : self.phoff + phnum * _PHDR.size]
            )
        )
        self.loads = tuple(s for s in self.segments if s.type == PT_LOAD)
        for segment in self.segments:
            in_file = segment.type in (PT_LOAD, PT_DYNAMIC, PT_TLS)
            if in_file and (segment.offset + segment.filesz > len(data) or segment.filesz > segment.memsz):
                raise self._malformed("a segment reaches beyond the end of the file")
        self._tags = self._dynamic_table()
        self._letters = _LETTERS_PER_BYTE * len(data) + PAGE

    @classmethod
    def open(cls, path: Path, *, name: str | None = None) -> Image:
        """Read a file.  Raises `NativeError` if it cannot be read or is no ELF file."""
        try:
            data = path.read_bytes()
        except OSError as error:
            raise NativeError(
                f"{name or path} cannot be read: {error.strerror or error}.", hint="Check the file's permissions."
            ) from error
        return cls(data, name=name or path.name)

    def _malformed(self, why: str) -> NativeError:
        return NativeError(
            f"{self.name} is not a well-formed shared object: {why}.",
            hint="The file may be truncated; reinstall the distribution, or exclude the module.",
        )

    def file_offset(self, vaddr: int, size: int) -> int:
        """Return where the bytes of ``[vaddr, vaddr + size)`` lie in the file.  Raises `NativeError` if nowhere."""
        for segment in self.loads:
            if segment.vaddr <= vaddr and vaddr + size <= segment.vaddr + segment.filesz:
                return segment.offset + vaddr - segment.vaddr
        raise self._malformed(f"address {vaddr:#x} (with {size} bytes) lies in no segment's file contents")

    def read(self, vaddr: int, size: int) -> bytes:
        """Return the bytes at an address.  Raises `NativeError` if the file does not hold them."""
        offset = self.file_offset(vaddr, size)
        return self.data[offset : offset + size]

    def _dynamic_table(self) -> tuple[tuple[int, int], ...]:
        for segment in self.segments:
            if segment.type == PT_DYNAMIC:
                raw = self.data[segment.offset : segment.offset + segment.filesz // 16 * 16]
                entries: list[tuple[int, int]] = []
                for tag, value in struct.iter_unpack("<QQ", raw):
                    if tag == 0:
                        break
                    entries.append((tag, value))
                return tuple(entries)
        return ()

    def tag(self, tag: Tag, default: int = 0) -> int:
        """Return the value of the last entry ``tag``, as the loader reads it."""
        return next((value for key, value in reversed(self._tags) if key == tag), default)

    def has(self, tag: Tag) -> bool:
        """Whether the dynamic table holds ``tag``."""
        return any(key == tag for key, _ in self._tags)

    @cached_property
    def _strings(self) -> bytes:
        if not self.has(Tag.STRTAB):
            return b"\0"
        return self.read(self.tag(Tag.STRTAB), self.tag(Tag.STRSZ))

    def _string(self, offset: int) -> str:
        end = self._strings.find(b"\0", offset)
        if end < 0:
            raise self._malformed(f"string {offset:#x} reaches beyond the string table")
        self._letters -= end - offset
        if self._letters < 0:
            raise self._malformed("its names are the same bytes over and over")
        return self._strings[offset:end].decode("utf-8", "surrogateescape")

    @cached_property
    def soname(self) -> str | None:
        """``DT_SONAME``."""
        return self._string(self.tag(Tag.SONAME)) if self.has(Tag.SONAME) else None

    @cached_property
    def needed(self) -> tuple[str, ...]:
        """``DT_NEEDED`` in file order."""
        return tuple(self._string(value) for key, value in self._tags if key == Tag.NEEDED)

    @cached_property
    def runpaths(self) -> tuple[str, ...]:
        """Entries of ``DT_RUNPATH``, else of ``DT_RPATH``, which the former replaces."""
        tag = Tag.RUNPATH if self.has(Tag.RUNPATH) else Tag.RPATH
        if not self.has(tag):
            return ()
        return tuple(part for part in self._string(self.tag(tag)).split(":") if part)

    @property
    def flags(self) -> int:
        """``DT_FLAGS``."""
        return self.tag(Tag.FLAGS)

    @cached_property
    def span(self) -> int:
        """Bytes from the base to the end of the last segment, in whole pages."""
        end = max((s.end for s in self.loads), default=0)
        return (end + PAGE - 1) & -PAGE

    @cached_property
    def tls(self) -> Segment | None:
        """The thread-local template."""
        return next((s for s in self.segments if s.type == PT_TLS and s.memsz), None)

    @cached_property
    def relro(self) -> Segment | None:
        """What becomes read-only after relocation."""
        return next((s for s in self.segments if s.type == PT_GNU_RELRO), None)

    @cached_property
    def executable_stack(self) -> bool:
        """Whether ``PT_GNU_STACK`` asks for an executable stack."""
        return any(s.type == PT_GNU_STACK and s.flags & SegmentFlag.EXECUTE for s in self.segments)

    @cached_property
    def relocations(self) -> Relocations:
        """Every relocation: ``DT_RELR``, then ``DT_RELA``, then ``DT_JMPREL``."""
        offsets, infos, addends = array("Q"), array("Q"), array("q")
        if self.has(Tag.RELR):
            places = self._relr()
            offsets.extend(places)
            infos.extend(array("Q", [R_RELATIVE]) * len(places))
            addends.extend(struct.unpack("<q", self.read(place, 8))[0] for place in places)
        for table, size in ((Tag.RELA, Tag.RELASZ), (Tag.JMPREL, Tag.PLTRELSZ)):
            if not self.has(table):
                continue
            if table is Tag.JMPREL and self.tag(Tag.PLTREL, Tag.RELA) != Tag.RELA:
                raise self._malformed("its PLT relocations have no addends (DT_REL), which x86-64 does not know")
            raw = self.read(self.tag(table), self.tag(size) // 24 * 24)
            words, signed = array("Q"), array("q")
            words.frombytes(raw)
            signed.frombytes(raw)
            offsets.extend(words[0::3])
            infos.extend(words[1::3])
            addends.extend(signed[2::3])
        return Relocations(offsets=offsets, infos=infos, addends=addends)

    def _relr(self) -> list[int]:
        """Expand ``DT_RELR``: an even word is an address, an odd one a bitmap of the 63 words that follow."""
        places: list[int] = []
        where = 0
        raw = self.read(self.tag(Tag.RELR), self.tag(Tag.RELRSZ) // 8 * 8)
        for (word,) in struct.iter_unpack("<Q", raw):
            if not word & 1:
                places.append(word)
                where = word + 8
            else:
                places.extend(where + 8 * bit for bit in range(63) if word >> (bit + 1) & 1)
                where += 63 * 8
            if len(places) * 8 > self.span or (places and places[-1] + 8 > self.span):
                raise self._malformed("its packed relocations (DT_RELR) lie outside of it")
        return places

    @cached_property
    def symbols(self) -> Symbols:
        """The dynamic symbols: all that the hash tables or a relocation can reach."""
        count = self._symbol_count()
        if count == 0:
            return Symbols(names=("",), infos=(0,), others=(0,), sections=(0,), values=(0,), sizes=(0,))
        raw = self.read(self.tag(Tag.SYMTAB), count * _SYM_SIZE)
        names, infos, others, sections, values, sizes = zip(*_SYM.iter_unpack(raw), strict=True)
        return Symbols(
            names=tuple(map(self._string, names)),
            infos=infos,
            others=others,
            sections=sections,
            values=values,
            sizes=sizes,
        )

    def _symbol_count(self) -> int:
        """Return how many symbols there are: the dynamic table does not say, its users do."""
        if not self.has(Tag.SYMTAB):
            return 0
        count = 1 + max((info >> 32 for info in set(self.relocations.infos)), default=0)
        if self.has(Tag.HASH):
            return max(count, int(struct.unpack("<II", self.read(self.tag(Tag.HASH), 8))[1]))
        if self.has(Tag.GNU_HASH):
            count = max(count, self._gnu_hash_count())
        return count

    def _gnu_hash_count(self) -> int:
        table = self.tag(Tag.GNU_HASH)
        buckets, first, bloom, _ = struct.unpack("<IIII", self.read(table, 16))
        start = table + 16 + bloom * 8
        highest = max(struct.unpack(f"<{buckets}I", self.read(start, buckets * 4)), default=0)
        if highest < first:
            return int(first)
        chains = start + buckets * 4
        while not struct.unpack("<I", self.read(chains + (highest - first) * 4, 4))[0] & 1:
            highest += 1
        return int(highest) + 1

    @cached_property
    def definitions(self) -> dict[str, int]:
        """Index of each symbol that other images can see, by name."""
        table = self.symbols
        return {
            name: index
            for index, (name, info, other, section) in enumerate(
                zip(table.names, table.infos, table.others, table.sections, strict=True)
            )
            if section and name and info >> 4 != STB_LOCAL and other & 3 in (STV_DEFAULT, STV_PROTECTED)
        }

    @cached_property
    def libc(self) -> str:
        """``musl``, ``glibc``, or nothing if no C library is named."""
        for needed in self.needed:
            if needed.startswith(("libc.musl", "ld-musl")) or needed == "libc.so":
                return "musl"
            if needed.startswith(("libc.so.", "ld-linux")):
                return "glibc"
        return ""

    @cached_property
    def init_functions(self) -> tuple[str, ...]:
        """The names of the extension modules it implements: ``x`` for ``PyInit_x``."""
        names = (n.removeprefix("PyInit_") for n in self.definitions if n.startswith("PyInit_"))
        # mypyc calls a module by a hash, which may begin with a digit: no identifier, but importable.
        return tuple(sorted(name for name in names if name.isascii() and f"_{name}".isidentifier()))

    @cached_property
    def constructs(self) -> bool:
        """Whether anything must run before it is used."""
        return bool(self.tag(Tag.INIT) or self.tag(Tag.INIT_ARRAYSZ))

    @cached_property
    def alignment(self) -> int:
        """Bytes its base must be aligned to: what its sections ask for, at least a page.

        ``p_align`` says what page sizes the linker foresaw (2 MiB by default for years), not what the data needs, so it
        counts only if the section headers are gone.
        """
        shoff, shentsize, shnum = struct.unpack_from("<Q", self.data, 40)[0], *struct.unpack_from("<HH", self.data, 58)
        if shoff and shentsize == 64 and shnum and shoff + shnum * 64 <= len(self.data):
            aligns = (
                struct.unpack_from("<Q", self.data, shoff + 64 * index + 48)[0]
                for index in range(shnum)
                if struct.unpack_from("<Q", self.data, shoff + 64 * index + 8)[0] & 2
            )
            wanted = max(aligns, default=1)
        else:
            wanted = max((s.align for s in self.loads), default=1)
        return max(PAGE, wanted) if not wanted & (wanted - 1) else PAGE
