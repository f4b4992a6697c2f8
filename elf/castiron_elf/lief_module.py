"""lief, imported only when it is needed: that takes 0.35 s and 51 MB."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from castiron_common.supervision import signals_held

if TYPE_CHECKING:
    from types import ModuleType


@cache
def lief_module() -> ModuleType:
    """Return lief.

    An exception that is raised below its C++, as a signal's handler does, would abort the process.
    """
    with signals_held():
        import lief

    lief.logging.disable()  # what it says of a file is told by who asked
    return lief
