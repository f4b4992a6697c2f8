"""Images whose segments lie far apart: what is between them takes addresses and no bytes of the file.

Linkers of many wheels foresaw pages of 2 MiB, so two segments of some KB each are 2 MiB apart; other images end with
megabytes of zeros.  The distances cannot change, as code addresses its data relative to itself.  So the image gets a
section that takes addresses alone, and another one with the pages that its file fills, one run behind the other; when
the image is first used, the stub moves these pages to their places (``stub/images/folded.c``).
"""

from __future__ import annotations

from bisect import bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

from castiron_common.errors import NativeError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_elf.shared_object import SharedObject

FOLDED_SECTION = ".castiron.folded"
PAGES_SECTION = ".castiron.pages"

_WORTH = 1 << 20
"""Bytes that must be saved: each run costs a system call, and debuggers lose breakpoints that were set before."""
_NEAR = 1 << 16
"""Bytes between two runs that are not worth a further one."""


class Run(NamedTuple):
    """Whole pages of an image."""

    offset: int
    """Bytes from the image's base."""
    size: int
    """In bytes."""


def pages_symbol(image_id: str) -> str:
    """The symbol at the first of the pages that an image is folded into."""
    return f"castiron_pages_{image_id}"


def runs_of(image: SharedObject, *, page: int) -> tuple[Run, ...]:
    """Return the pages that an image's file fills, by offset; nothing if the image had better stay as it is.

    ``page`` is the target's page size in bytes.
    """
    ends: list[list[int]] = []
    for segment in sorted(image.loads, key=lambda segment: segment.vaddr):
        if not segment.filesz:
            continue
        start, end = segment.vaddr & -page, (segment.vaddr + segment.filesz + page - 1) & -page
        if ends and start - ends[-1][1] <= _NEAR:
            ends[-1][1] = max(end, ends[-1][1])
        else:
            ends.append([start, end])
    runs = tuple(Run(start, end - start) for start, end in ends)
    return runs if image.span - sum(run.size for run in runs) >= _WORTH else ()


class Folding:
    """Where the bytes of one image are among its pages."""

    def __init__(self, runs: Sequence[Run], *, name: str) -> None:
        """``runs`` are the image's, ``name`` is for messages."""
        self._runs = runs
        self._name = name
        self._starts = [run.offset for run in runs]
        self.before = (0, *accumulate(run.size for run in runs))
        """Bytes of the pages before each run, and of all."""

    def content(self, memory: bytes | bytearray) -> bytes:
        """Return the pages; ``memory`` is the image's, segments at their mutual distances."""
        return b"".join(memory[run.offset : run.offset + run.size] for run in self._runs)

    def place(self, offset: int) -> int:
        """Return where among the pages the byte is that has an offset in the image.

        Raises `NativeError` if its file does not fill it.
        """
        number = bisect_right(self._starts, offset) - 1
        if number < 0 or offset - self._runs[number].offset >= self._runs[number].size:
            raise NativeError(
                f"{self._name} has a relocation at {offset:#x}, where its file has no bytes.",
                hint="The file may be damaged; reinstall the distribution, or exclude the module.",
            )
        return offset - self._runs[number].offset + self.before[number]
