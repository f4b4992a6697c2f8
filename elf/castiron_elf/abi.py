"""How an ELF file begins, and numbers of the generic ABI that several modules use.

What a processor numbers is in `castiron_common.target.Elf`.  The numbers stand here although pyelftools has them too: a
link whose images are known already never imports that (25 ms).  A test compares them with pyelftools' tables.  Source:
System V ABI, chapters 4 and 5.
"""

from __future__ import annotations

import os
import stat
from enum import IntFlag
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

MAGIC = b"\x7fELF"
"""The first four bytes of every ELF file."""


def is_elf(path: Path) -> bool:
    """Say whether a regular file begins as an ELF file does; raises OSError if it cannot be read.

    Of a pipe nothing is read, as whoever reads it afterwards would miss that, and none is waited for.
    """
    with open(path, "rb", opener=_open_at_once) as file:
        return stat.S_ISREG(os.fstat(file.fileno()).st_mode) and file.read(len(MAGIC)) == MAGIC


def _open_at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


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
