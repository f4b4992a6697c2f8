"""Reads examinations: those that come with Castiron, and the files that a user gives."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_common.errors import InputError, reason
from castiron_common.tables import TableError, read_table
from castiron_link.examined.tables import ANY_VERSION, Examined

if TYPE_CHECKING:
    from collections.abc import Iterable

_HELP = "docs/linking.md#the-end-of-the-program describes the file."


@cache
def shipped_examinations() -> Examined:
    """Return the examinations that come with Castiron."""
    return examinations_in(Path(__file__).parent)


def examinations_in(folder: Path) -> Examined:
    """Return the examinations of every TOML file in ``folder``; `InputError` for one that is wrong."""
    return _joined(_read(file) for file in sorted(folder.glob("*.toml")))


def own_examinations(files: Iterable[Path]) -> Examined:
    """Return a user's own examinations, whose ``versions``, ``reason`` and ``source`` may be left out.

    Raises `InputError` for a file that cannot be read or is not TOML, for an unknown table or key, and for a value that
    cannot be.
    """
    return _joined(_read(file, own=True) for file in files)


def _read(file: Path, *, own: bool = False) -> Examined:
    try:
        tables: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{file} cannot be read: {reason(error)}.", hint="Correct the file, or its name.") from error
    if own:
        tables = _completed(tables, file.name)
    try:
        return read_table(Examined, tables)
    except TableError as error:
        raise InputError(f"{file}: {error}.", hint=_HELP) from None


def _completed(tables: dict[str, Any], source: str) -> dict[str, Any]:
    """Add what a user's own tables need not say."""
    said = {"reason": "the application's author says so"}
    extra = {"distribution": {**said, "source": source, "versions": ANY_VERSION}, "application": said}
    return {
        kind: [extra.get(kind, {}) | row if isinstance(row, dict) else row for row in rows]
        if isinstance(rows, list)
        else rows
        for kind, rows in tables.items()
    }


def _joined(parts: Iterable[Examined]) -> Examined:
    all_parts = tuple(parts)
    return Examined(
        distribution=tuple(row for part in all_parts for row in part.distribution),
        application=tuple(row for part in all_parts for row in part.application),
    )
