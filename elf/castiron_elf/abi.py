"""Numbers of the generic ABI that several modules use.  What a processor numbers is in `castiron_common.target.Elf`.

They stand here although pyelftools has them too: a link whose images are known already never imports that (25 ms).
A test compares them with pyelftools' tables.  Source: System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

from enum import IntFlag

MAGIC = b"\x7fELF"
"""The first four bytes of every ELF file."""

SYMBOL_SIZE = 24
"""Bytes of an ``Elf64_Sym``."""
RELA_SIZE = 24
"""Bytes of an ``Elf64_Rela``."""


class SegmentFlag(IntFlag):
    """``p_flags``."""

    EXECUTE = 1
    WRITE = 2
    READ = 4


ET_DYN = "ET_DYN"
"""``e_type`` of a shared object, as pyelftools names it."""

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_TLS = 1, 2, 3, 7
PT_GNU_STACK = 0x6474_E551

SHF_ALLOC = 2

STB_LOCAL, STB_GLOBAL, STB_WEAK, STB_GNU_UNIQUE = 0, 1, 2, 10
STT_OBJECT, STT_FUNC, STT_TLS, STT_GNU_IFUNC = 1, 2, 6, 10
STV_DEFAULT, STV_PROTECTED = 0, 3
SHN_UNDEF, SHN_ABS = 0, 0xFFF1
