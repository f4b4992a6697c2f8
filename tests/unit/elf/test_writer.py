"""The object writer, checked by an independent reader (pyelftools) and by the linker."""

from __future__ import annotations

import io
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from elftools.elf.elffile import ELFFile
from hypothesis import given
from hypothesis import strategies as st

from castiron_common.errors import LinkError
from castiron_elf.writer import (
    Binding,
    ObjectWriter,
    SectionFlag,
    SymbolType,
)
from tests.support.elf_values import ELF

R_X86_64_64, R_X86_64_32 = 1, 10

if TYPE_CHECKING:
    from pathlib import Path

A, W, X = SectionFlag.ALLOC, SectionFlag.WRITE, SectionFlag.EXECINSTR


def read(path: Path) -> ELFFile:
    return ELFFile(io.BytesIO(path.read_bytes()))


def sample(path: Path) -> None:
    writer = ObjectWriter(ELF)
    data = writer.add_section(".data.x", flags=A | W | SectionFlag.RETAIN, align=64, data=b"12345678" * 4)
    zero = writer.add_section(".bss.x", flags=A | W, align=16, nobits=4096)
    writer.define("table", data, 8, type=SymbolType.OBJECT, size=24)
    writer.define("here", data, 0, binding=Binding.LOCAL)
    writer.define("number", None, 0x1234)
    writer.define("room", zero, 0, type=SymbolType.OBJECT, size=4096)
    writer.undefined("puts")
    writer.undefined("maybe", weak=True)
    writer.relocate(data, 8, R_X86_64_64, "puts", 3)
    writer.relocate(data, 16, R_X86_64_64, writer.section_symbol(zero), -5)
    writer.relocate_many(data, R_X86_64_64, "here", [0, 24], [1, 2])
    writer.write(path)


def test_reader_sees_what_was_written(tmp_path: Path) -> None:
    sample(tmp_path / "a.o")
    elf = read(tmp_path / "a.o")
    assert elf["e_type"] == "ET_REL"
    assert elf["e_machine"] == "EM_X86_64"
    data = elf.get_section_by_name(".data.x")
    assert data["sh_addralign"] == 64
    assert data["sh_offset"] % 64 == 0
    assert data["sh_flags"] == A | W | SectionFlag.RETAIN
    assert data.data() == b"12345678" * 4
    zero = elf.get_section_by_name(".bss.x")
    assert zero["sh_type"] == "SHT_NOBITS"
    assert zero["sh_size"] == 4096
    symtab = elf.get_section_by_name(".symtab")
    symbols = {s.name: s for s in symtab.iter_symbols()}
    assert symbols["table"]["st_value"] == 8
    assert symbols["table"]["st_size"] == 24
    assert symbols["here"]["st_info"]["bind"] == "STB_LOCAL"
    assert symbols["maybe"]["st_info"]["bind"] == "STB_WEAK"
    assert symbols["number"]["st_shndx"] == "SHN_ABS"
    bindings = [s["st_info"]["bind"] for s in symtab.iter_symbols()]
    assert bindings == sorted(bindings, key=lambda b: b != "STB_LOCAL")
    assert symtab["sh_info"] == bindings.count("STB_LOCAL")
    rela = elf.get_section_by_name(".rela.data.x")
    got = [(r["r_offset"], symtab.get_symbol(r["r_info_sym"]).name, r["r_addend"]) for r in rela.iter_relocations()]
    assert got == [(8, "puts", 3), (16, "", -5), (0, "here", 1), (24, "here", 2)]


def test_equal_calls_give_equal_bytes(tmp_path: Path) -> None:
    sample(tmp_path / "a.o")
    sample(tmp_path / "b.o")
    assert (tmp_path / "a.o").read_bytes() == (tmp_path / "b.o").read_bytes()


def test_strong_reference_wins_over_weak_and_definition_over_both(tmp_path: Path) -> None:
    writer = ObjectWriter(ELF)
    data = writer.add_section(".data", flags=A | W, align=8, data=bytes(16))
    writer.undefined("a", weak=True)
    writer.undefined("a")
    writer.undefined("b", weak=True)
    writer.relocate(data, 0, R_X86_64_64, "c")
    writer.define("b", data, 8)
    writer.define("c", data, 4)
    writer.write(tmp_path / "a.o")
    symbols = {s.name: s for s in read(tmp_path / "a.o").get_section_by_name(".symtab").iter_symbols()}
    assert symbols["a"]["st_info"]["bind"] == "STB_GLOBAL"
    assert symbols["b"]["st_value"] == 8
    assert symbols["c"]["st_value"] == 4


def test_name_that_is_nowhere_declared_is_an_error(tmp_path: Path) -> None:
    writer = ObjectWriter(ELF)
    data = writer.add_section(".data", flags=A | W, data=bytes(8))
    writer.relocate(data, 0, R_X86_64_64, "typo")
    with pytest.raises(LinkError, match="typo"):
        writer.write(tmp_path / "a.o")
    assert not list(tmp_path.iterdir())


def test_second_definition_is_an_error() -> None:
    writer = ObjectWriter(ELF)
    data = writer.add_section(".data", flags=A | W, data=bytes(8))
    writer.define("twice", data, 0)
    with pytest.raises(LinkError, match="twice"):
        writer.define("twice", data, 4)


def test_linker_takes_the_object_and_the_program_runs(tmp_path: Path) -> None:
    # mov eax, 60 (exit); mov edi, imm32 (relocated address of `status`); mov edi, [rdi]; syscall
    code = bytes.fromhex("b83c000000 bf00000000 8b3f 0f05".replace(" ", ""))
    writer = ObjectWriter(ELF)
    text = writer.add_section(".text", flags=A | X, align=16, data=code)
    data = writer.add_section(".data", flags=A | W, align=8, data=bytes([42, 0, 0, 0]))
    writer.define("_start", text, 0, type=SymbolType.FUNC, size=len(code))
    writer.define("status", data, 0)
    writer.relocate(text, 6, R_X86_64_32, "status")
    writer.write(tmp_path / "a.o")
    lld = [sys.executable, "-m", "ziglang", "ld.lld"]
    subprocess.run([*lld, "-static", "-o", tmp_path / "a", tmp_path / "a.o"], check=True)
    assert subprocess.run([tmp_path / "a"], check=False).returncode == 42


@given(
    st.lists(
        st.tuples(st.binary(max_size=200), st.integers(0, 12), st.integers(0, 5000)),
        min_size=1,
        max_size=8,
    )
)
def test_any_sections_read_back(tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[bytes, int, int]]) -> None:
    path = tmp_path_factory.mktemp("o") / "a.o"
    writer = ObjectWriter(ELF)
    for number, (data, shift, zeros) in enumerate(parts):
        section = writer.add_section(f".d{number}", flags=A, align=1 << shift, data=data)
        writer.define(f"s{number}", section, 0)
        writer.add_section(f".b{number}", flags=A | W, align=1 << shift, nobits=zeros)
        if len(data) >= 8:
            writer.relocate(section, 0, R_X86_64_64, f"s{number}", -number)
    writer.write(path)
    elf = read(path)
    for number, (data, shift, zeros) in enumerate(parts):
        section = elf.get_section_by_name(f".d{number}")
        assert section.data() == data
        assert section["sh_offset"] % (1 << shift) == 0
        assert elf.get_section_by_name(f".b{number}")["sh_size"] == zeros
