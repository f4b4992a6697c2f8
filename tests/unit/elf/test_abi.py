"""The numbers that stand in `castiron_elf.abi` are those of pyelftools."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from elftools.elf import enums
from elftools.elf.constants import P_FLAGS, SH_FLAGS
from elftools.elf.structs import ELFStructs

from castiron_elf import abi


def test_numbers() -> None:
    tables = {
        "PT_": enums.ENUM_P_TYPE_BASE,
        "STB_": enums.ENUM_ST_INFO_BIND,
        "STT_": enums.ENUM_ST_INFO_TYPE,
        "STV_": enums.ENUM_ST_VISIBILITY,
        "SHN_": enums.ENUM_ST_SHNDX,
    }
    # Those of GNU begin at STB_LOOS and STT_LOOS (10), where pyelftools names the first number alone.
    gnu = {"STB_GNU_UNIQUE": "STB_LOOS", "STT_GNU_IFUNC": "STT_LOOS"}
    checked = 0
    for name, value in vars(abi).items():
        for prefix, table in tables.items():
            if name.startswith(prefix):
                assert table[name if name in table else gnu[name]] == value, name
                checked += 1
    assert checked > 15
    assert abi.SHF_ALLOC == SH_FLAGS.SHF_ALLOC
    for flag, letter in ((abi.SegmentFlag.EXECUTE, "X"), (abi.SegmentFlag.WRITE, "W"), (abi.SegmentFlag.READ, "R")):
        assert flag == getattr(P_FLAGS, f"PF_{letter}")
    assert abi.ET_DYN in enums.ENUM_E_TYPE


def test_sizes() -> None:
    structs = ELFStructs(little_endian=True, elfclass=64)
    structs.create_basic_structs()
    structs.create_advanced_structs()
    assert structs.Elf_Sym.sizeof() == abi.SYMBOL_SIZE
    assert structs.Elf_Rela.sizeof() == abi.RELA_SIZE


def test_what_begins_as_an_elf_file(tmp_path: Path) -> None:
    for name, content, is_one in (("a", abi.MAGIC + b"\2", True), ("b", abi.MAGIC[:3], False), ("c", b"", False)):
        (tmp_path / name).write_bytes(content)
        assert abi.is_elf(tmp_path / name) == is_one
    with pytest.raises(FileNotFoundError):
        abi.is_elf(tmp_path / "missing")
    with pytest.raises(IsADirectoryError):
        abi.is_elf(tmp_path)


def test_of_a_pipe_nothing_is_read(tmp_path: Path) -> None:
    """``castiron audit <(...)``; and nobody waits for a pipe without a writer."""
    os.mkfifo(tmp_path / "pipe")
    assert not abi.is_elf(tmp_path / "pipe")
    reading, writing = os.pipe()
    os.write(writing, abi.MAGIC)
    assert not abi.is_elf(Path(f"/dev/fd/{reading}"))
    assert os.read(reading, 4) == abi.MAGIC
    os.close(reading)
    os.close(writing)
