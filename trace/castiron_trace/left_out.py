"""Tells which distributions of an environment that nobody named stay out (decision 027)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.words import counted
from castiron_trace.certain_failures import place
from castiron_trace.own.beside import first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.model import Reached


def left_out_notes(reached: Reached) -> Iterator[str]:
    """Yield a line about all of them, by the names that ``--include`` takes."""
    if reached.left_out:
        number = len(reached.left_out)
        one = number == 1
        yield (
            f"not included: {counted(number, 'distribution')} of this environment that others import only if "
            f"{'it is' if one else 'they are'} there ({first([_name(item.module) for item in reached.left_out])}); "
            f"--include {'takes it' if one else 'for one'}, or -r for what the application needs"
        )


def left_out_details(reached: Reached) -> Iterator[str]:
    """Yield a line about each."""
    for item in reached.left_out:
        yield (
            f"{item.distribution} stays out: {place(reached, item.importer, item.line)} imports {item.module} only if "
            "it is there"
        )


def _name(module: str) -> str:
    return module.partition(".")[0]
