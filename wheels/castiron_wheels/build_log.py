"""What a person is shown of the output of a build: how it goes on, and why it failed."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_common.console import printable

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_TAIL = 12
"""Lines shown of a log in which nothing looks like an error."""
_AROUND = 6
"""Lines shown from the first error on."""
_LONGEST = 100
"""Characters of a line that is shown as progress."""
_END = 4096

_ERROR = re.compile(
    r"\berror(\[E\d+\])?:|\bERROR:|CMake Error|undefined (symbol|reference)"
    r"|[Nn]o such file or directory|command not found|^[\w.]*(Error|Exception): "
    r"|^cargo-\S+ not found|can't find Rust compiler"
)
"""How compilers, linkers, Meson, CMake, cargo and Python say what is wrong."""
_CONSEQUENCE = re.compile(
    r"command '?\S+'? failed|error: command|Failed to build|ninja: build stopped|subprocess-exited|CalledProcessError"
    r"|BackendUnavailable|Configuring incomplete|error: could not compile|aborting due to|returned non-zero"
)
"""Lines that only say that something failed before."""
_COLOUR = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")


def telling_lines(lines: Sequence[str]) -> list[str]:
    """Return the lines of a failed build that say why: the first error and what follows it, else the end."""
    kept = [_COLOUR.sub("", line).rstrip() for line in lines]
    kept = [line for line in kept if line]
    errors = [number for number, line in enumerate(kept) if _ERROR.search(line)]
    causes = [number for number in errors if not _CONSEQUENCE.search(kept[number])]
    if not causes:
        return kept[-_TAIL:]
    first = causes[0]
    shown = kept[first : first + _AROUND]
    last = causes[-1]
    if last >= first + _AROUND:
        shown += ["...", kept[last]]
    return shown


def last_line(log: Path) -> str:
    """Return the last line that a build has written, short enough for a line of progress; empty if there is none."""
    try:
        with log.open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - _END))
            end = file.read().decode("utf-8", "replace")
    except OSError:  # progress is no reason to fail; the build itself reads and writes the log
        return ""
    lines = [line for line in _COLOUR.sub("", end).replace("\r", "\n").splitlines() if line.strip()]
    return printable(lines[-1].strip())[:_LONGEST] if lines else ""
