"""Recognises calls that read data files of a package, which their first argument names: the package goes in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from castiron_trace.analyser.syntax.expressions import literal_module, name_of
from castiron_trace.analyser.syntax.scan import weaker
from castiron_trace.protocol import Tier

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_trace.analyser.syntax.facts import Facts
    from castiron_trace.hints.model import ResourceFunction

_MODULES = frozenset({"resources", "pkgutil"})
"""`importlib.resources` and `pkgutil`, as they stand before the dot."""
_FUNCTIONS = frozenset(
    {
        "files",
        "open_text",
        "open_binary",
        "read_text",
        "read_binary",
        "path",
        "contents",
        "is_resource",
        "get_data",
    }
)
_DISTINCT = frozenset({"files", "get_data"})
"""Those of them that are recognised without the module before them, too: other functions have the others' names."""


class ResourceCalls:
    """Knows the functions of the standard library, and those that hints add."""

    def __init__(self, hints: Iterable[ResourceFunction]) -> None:
        self._modules: dict[str, set[str]] = {name: set(_MODULES) for name in _FUNCTIONS}
        """Function -> modules that it is recognised in."""
        self._anywhere: set[str] = set()
        """Functions that are recognised with anything before the dot."""
        self._bare = set(_DISTINCT)
        for hint in hints:
            for name in hint.names:
                self._modules.setdefault(name, set()).update(hint.modules)
            if not hint.modules:
                self._anywhere.update(hint.names)
            if hint.imported_by_name:
                self._bare.update(hint.names)
        self.names = frozenset(self._modules)
        """All functions to call `look` for."""

    def look(self, facts: Facts, call: ast.Call, name: str, tier: int) -> None:
        """Add the package that a call reads from."""
        if isinstance(call.func, ast.Attribute):
            known = name in self._anywhere or name_of(call.func.value) in self._modules[name]
        else:
            known = name in self._bare
        if known and call.args and (module := literal_module(call.args[0])):
            facts.add_import(module, 0, None, weaker(tier, Tier.GUARDED), call.lineno)
