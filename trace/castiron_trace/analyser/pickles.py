"""Modules that pickled data files name: loading such a file imports them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_PROTOCOLS = range(2, 6)
"""Those whose files begin with the opcode PROTO and their number."""
_LARGEST = 64 * 1024 * 1024
_GLOBAL = re.compile(rb"c([A-Za-z_][\w.]*)\n[A-Za-z_][\w.]*\n")
"""The opcode GLOBAL: module and name, each ended by a line feed."""
_SHORT_TEXT = re.compile(rb"\x8c(?=(.))", re.DOTALL)
"""The opcode SHORT_BINUNICODE with its length; STACK_GLOBAL takes module and name from two of these."""
_NAME = re.compile(rb"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*")


def pickled_modules(files: Iterable[Path]) -> set[str]:
    """Return what the pickles among the files may import: names that stand where a module's name stands.

    The opcodes are looked for and not interpreted, so other text of such a file may be among the names.
    Source: Lib/pickletools.py.
    """
    names: set[str] = set()
    for file in files:
        with file.open("rb") as stream:
            start = stream.read(2)
            if len(start) < 2 or start[0] != 0x80 or start[1] not in _PROTOCOLS or file.stat().st_size > _LARGEST:
                continue
            data = stream.read()
        if data.endswith(b"."):
            names.update(_named(data))
    return names


def _named(data: bytes) -> set[str]:
    names = {match[1] for match in _GLOBAL.finditer(data)}
    for match in _SHORT_TEXT.finditer(data):
        text = data[match.end() + 1 : match.end() + 1 + match[1][0]]
        if _NAME.fullmatch(text):
            names.add(text)
    return {name.decode("ascii") for name in names}
