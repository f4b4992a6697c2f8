"""Which distributions let Python code open libraries and call their functions, as ctypes does.

Data, in ``foreign_interfaces.toml``.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from castiron_common.tables import read_table


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignInterface:
    """One such distribution."""

    distribution: str
    """Its normalised name, which sources that use it mention."""
    module: str
    """Its extension module."""
    function: str
    """What sources call to open a library, and so to look up symbols of the program by name."""
    source: str
    """Where that is documented."""

    def is_used(self, source: bytes) -> bool:
        """Whether a source names the function."""
        return re.search(rb"\b%s\b" % re.escape(self.function.encode()), source) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeignInterfaces:
    """The whole table."""

    interface: tuple[ForeignInterface, ...]


@cache
def foreign_interfaces() -> tuple[ForeignInterface, ...]:
    """Return the table's rows."""
    text = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    return read_table(ForeignInterfaces, tomllib.loads(text)).interface


def opens_libraries(source: bytes) -> bool:
    """Whether a source names ctypes, one of these distributions, or one of their functions."""
    return _words().search(source) is not None


@cache
def _words() -> re.Pattern[bytes]:
    names = {"ctypes", *(name for row in foreign_interfaces() for name in (row.distribution, row.function))}
    return re.compile(rb"\b(?:%s)\b" % b"|".join(re.escape(name.encode()) for name in sorted(names)))
