"""Identifiers among a shared object's constants: names that it may ask ``dlsym`` for.

Looking through all of its bytes takes longer than everything else that is read of a file (20 ms a megabyte), so it is
done only for those that call ``dlsym`` and go into a binary; it is kept in the cache, as everything that is read.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_common.source_key import source_key
from castiron_elf.store import derived

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_elf.shared_object import SharedObject

_IDENTIFIER = re.compile(rb"[A-Za-z_][A-Za-z0-9_]{2,63}\0")


def constants(path: Path, known: SharedObject) -> tuple[str, ...]:
    """Return the identifiers in the file that ``known`` was read from, sorted.

    Raises `ChangedContentError` if it has another content by now, and OSError.
    """
    kept = derived(path, known.sha256, by=_key(), make=lambda data: b"\n".join(sorted(set(identifiers(data, known)))))
    return tuple(kept.decode("ascii").splitlines())


def identifiers(data: bytes, known: SharedObject) -> Iterator[bytes]:
    """Yield the runs of identifier characters that end with a zero byte, outside the dynamic string table.

    Rust puts string constants next to each other, so a name may be the tail of a longer run.
    """
    strings = known.dynamic.strings
    first, last = (strings.address, strings.address + strings.size) if strings else (0, 0)
    for segment in known.loads:
        for match in _IDENTIFIER.finditer(memoryview(data)[segment.offset : segment.offset + segment.filesz]):
            if not first <= segment.vaddr + match.start() < last:
                yield match[0][:-1]


@cache
def _key() -> str:
    return source_key([Path(__file__)])
