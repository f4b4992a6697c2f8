"""Tells which shared objects make machine code while the program runs, and which need a newer processor.

What their code shows (`castiron_elf.code_pages`, `castiron_elf.processors`); else data, in ``code_makers.toml``.
"""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from castiron_common.tables import read_table
from castiron_elf.code_pages import PROT_WRITE
from castiron_manifest.model import Finding, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_elf.shared_object import SharedObject

MAKES_CODE = "makes-code"
NEWER_PROCESSOR = "newer-processor"


class Pages(StrEnum):
    """How a page of such code is protected."""

    AT_ONCE = "at once"
    """Writable and executable at the same time."""
    IN_TURNS = "in turns"
    """Written first, then executable and read-only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMaker:
    """A shared object that is known to make code."""

    distribution: str
    """Normalised name."""
    file: str
    """The file's name, without its folder."""
    pages: Pages
    source: str
    """Where that is said."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeMakers:
    """The whole table."""

    library: tuple[CodeMaker, ...]


@cache
def code_makers() -> tuple[CodeMaker, ...]:
    """Return what is known."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return read_table(CodeMakers, tomllib.loads(text)).library


def code_findings(
    distribution: str, path: str, facts: SharedObject, *, level: int = 0, levels: Sequence[str] = ()
) -> Iterator[Finding]:
    """Yield what is to be told of one shared object; processors of ``level`` (index in ``levels``) are there."""
    pages = _pages(distribution, path, facts)
    if pages is not None:
        how = (
            "asks for memory that is writable and executable at the same time"
            if pages is Pages.AT_ONCE
            else "writes memory and makes it executable afterwards"
        )
        yield Finding(
            code=MAKES_CODE,
            severity=Severity.INFO,
            subject=path,
            message=f"It can make machine code when the program runs: it {how}. A system that forbids that "
            "(SELinux, MemoryDenyWriteExecute) makes what needs it fail.",
        )
    if facts.level_needed > level:
        yield Finding(
            code=NEWER_PROCESSOR,
            severity=Severity.WARNING,
            subject=path,
            message=f"It states that it needs a processor of level {levels[facts.level_needed]}, so the executable "
            f"needs one, too (--cpu {levels[facts.level_needed]} confirms that all machines have one).",
        )


def _pages(distribution: str, path: str, facts: SharedObject) -> Pages | None:
    if facts.code_protections:
        return Pages.AT_ONCE if any(item & PROT_WRITE for item in facts.code_protections) else Pages.IN_TURNS
    name = PurePosixPath(path).name
    return next(
        (item.pages for item in code_makers() if (item.distribution, item.file) == (distribution, name)),
        None,
    )
