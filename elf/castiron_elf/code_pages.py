"""Which shared objects ask the kernel for executable memory: they make machine code when they run.

A call of ``mmap`` or ``mprotect`` whose protection is a constant with PROT_EXEC is found in the machine code: the
constant becomes the third argument, and a call through the function's word of the global offset table follows, at
once or by a stub of the procedure linkage table.  Protections that are computed are not seen.
"""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

from castiron_elf.abi import SegmentFlag

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_common.target import Calls, Elf
    from castiron_elf.headers import Segment
    from castiron_elf.tables import Relocations, Symbols

PROT_WRITE, PROT_EXEC = 2, 4

_FUNCTIONS = frozenset(("mmap", "mmap64", "mprotect", "pkey_mprotect"))
_NEAR = 48
"""Bytes of code between the constant and the end of the call: what else the arguments need."""
_DISTANCE = struct.Struct("<i")


def code_protections(
    data: bytes, elf: Elf, loads: Sequence[Segment], relocations: Relocations, symbols: Symbols
) -> tuple[int, ...]:
    """Return the protections with PROT_EXEC (mmap(2)) that the object's code asks for, sorted."""
    if elf.calls is None:
        return ()
    pairs = zip(relocations.offsets, relocations.infos, strict=True)
    words = frozenset(
        offset
        for offset, info in pairs
        if 0 < info >> 32 < len(symbols) and symbols.names[info >> 32] in _FUNCTIONS and not symbols.defined(info >> 32)
    )
    if not words:
        return ()
    search = _search(elf.calls, words)
    codes = [(s.vaddr, data[s.offset : s.offset + s.filesz]) for s in loads if s.flags & SegmentFlag.EXECUTE]
    stubs = {place for base, code in codes for place in search.stubs(base, code)}
    return tuple(sorted({found for base, code in codes for found in search.asked(base, code, stubs)}))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What is looked for in the code of one object; distances of 32 bits follow instructions and overlap nothing."""

    words: frozenset[int]
    """Addresses of the words that hold the functions."""
    protection: re.Pattern[bytes]
    another: re.Pattern[bytes]
    """The third argument is something else then."""
    relative: re.Pattern[bytes]
    through: re.Pattern[bytes]
    jump: re.Pattern[bytes]
    stub_beginnings: tuple[int, ...]

    def stubs(self, base: int, code: bytes) -> Iterator[int]:
        """Yield the addresses by which stubs may be called that jump to one of the functions."""
        for match in self.jump.finditer(code):
            if base + match.end(1) + _DISTANCE.size + _distance(match) in self.words:
                yield from (base + match.start() - before for before in self.stub_beginnings)

    def asked(self, base: int, code: bytes, stubs: set[int]) -> Iterator[int]:
        """Yield the constants that are the third argument of a call to one of the functions."""
        for constant in self.protection.finditer(code):
            after = code[constant.end() : constant.end() + _NEAR]
            start = base + constant.end() + _DISTANCE.size
            calls = [
                call.start()
                for pattern, targets in ((self.relative, stubs), (self.through, self.words))
                for call in pattern.finditer(after)
                if start + call.end(1) + _distance(call) in targets
            ]
            if calls and not self.another.search(after, 0, min(calls)):
                yield constant[1][0]


def _search(calls: Calls, words: frozenset[int]) -> _Search:
    argument = re.escape(bytes.fromhex(calls.third_argument))
    cleared = re.escape(bytes.fromhex(calls.third_cleared))
    return _Search(
        words=words,
        protection=re.compile(argument + rb"([\x04-\x07])\0\0\0"),
        another=re.compile(argument + rb".\0\0\0|" + cleared, re.DOTALL),
        relative=_with_distance(calls.relative),
        through=_with_distance(calls.through_word),
        jump=_with_distance((calls.jump_through_word,)),
        stub_beginnings=calls.stub_beginnings,
    )


def _with_distance(instructions: Sequence[str]) -> re.Pattern[bytes]:
    # The distance is only looked at, as instructions may begin in it; the instruction itself is consumed, for a search
    # by its first bytes, twenty times as fast: where one ends in another, both have the same distance behind them.
    alternatives = b"|".join(re.escape(bytes.fromhex(item)) for item in instructions)
    return re.compile(b"(" + alternatives + b")(?=(.{4}))", re.DOTALL)


def _distance(match: re.Match[bytes]) -> int:
    return int(_DISTANCE.unpack(match[2])[0])
