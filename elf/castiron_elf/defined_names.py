"""The names that an ELF file defines: functions and objects of both symbol tables.

A name that is only used (``SHN_UNDEF``) is in another file; one that is defined has its code or data in this one.  Both
tables are found through the section headers, since the second is not loaded and nothing else names it.  Where strip or
patchelf left these wrong there are no names: whoever asks has less to go by, and nothing false.

Source: System V ABI, chapter 4.
"""

from __future__ import annotations

import struct

from castiron_elf.abi import MAGIC, SHN_UNDEF, SYMBOL_SIZE
from castiron_elf.sections import FILE_HEADER, SECTION_HEADER, SHT_SYMTAB

_SHT_DYNSYM = 11
_SHN_LORESERVE = 0xFF00
_KINDS = frozenset({1, 2, 10})
"""STT_OBJECT, STT_FUNC, STT_GNU_IFUNC."""
_TYPE = 15
_SYMBOL = struct.Struct("<IBBHQQ")
_64_BITS_LITTLE = b"\x02\x01"


def defined_names(data: bytes) -> frozenset[bytes]:
    """Return the names of functions and objects in a file's bytes; none of files that are not ELF-64, little-endian."""
    if data[:4] != MAGIC or data[4:6] != _64_BITS_LITTLE or len(data) < FILE_HEADER.size:
        return frozenset()
    header = FILE_HEADER.unpack_from(data)
    offset, size, count = header[6], header[11], header[12]
    if size != SECTION_HEADER.size or offset + size * count > len(data):
        return frozenset()
    sections = [SECTION_HEADER.unpack_from(data, offset + index * size) for index in range(count)]
    names: set[bytes] = set()
    for section in sections:
        if section[1] in {_SHT_DYNSYM, SHT_SYMTAB} and section[6] < count:
            strings = sections[section[6]]
            table = data[section[4] : section[4] + section[5]]
            table = table[: len(table) // SYMBOL_SIZE * SYMBOL_SIZE]
            names |= _defined(table, data[strings[4] : strings[4] + strings[5]])
    names.discard(b"")
    return frozenset(names)


def _defined(table: bytes, strings: bytes) -> set[bytes]:
    end = len(strings)
    starts = {
        name
        for name, info, _, section, _, _ in _SYMBOL.iter_unpack(table)
        if SHN_UNDEF != section < _SHN_LORESERVE and info & _TYPE in _KINDS and name < end
    }
    return {strings[start : strings.find(b"\0", start)] for start in starts}
