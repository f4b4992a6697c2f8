"""The rule for strings of the application that are names of modules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import CERTAIN_IMPORTS, Declaration, longest_module
from castiron_trace.analyser.syntax.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.analyser.rules.own_names import OwnNames


def _imports_by_name(scan: Scan) -> bool:
    return any(what in {*CERTAIN_IMPORTS, "find_spec"} for _line, what, _prefix, _sure in scan.computed)


_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[\w-]+)*")
_EXTERNAL = "ext://"
"""``"stream": "ext://shop.outputs.stream"`` (Source: `logging.config`, Access to external objects)."""
_COMPUTED_END = re.compile(r"\.\w*[%{]|\.$")
"""Where a name goes on that a literal begins: ``"settings.%s"``, or the literal part of ``f"settings.{stage}"``."""


class OwnStrings:
    """Takes the modules that strings of the application name: in settings, tables of plug-ins, arguments."""

    def __init__(self, context: Context, own_names: OwnNames) -> None:
        self._context = context
        self._own_names = own_names

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules that the strings of one own module name."""
        if not self._context.is_own(module.owner):
            return
        environment = self._context.environment
        # A module that imports by computed names takes them from its own strings: ("tkinter", "curses").
        chosen_by_name = _imports_by_name(module.scan) or self._uses_import_helper(module.node)
        runs = any(what == "run_module" for _line, what, _prefix, _sure in module.scan.computed)
        for literal, line in module.scan.strings:
            raw = literal.removeprefix(_EXTERNAL)
            text = raw.partition(":")[0]
            begins = _COMPUTED_END.search(text)
            if begins is not None:
                text = text[: begins.start()]
            if not _NAME.fullmatch(text):
                continue
            top, dot, _rest = text.partition(".")
            if runs and self._context.locator.exists(program := f"{text}.__main__"):
                yield Declaration(module.node, program, line)  # runpy.run_module(name) for name in ("flake8", "isort")
            if not dot and top == Path(file_of(module.node) or "").stem:
                continue  # a script's own name
            if self._context.is_own_top_level(top):
                yield from self._own_names.steps(module.node, text, line, inner=raw.partition(":")[2])
            elif begins is not None:
                continue  # distributions: the rule for computed imports decides what goes in
            elif dot or chosen_by_name or environment.modules.get(top) in environment.direct:
                name = longest_module(text, environment.modules)
                if name is None and (dot or chosen_by_name):
                    name = longest_module(text, self._context.stdlib)
                if name is not None:
                    yield Declaration(module.node, name, line)

    def _uses_import_helper(self, node: BaseNode) -> bool:
        """Say whether it imports a module of the application that imports what it is told: ``optional("colorsys")``."""
        return any(
            _imports_by_name(scan)
            for _edges, other in self._context.graph.outgoing(node)
            if self._context.is_own(other.extension_attributes.get("owner", ""))
            and isinstance(scan := other.extension_attributes.get("scan"), Scan)
        )
