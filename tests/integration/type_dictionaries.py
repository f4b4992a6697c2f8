"""Prints where the attributes of built-in types differ from those in a subinterpreter, which makes all at its start.

In the main interpreter, the dictionary of such a type is made when it is first asked for.  The first argument says in
which order this program asks.  In a subinterpreter, CPython knows by a list alone which types have an ``__init__``, a
``__new__`` or a ``__hash__`` of their own.
"""

from __future__ import annotations

import os
import random
import sys
import tempfile

import _interpreters

STATIC, HEAP = 1 << 1, 1 << 9
"""Of ``__flags__``: a type of the interpreter itself, and one that is made while a program runs."""

GUESSED = {"__init__", "__new__", "__hash__"}
MAIN_ONLY = {"MISSING"}
"""Of the token of a context variable; only the main interpreter sets it."""


def static_types() -> dict[str, type]:
    """Return the types that every interpreter has, by name."""
    seen: dict[str, type] = {}
    waiting: list[type] = [object]
    while waiting:
        one = waiting.pop()
        if one.__flags__ & STATIC and not one.__flags__ & HEAP:
            seen[f"{one.__module__}.{one.__qualname__}"] = one
        waiting += type.__subclasses__(one)
    return seen


def told(types: dict[str, type]) -> list[str]:
    """Return a line for each attribute of each type, in the order in which a type has them."""
    lines = []
    for name, one in sorted(types.items()):
        for key, value in vars(one).items():
            if key in GUESSED | MAIN_ONLY:
                continue
            what = value if isinstance(value, str) else getattr(value, "__doc__", None)
            where = getattr(getattr(value, "__objclass__", None), "__name__", "")
            lines.append(f"{name}.{key} {type(value).__name__} {where} {what!r}")
    return lines


def main(order: str) -> None:
    """Ask for all dictionaries in some order, and print what differs."""
    types = static_types()
    names = sorted(types)
    random.Random(order).shuffle(names)
    for name in names:
        vars(types[name])
    here = told(types)

    # A pipe would be full before anybody reads: both interpreters are in this thread.
    with tempfile.TemporaryFile() as file:
        made = _interpreters.create("legacy")
        program = f"import runpy; runpy.run_path({__file__!r}, {{'file': {file.fileno()}}}, 'subinterpreter')"
        failed = _interpreters.run_string(made, program)
        there = os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode().split("\0")
    print(failed)
    for line in sorted(set(here) ^ set(there)):
        print(line)
    print(here == there, len(types) > 100, len(here) > 1000)


if __name__ == "__main__":
    main(sys.argv[1])
elif __name__ == "subinterpreter":
    os.write(globals()["file"], "\0".join(told(static_types())).encode())
