"""Recognises calls that open shared libraries: those of ctypes and cffi."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.scan import NamedLibrary

if TYPE_CHECKING:
    from castiron_trace.analyser.syntax.facts import Facts

LIBRARY_FUNCTIONS = frozenset({"CDLL", "PyDLL", "LoadLibrary", "dlopen", "find_library"})
_FILE = re.compile(r"lib[\w+.-]+\.so(?:\.\d+)*")
_NAME = re.compile(r"[\w+.-]+")


def library_call(facts: Facts, call: ast.Call, name: str, _tier: int) -> None:
    """``CDLL("libx.so.1")``; wrappers that take the names for other systems, too, have several arguments."""
    for argument in call.args:
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
            text = argument.value
            if _FILE.fullmatch(text) or (name == "find_library" and _NAME.fullmatch(text)):
                facts.libraries.add(NamedLibrary(argument.lineno, text))
