"""The headers of an ELF file: file header, program headers, dynamic table, and what two sections of compilers say.

pyelftools knows the structures, of both word sizes and byte orders; the walk from one to the next is ours.  Its own is
written for sound files: it follows counts of four thousand million, looks for ends of tables that never come, and
believes section headers, which patchelf and strip leave wrong, where a loader reads the dynamic table.

Source: System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import IO, TYPE_CHECKING, Any, NamedTuple

from castiron_elf.abi import MAGIC, PT_DYNAMIC, PT_INTERP, PT_LOAD, PT_TLS, SHF_ALLOC
from castiron_elf.errors import MalformedElfError, NotElfError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from elftools.elf.structs import ELFStructs

_MOST_SEGMENTS = 256
"""Kernel and loaders expect the program headers within one page, which holds 73."""
_MOST_SECTIONS = 4096
"""A linked file has about 30."""
_MOST_ENTRIES = 4096
"""In a dynamic table; those of large libraries have fewer than a hundred."""
_MOST_LETTERS = 1 << 20
"""In the names of a dynamic table together."""
_LONGEST_PATH = 4096
"""Bytes of a loader's name: Linux's PATH_MAX."""
_LARGEST_SECTION = 16 << 20
"""Bytes of a section that a compiler leaves a list in; real ones have kilobytes."""
_IDENT = 16
_SHF_COMPRESSED = 1 << 11
_MOST_MEMORY = 1 << 63
"""Bytes; half of what an address can name."""


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


class Table(NamedTuple):
    """A table that the dynamic table points to."""

    address: int
    size: int
    """Bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dynamic:
    """What the dynamic table says; of repeated entries the last counts, as for a loader."""

    soname: str | None = None
    needed: tuple[str, ...] = ()
    """In the file's order."""
    runpaths: tuple[str, ...] = ()
    """Entries of ``DT_RUNPATH``, else of ``DT_RPATH``, which the former replaces."""
    strings: Table | None = None
    symbols: int | None = None
    """Address; the size stands nowhere."""
    sysv_hash: int | None = None
    gnu_hash: int | None = None
    rela: Table | None = None
    plt: Table | None = None
    plt_has_addends: bool = True
    relr: Table | None = None
    has_rel: bool = False
    """Whether there are relocations without addends."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headers:
    """An ELF file without its contents."""

    bits: int
    """32 or 64."""
    little_endian: bool
    type: str
    """``ET_DYN``, ``ET_EXEC`` ...; a number in digits if pyelftools has no name for it."""
    machine: int
    """``e_machine``."""
    machine_name: str
    """The constant without ``EM_``; a number in digits if pyelftools has no name for it."""
    segments: tuple[Segment, ...]
    interpreter: str | None
    """The loader that a program names."""
    dynamic: Dynamic | None
    """None: the file is static, or no linker has seen it."""
    section_alignment: int | None
    """The largest ``sh_addralign`` of the sections that are in memory; None without section headers."""
    comment: bytes
    """``.comment``: who compiled it."""
    crates: bytes | None
    """``.dep-v0``: cargo-auditable's list; None if there is none."""

    @property
    def loads(self) -> tuple[Segment, ...]:
        """What is mapped."""
        return tuple(segment for segment in self.segments if segment.type == PT_LOAD)


class Strings:
    """A table of strings, and how many letters its names may have together.

    Linkers let a name be the tail of another, so a byte may be part of several names, but not of thousands.
    """

    __slots__ = ("_data", "_letters")

    def __init__(self, data: bytes, *, letters: int) -> None:
        self._data = data
        self._letters = letters

    def text(self, offset: int) -> str:
        """Return the string at an offset.  Raises `MalformedElfError`."""
        end = self._data.find(b"\0", offset)
        if end < 0:
            raise MalformedElfError(f"string {offset:#x} reaches beyond the string table")
        self._letters -= end - offset
        if self._letters < 0:
            raise MalformedElfError("its names are the same bytes over and over")
        return self._data[offset:end].decode("utf-8", "surrogateescape")


def file_offset(segments: tuple[Segment, ...], address: int, size: int) -> int:
    """Return where the bytes of ``[address, address + size)`` lie in the file.

    Raises `MalformedElfError` if no segment has them.
    """
    for segment in segments:
        if segment.type == PT_LOAD and segment.vaddr <= address and address + size <= segment.vaddr + segment.filesz:
            return segment.offset + address - segment.vaddr
    raise MalformedElfError(f"address {address:#x} (with {size} bytes) lies in no segment's file contents")


