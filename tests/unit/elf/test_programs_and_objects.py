"""The loader of a program, and what relocatable objects define."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

from castiron_elf.errors import MalformedElfError
from castiron_elf.interpreter import interpreter_of, set_interpreter
from castiron_elf.object_symbols import global_definitions
from castiron_elf.writer import Binding, ObjectWriter, SectionFlag
from tests.support.elf_values import ELF


@pytest.mark.skipif(interpreter_of(Path(sys.executable)) is None, reason="this Python is linked statically")
def test_the_loader_of_a_program_is_read_and_changed(tmp_path: Path) -> None:
    program = tmp_path / "program"
    shutil.copy(Path(sys.executable).resolve(), program)
    longer = f"/a/place/{'x' * 200}/ld.so"
    set_interpreter(program, longer)
    assert interpreter_of(program) == longer


@pytest.mark.parametrize("data", [b"", b"#!/bin/sh\n", b"\x7fELF", b"\x7fELF\2\1\1" + bytes(57)])
def test_other_files_name_no_loader(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "x"
    path.write_bytes(data)
    assert interpreter_of(path) is None


def test_what_an_object_defines(tmp_path: Path) -> None:
    writer = ObjectWriter(ELF)
    section = writer.add_section(".text", flags=SectionFlag.ALLOC | SectionFlag.EXECINSTR, data=b"\x90" * 8)
    writer.define("f", section, 0)
    writer.define("w", section, 1, binding=Binding.WEAK)
    writer.define("own", section, 2, binding=Binding.LOCAL)
    writer.undefined("elsewhere")
    path = tmp_path / "x.o"
    writer.write(path)
    found = list(global_definitions(path.read_bytes()))
    assert [(symbol.name, symbol.hidden, symbol.weak) for symbol in found] == [("f", False, False), ("w", False, True)]
    hidden = bytearray(path.read_bytes())
    at = hidden.index(b"\x10\0\1\0")  # st_info, st_other, st_shndx of f
    hidden[at + 1] = 2
    assert next(global_definitions(bytes(hidden))).hidden


def test_members_of_another_kind_define_nothing() -> None:
    assert list(global_definitions(b"BC\xc0\xde")) == []
    with pytest.raises(MalformedElfError):
        list(global_definitions(b"\x7fELF\2\1\1"))
