"""For whose processes a binary is a Python interpreter: no application's that starts none (docs/security.md)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_link.model import Children
from castiron_manifest.model import Origin

if TYPE_CHECKING:
    from collections.abc import Collection

    from castiron_link.model import LinkOptions, Tree

_STARTING = frozenset({"http.server", "multiprocessing", "pty", "subprocess"})
"""Modules of the standard library that start programs; others do it through these."""

_ANYTHING = frozenset({"_ctypes", "_posixsubprocess"})
"""Extension modules of the standard library by which Python code may start a program."""

_NAMED = re.compile(
    rb"\b(?:exec[lv]p?e?|spawn[lv]p?e?|posix_spawnp?|system|popen|fork|forkpty|_posixsubprocess)\b", re.ASCII
)
"""What of the module os (posix) starts a program.  Source: CPython 3.11 and 3.13, Lib/os.py, Modules/posixmodule.c."""


def children_of(tree: Tree, options: LinkOptions, *, extensions: Collection[str]) -> Children:
    """Return for whose processes the binary will be an interpreter.

    ``extensions`` are the extension modules of the standard library that are linked.
    """
    if options.children is not None:
        return options.children
    return Children.OWN if can_start_processes(tree, options, extensions=extensions) else Children.NONE


def can_start_processes(tree: Tree, options: LinkOptions, *, extensions: Collection[str]) -> bool:
    """Return whether anything in the binary, or what it may import from outside, can start a program.

    Machine code of distributions may do what it likes, and counts.  In Python code a search for words, on purpose:
    wrongly found changes little, wrongly missed would break the application.
    """
    if options.sys_path or tree.extensions or not _ANYTHING.isdisjoint(extensions):
        return True
    if any(file.tree_path.endswith(".so") or ".so." in file.tree_path for file in tree.files):
        return True
    return any(
        placed.module.name in _STARTING
        or (placed.module.origin is not Origin.STDLIB and _NAMED.search(placed.source) is not None)
        for placed in tree.modules
    )
