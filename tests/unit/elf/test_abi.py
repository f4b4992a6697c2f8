"""The numbers that stand in `castiron_elf.abi` are those of pyelftools."""

from __future__ import annotations

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
