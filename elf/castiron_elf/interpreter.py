"""The loader that a program names: read with pyelftools, changed with lief.

Changing it may need a longer text than the file has space for, so segments move: that is what lief is good at, and
pyelftools does not write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_elf.abi import MAGIC
from castiron_elf.errors import MalformedElfError
from castiron_elf.headers import read_headers
from castiron_elf.lief_module import lief_module

if TYPE_CHECKING:
    from pathlib import Path


def interpreter_of(path: Path) -> str | None:
    """Return the loader that an ELF program names; None for a static program, and for any other file.

    Source: System V ABI, chapter 5 (program interpreter).
    """
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            return None
        try:
            return read_headers(file).interpreter
        except MalformedElfError:
            return None  # the kernel will not start it either


def set_interpreter(path: Path, interpreter: str) -> None:
    """Let a program, which has a loader (`interpreter_of`), name another; the file is written in place."""
    binary = lief_module().ELF.parse(str(path))
    binary.interpreter = interpreter
    binary.write(str(path))
