"""Changes of ELF files, at fields: of headers, tables, symbols, relocations, hashes.  Source: System V ABI, 4 and 5."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from tests.fuzz.mutations import INTEGERS, change_bytes

if TYPE_CHECKING:
    from random import Random

_EHDR = (2, 2, 4, 8, 8, 8, 4, 2, 2, 2, 2, 2, 2)
_PHDR = (4, 4, 8, 8, 8, 8, 8, 8)
_SHDR = (4, 4, 8, 8, 8, 8, 4, 4, 8, 8)
_DYN = (8, 8)
_SYM = (4, 1, 1, 2, 8, 8)
_RELA = (8, 4, 4, 8)
_STRTAB, _SYMTAB, _RELA_AT, _RELASZ, _JMPREL, _PLTRELSZ, _RELR, _RELRSZ = 5, 6, 7, 8, 23, 2, 36, 35
_HASH, _GNU_HASH = 4, 0x6FFFFEF5
_TAGS = (*range(1, 38), 0x6FFFFEF5, 0x6FFFFFF0, 0x6FFFFFFB, 0x6FFFFFFC, 0x6FFFFFFD, 0x6FFFFFFE, 0x6FFFFFFF, 1 << 40)
_KINDS = (*range(43), 255, 0xFFFFFFFF)


@dataclass(frozen=True)
class _Field:
    at: int
    size: int
    what: str


@cache
def _fields(data: bytes) -> tuple[tuple[_Field, ...], ...]:
    """Return the fields of a sound file, table by table."""
    found: list[list[_Field]] = []

    def table(at: int, count: int, sizes: tuple[int, ...], what: str) -> None:
        rows: list[_Field] = []
        for _ in range(count):
            for number, size in enumerate(sizes):
                rows.append(_Field(at, size, f"{what}{number}"))
                at += size
        if rows:
            found.append(rows)

    table(16, 1, _EHDR, "ehdr")
    phoff, shoff = struct.unpack_from("<QQ", data, 32)
    phnum, shnum = struct.unpack_from("<H", data, 56)[0], struct.unpack_from("<H", data, 60)[0]
    table(phoff, phnum, _PHDR, "phdr")
    table(shoff, shnum if shoff else 0, _SHDR, "shdr")
    headers = [struct.unpack_from("<IIQQQQQQ", data, phoff + 56 * i) for i in range(phnum)]
    loads = [h for h in headers if h[0] == 1]

    def offset(address: int) -> int:
        return next(h[2] + address - h[3] for h in loads if h[3] <= address < h[3] + h[5])

    tags: dict[int, int] = {}
    for header in headers:
        if header[0] == 2:
            table(header[2], header[5] // 16, _DYN, "dyn")
            for number in range(header[5] // 16):
                tag, value = struct.unpack_from("<QQ", data, header[2] + 16 * number)
                tags.setdefault(tag, value)
    for start, size in ((_RELA_AT, _RELASZ), (_JMPREL, _PLTRELSZ)):
        if start in tags:
            table(offset(tags[start]), tags[size] // 24, _RELA, "rela")
    if _RELR in tags:
        table(offset(tags[_RELR]), tags[_RELRSZ] // 8, (8,), "relr")
    if _SYMTAB in tags:
        table(offset(tags[_SYMTAB]), (tags[_STRTAB] - tags[_SYMTAB]) // 24 % 40, _SYM, "sym")
    for tag in (_HASH, _GNU_HASH):
        if tag in tags:
            table(offset(tags[tag]), 12, (4,), "hash")
    return tuple(map(tuple, found))


def mutated(seed: bytes, random: Random) -> bytes:
    """Return a changed copy of a sound ELF file."""
    out = bytearray(seed)
    if random.random() < 0.1:
        for _ in range(random.choice((1, 2, 8))):
            out = bytearray(change_bytes(bytes(out), random))
        return bytes(out)
    tables = _fields(seed)
    for _ in range(random.choice((1, 1, 1, 2, 2, 3, 6))):
        rows = random.choice(tables)
        field = random.choice(rows)
        _write(out, field, random, random.choice(rows))
    if random.random() < 0.05:
        out = bytearray(change_bytes(bytes(out), random))
    if random.random() < 0.02:
        out += bytes(random.choice((100, 100_000, 4 << 20)))
    return bytes(out)


def _write(out: bytearray, field: _Field, random: Random, other: _Field) -> None:
    if field.at + field.size > len(out):
        return
    old = int.from_bytes(out[field.at : field.at + field.size], "little")
    near = (
        old - 1,
        old + 1,
        old + 8,
        old - 8,
        old * 2,
        len(out),
        len(out) - 1,
        len(out) + 1,
        old ^ 1 << random.randrange(64),
    )
    match random.randrange(4):
        case 0:
            number = random.choice(near)
        case 1:
            number = int.from_bytes(out[other.at : other.at + other.size], "little")
        case 2 if field.what == "dyn0":
            number = random.choice(_TAGS)
        case 2 if field.what == "rela1":
            number = random.choice(_KINDS)
        case 2 if field.what in ("phdr0", "shdr1"):
            number = random.choice((0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 0x6474E550, 0x6474E551, 0x6474E552, 0x6FFFFFF6))
        case _:
            number = random.choice(INTEGERS)
    out[field.at : field.at + field.size] = (number & ((1 << 8 * field.size) - 1)).to_bytes(field.size, "little")
