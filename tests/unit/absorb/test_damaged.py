"""Shared objects whose numbers lie: each ends in one message, before anything is made of them."""

from __future__ import annotations

import io
import struct
from enum import IntEnum
from pathlib import Path

import pytest

from castiron_common.errors import NativeError
from castiron_common.files import sha256_file
from castiron_elf.headers import file_offset, read_headers
from castiron_elf.observe import observe
from castiron_link.absorb.read import read
from tests.support.elf_values import ELF, TARGET

SEEDS = Path(__file__).resolve().parents[2] / "fuzz" / "seeds"
LOAD, DYNAMIC, TLS = 1, 2, 7
TYPE, FLAGS, OFFSET, VADDR, FILESZ, MEMSZ, ALIGN = 0, 4, 8, 16, 32, 40, 48
"""Places of fields in a program header.  Source: System V ABI, chapter 5."""


class Tag(IntEnum):
    """``DT_*``."""

    HASH = 4
    STRTAB = 5
    SYMTAB = 6
    RELA = 7
    STRSZ = 10
    RELR = 36
    GNU_HASH = 0x6FFF_FEF5


class Damaged:
    """A sound shared object, to change numbers in."""

    def __init__(self, name: str) -> None:
        self.data = bytearray((SEEDS / name).read_bytes())
        self.sound = read_headers(io.BytesIO(self.data))

    def segment(self, kind: int, field: int, value: int, *, number: int = 0) -> Damaged:
        rows = [i for i, segment in enumerate(self.sound.segments) if segment.type == kind]
        at = struct.unpack_from("<Q", self.data, 32)[0] + 56 * rows[number] + field
        struct.pack_into("<I" if field < OFFSET else "<Q", self.data, at, value)
        return self

    def tag(self, tag: Tag, value: int) -> Damaged:
        dynamic = next(segment for segment in self.sound.segments if segment.type == DYNAMIC)
        for at in range(dynamic.offset, dynamic.offset + dynamic.filesz, 16):
            if struct.unpack_from("<Q", self.data, at)[0] == tag:
                struct.pack_into("<Q", self.data, at + 8, value)
                return self
        raise AssertionError(tag)

    def without(self, tag: Tag) -> Damaged:
        """Let an entry of the dynamic table be one that nobody knows."""
        dynamic = next(segment for segment in self.sound.segments if segment.type == DYNAMIC)
        for at in range(dynamic.offset, dynamic.offset + dynamic.filesz, 16):
            if struct.unpack_from("<Q", self.data, at)[0] == tag:
                struct.pack_into("<Q", self.data, at, 1 << 40)
                return self
        raise AssertionError(tag)

    def _value(self, tag: Tag) -> int:
        dynamic = next(segment for segment in self.sound.segments if segment.type == DYNAMIC)
        table = self.data[dynamic.offset : dynamic.offset + dynamic.filesz // 16 * 16]
        return next(int(value) for key, value in struct.iter_unpack("<QQ", table) if key == tag)

    def at(self, tag: Tag, offset: int, form: str, *values: int) -> Damaged:
        """Write behind the start of a table."""
        struct.pack_into(form, self.data, file_offset(self.sound.segments, self._value(tag), 1) + offset, *values)
        return self

    def header(self, offset: int, form: str, value: int) -> Damaged:
        struct.pack_into(form, self.data, offset, value)
        return self

    def refusal(self, folder: Path) -> str:
        path = folder / "x.so"
        path.write_bytes(self.data)
        with pytest.raises(NativeError) as caught:
            read(path, name="x.so", sha256=sha256_file(path), target=TARGET)
        assert caught.value.hint
        return caught.value.what


HUGE = (1 << 63) - 1


@pytest.mark.parametrize(
    ("damaged", "says"),
    [
        (Damaged("gnu.so").segment(LOAD, MEMSZ, 1 << 40), "its segments span 1024 GiB"),
        (Damaged("gnu.so").segment(LOAD, MEMSZ, 1 << 30, number=-1), "its segments span 1024 MiB, and its file has 0"),
        (Damaged("gnu.so").segment(LOAD, MEMSZ, HUGE * 2 + 1), "a segment reaches beyond the end of memory"),
        (Damaged("gnu.so").without(Tag.SYMTAB), "it has no loadable segments or no dynamic symbol table"),
        (Damaged("gnu.so").segment(TLS, MEMSZ, 1 << 33), "its thread-local storage has 8589934592 bytes"),
        (Damaged("gnu.so").segment(TLS, ALIGN, 24), "its thread-local storage has"),
        (Damaged("gnu.so").segment(TLS, VADDR, 1 << 20), "its thread-local storage lies outside"),
        (Damaged("gnu.so").segment(TLS, TYPE, 0), "lies outside of it"),
        (Damaged("relr.so").segment(LOAD, ALIGN, 1 << 40), "it asks for an alignment of 0x10000000000 bytes"),
        (Damaged("gnu.so").at(Tag.RELA, 0, "<Q", 0x100000), "relocations outside of its segments"),
        (Damaged("gnu.so").at(Tag.RELA, 0, "<Q", HUGE * 2 + 1), "relocations outside of its segments"),
        (Damaged("gnu.so").at(Tag.SYMTAB, 24 * 5 + 8, "<Q", HUGE), "lies outside of it"),
        (Damaged("relr.so").at(Tag.RELR, 0, "<Q", HUGE * 2), "lies in no segment's file contents"),
        (Damaged("relr.so").at(Tag.RELR, 0, "<QQ", HUGE - 1, HUGE * 2 + 1), "lies in no segment's file contents"),
        (Damaged("gnu.so").tag(Tag.SYMTAB, HUGE), "lies in no segment's file contents"),
        (Damaged("gnu.so").at(Tag.GNU_HASH, 0, "<I", 0xFFFFFFFF), "lies in no segment's file contents"),
        (Damaged("sysv.so").at(Tag.HASH, 4, "<I", 0xFFFFFFFF), "lies in no segment's file contents"),
        (Damaged("gnu.so").at(Tag.RELA, 8, "<Q", 0xFFFFFFFF << 32 | 6), "lies in no segment's file contents"),
        (Damaged("gnu.so").header(32, "<Q", HUGE), "its table of program headers lies outside"),
        (Damaged("gnu.so").header(56, "<H", 0xFFFF), "it has 65535 program headers"),
    ],
)
def test_numbers_that_lie(damaged: Damaged, says: str, tmp_path: Path) -> None:
    assert says in damaged.refusal(tmp_path)


def test_more_program_headers_than_a_loader_takes(tmp_path: Path) -> None:
    damaged = Damaged("gnu.so")
    at = len(damaged.data)
    damaged.data += bytes(56 * 300)
    damaged.header(32, "<Q", at).header(56, "<H", 300)
    assert "it has 300 program headers" in damaged.refusal(tmp_path)


def test_names_made_of_the_same_bytes_over_and_over(tmp_path: Path) -> None:
    """A table of names of one long text, and a table of symbols each of which begins in it elsewhere."""
    damaged = Damaged("sysv.so")
    count, length = 4000, 60_000
    start = len(damaged.data)
    names = b"x" * length + b"\0"
    symbols = bytes(24) + b"".join(struct.pack("<IBBHQQ", index, 0x10, 0, 0, 0, 0) for index in range(1, count))
    table = struct.pack("<III", 1, count, 0) + bytes(4 * count)
    damaged.data += names + symbols + table
    damaged.segment(LOAD, FILESZ, len(damaged.data)).segment(LOAD, MEMSZ, len(damaged.data)).segment(LOAD, VADDR, 0)
    damaged.segment(LOAD, OFFSET, 0).tag(Tag.STRTAB, start).tag(Tag.STRSZ, len(names))
    damaged.tag(Tag.SYMTAB, start + len(names)).tag(Tag.HASH, start + len(names) + len(symbols))
    assert "its names are the same bytes over and over" in damaged.refusal(tmp_path)


def test_the_sound_ones_are_taken() -> None:
    for path in sorted(SEEDS.glob("*.so")):
        assert observe(path.read_bytes(), ELF).init_functions == ("fast",)


def test_a_name_that_no_module_can_have_is_no_module() -> None:
    damaged = Damaged("gnu.so")
    at = damaged.data.index(b"PyInit_fast\0")
    damaged.data[at : at + 11] = b"PyInit_f\xffst"
    assert observe(bytes(damaged.data), ELF).init_functions == ()


def test_a_name_may_begin_with_a_digit() -> None:
    """mypyc's groups are called by a hash; isort brings one."""
    damaged = Damaged("gnu.so")
    at = damaged.data.index(b"PyInit_fast\0")
    damaged.data[at : at + 11] = b"PyInit_24eb"
    assert observe(bytes(damaged.data), ELF).init_functions == ("24eb",)
