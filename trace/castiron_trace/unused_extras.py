"""Tells which distributions stay out that the application asks for by extras, as no import leads to them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_common.words import counted
from castiron_trace.own.beside import first

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.model import Reached, Site


def unused_extras_notes(site: Site, reached: Reached) -> Iterator[str]:
    """Yield one line about all of them: what an extra brings may be imported by a name that only a run knows."""
    owners = {module.owner for module in reached.modules.values()}
    left = {
        item.name: item.extra
        for item in site.distributions
        if item.extra and item.name not in owners and any(map(_is_module, site.records[item.name].files))
    }
    if left:
        names = first([f"{name} of {extra}" for name, extra in sorted(left.items())])
        yield (
            f"not included: {counted(len(left), 'distribution')} that extras ask for and no import leads to ({names}); "
            f"--with takes {'it' if len(left) == 1 else 'one'}, named by itself"
        )


def _is_module(path: str) -> bool:
    return path.endswith((".py", ".so")) and not path.startswith("../")
