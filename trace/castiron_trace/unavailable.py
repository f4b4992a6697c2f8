"""Parts of the standard library that a runtime pack does not have, why, and what to use in their place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_trace.model import TargetPython

_DO_WITHOUT = "Import it inside try/except or in the function that needs it; or --exclude {name}."


@dataclass(frozen=True, slots=True, kw_only=True)
class Unavailable:
    """A module that an application cannot have."""

    name: str
    extension: str
    """The compiled module that it needs; empty if the module itself is left out."""
    why: str
    """Completes "imports NAME, which a static binary cannot have: "."""
    hint: str = _DO_WITHOUT


_UNAVAILABLE = (
    # Before tkinter, which it imports: the message speaks of what the application names.
    Unavailable(
        name="turtle", extension="_tkinter", why="it draws with Tk, and Tcl and Tk are not in the runtime packs"
    ),
    Unavailable(name="tkinter", extension="_tkinter", why="it needs Tcl and Tk, which are not in the runtime packs"),
    Unavailable(
        name="dbm.gnu",
        extension="_gdbm",
        why="GNU dbm is under the GPL, and no component of the runtime packs is",
        hint="Use dbm.sqlite3 or dbm.ndbm; or import it inside try/except; or --exclude {name}.",
    ),
    Unavailable(name="idlelib", extension="", why="it is the editor IDLE, which needs Tcl and Tk"),
    Unavailable(name="turtledemo", extension="", why="it draws with Tk, and Tcl and Tk are not in the runtime packs"),
    Unavailable(
        name="test",
        extension="",
        why="CPython's own tests are not in the runtime packs",
        hint="Copy the module that you need of it (e.g. test.support) into the application; or --exclude {name}.",
    ),
)


def unavailable(python: TargetPython) -> tuple[Unavailable, ...]:
    """Return what the target's pack does not have, in the order in which it is to be reported."""
    return tuple(item for item in _UNAVAILABLE if item.extension not in python.builtins)


def left_out(name: str, python: TargetPython) -> Unavailable | None:
    """Return why a module does not exist, if it or its package is one that packs leave out."""
    for item in unavailable(python):
        if not item.extension and (name == item.name or name.startswith(f"{item.name}.")):
            return item
    return None