def read_headers(file: IO[bytes]) -> Headers:
    """Return the headers of an ELF file.  Raises `MalformedElfError` for whatever is wrong with it."""
    try:
        return _Reader(file).headers()
    except MalformedElfError:
        raise
    except Exception as error:  # pyelftools fails with exceptions of every kind, asserts among them
        raise MalformedElfError(str(error) or type(error).__name__) from error


def machine_description(headers: Headers) -> str:
    """Return a name of the machine for people."""
    from elftools.elf.descriptions import describe_e_machine

    described = describe_e_machine(f"EM_{headers.machine_name}")
    return f"machine {headers.machine}" if described == "<unknown>" else str(described)


@cache
def _structs(bits: int, *, little_endian: bool) -> ELFStructs:
    """Return pyelftools' structures; without a machine, so that all constants keep their numbers."""
    from elftools.elf.structs import ELFStructs

    readers = ELFStructs(little_endian=little_endian, elfclass=bits)
    readers.create_basic_structs()
    readers.create_advanced_structs()
    return readers


class _Reader:
    """One file, and its size, with which every place is compared before it is read."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._size = file.seek(0, os.SEEK_END)
        file.seek(0)
        ident = file.read(_IDENT).ljust(_IDENT, b"\0")
        if ident[:4] != MAGIC or ident[4] not in (1, 2) or ident[5] not in (1, 2):
            raise NotElfError("it is no ELF file")
        self._bits, self._little = 32 * ident[4], ident[5] == 1
        self._structs = _structs(self._bits, little_endian=self._little)
        self._header = self._one(self._structs.Elf_Ehdr, 0, "its header")

    def headers(self) -> Headers:
        from elftools.elf.enums import ENUM_E_MACHINE

        header = self._header
        segments = tuple(self._segments()) if header.e_phnum else ()
        alignment, comment, crates = self._sections() if header.e_shoff else (None, b"", None)
        return Headers(
            bits=self._bits,
            little_endian=self._little,
            type=str(header.e_type),
            machine=int(ENUM_E_MACHINE.get(header.e_machine, header.e_machine)),
            machine_name=str(header.e_machine).removeprefix("EM_"),
            segments=segments,
            interpreter=self._interpreter(segments),
            dynamic=self._dynamic(segments),
            section_alignment=alignment,
            comment=comment or b"",
            crates=crates,
        )

    def _segments(self) -> Iterator[Segment]:
        from elftools.elf.enums import ENUM_P_TYPE_BASE

        count, size = self._header.e_phnum, self._structs.Elf_Phdr.sizeof()
        if self._header.e_phentsize != size or count > _MOST_SEGMENTS:
            raise MalformedElfError(f"it has {count} program headers of {self._header.e_phentsize} bytes")
        for row in self._many(self._structs.Elf_Phdr, self._header.e_phoff, count, "its table of program headers"):
            kind = int(ENUM_P_TYPE_BASE.get(row.p_type, row.p_type))
            if kind in (PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS) and (
                row.p_offset + row.p_filesz > self._size or row.p_filesz > row.p_memsz
            ):
                raise MalformedElfError("a segment reaches beyond the end of the file")
            if row.p_vaddr + row.p_memsz > _MOST_MEMORY:
                raise MalformedElfError("a segment reaches beyond the end of memory")
            yield Segment(kind, row.p_flags, row.p_offset, row.p_vaddr, row.p_filesz, row.p_memsz, row.p_align)

    def _sections(self) -> tuple[int | None, bytes | None, bytes | None]:
        """Return the alignment, and the contents of ``.comment`` and ``.dep-v0``."""
        header = self._header
        count, index, size = header.e_shnum, header.e_shstrndx, self._structs.Elf_Shdr.sizeof()
        if header.e_shentsize != size or not index < count <= _MOST_SECTIONS:
            raise MalformedElfError(f"it has {count} section headers of {header.e_shentsize} bytes")
        rows = list(self._many(self._structs.Elf_Shdr, header.e_shoff, count, "its table of section headers"))
        for row in rows:
            if row.sh_type not in ("SHT_NULL", "SHT_NOBITS") and row.sh_offset + row.sh_size > self._size:
                raise MalformedElfError("a section lies outside of the file")
        names = self._content(rows[index])
        named = {name: row for row in rows for name in (b".comment", b".dep-v0") if _is_named(names, row.sh_name, name)}
        contents = {name: self._content(row, name.decode()) for name, row in named.items()}
        alignment = max((row.sh_addralign for row in rows if row.sh_flags & SHF_ALLOC), default=1)
        return alignment, contents.get(b".comment"), contents.get(b".dep-v0")

    def _content(self, row: Any, name: str = "of names") -> bytes:
        if row.sh_type == "SHT_NOBITS":
            return b""
        if row.sh_flags & _SHF_COMPRESSED:
            raise MalformedElfError(f"its section {name} is compressed, which no compiler does")
        if row.sh_size > _LARGEST_SECTION:
            raise MalformedElfError(f"its section {name} has {row.sh_size} bytes")
        return self._bytes(row.sh_offset, row.sh_size, f"its section {name}")

    def _interpreter(self, segments: tuple[Segment, ...]) -> str | None:
        for segment in segments:
            if segment.type == PT_INTERP:
                text = self._bytes(segment.offset, min(segment.filesz, _LONGEST_PATH), "the name of its loader")
                return text.partition(b"\0")[0].decode("utf-8", "replace")
        return None

    def _dynamic(self, segments: tuple[Segment, ...]) -> Dynamic | None:
        """Decode the dynamic table, as far as its end."""
        from elftools.elf.enums import ENUM_D_TAG

        segment = next((s for s in segments if s.type == PT_DYNAMIC), None)
        if segment is None:
            return None
        count = min(segment.filesz // self._structs.Elf_Dyn.sizeof(), _MOST_ENTRIES)
        entries: list[tuple[str, int]] = []
        for row in self._many(self._structs.Elf_Dyn, segment.offset, count, "its dynamic table"):
            if row.d_tag == "DT_NULL":
                break
            entries.append((str(row.d_tag), row.d_val))
        else:
            if count == _MOST_ENTRIES:
                raise MalformedElfError("its dynamic table has no end")
        known = dict(entries)
        strings = self._strings(segments, known)

        def table(address: str, size: str) -> Table | None:
            return Table(known[address], known.get(size, 0)) if address in known else None

        runpath = "DT_RUNPATH" if "DT_RUNPATH" in known else "DT_RPATH"
        return Dynamic(
            soname=strings.text(known["DT_SONAME"]) if "DT_SONAME" in known else None,
            needed=tuple(strings.text(value) for tag, value in entries if tag == "DT_NEEDED"),
            runpaths=tuple(filter(None, strings.text(known[runpath]).split(":"))) if runpath in known else (),
            strings=table("DT_STRTAB", "DT_STRSZ"),
            symbols=known.get("DT_SYMTAB"),
            sysv_hash=known.get("DT_HASH"),
            gnu_hash=known.get("DT_GNU_HASH"),
            rela=table("DT_RELA", "DT_RELASZ"),
            plt=table("DT_JMPREL", "DT_PLTRELSZ"),
            plt_has_addends=known.get("DT_PLTREL", ENUM_D_TAG["DT_RELA"]) == ENUM_D_TAG["DT_RELA"],
            relr=table("DT_RELR", "DT_RELRSZ"),
            has_rel="DT_REL" in known,
        )

    def _strings(self, segments: tuple[Segment, ...], known: dict[str, int]) -> Strings:
        if "DT_STRTAB" not in known:
            return Strings(b"\0", letters=0)
        address, size = known["DT_STRTAB"], known.get("DT_STRSZ", 0)
        offset = file_offset(segments, address, size)
        return Strings(self._bytes(offset, size, "its table of strings"), letters=_MOST_LETTERS)

    def _bytes(self, offset: int, length: int, what: str) -> bytes:
        if offset + length > self._size:
            raise MalformedElfError(f"{what} lies outside of the file")
        self._file.seek(offset)
        return self._file.read(length)

    def _one(self, struct: Any, offset: int, what: str) -> Any:
        return next(self._many(struct, offset, 1, what))

    def _many(self, struct: Any, offset: int, count: int, what: str) -> Iterator[Any]:
        """Yield ``count`` structures, one behind the other."""
        size = struct.sizeof()
        data = self._bytes(offset, count * size, what)
        for at in range(0, len(data), size):
            yield struct.parse(data[at : at + size])


def _is_named(names: bytes, offset: int, name: bytes) -> bool:
    return names[offset : offset + len(name) + 1] == name + b"\0"
