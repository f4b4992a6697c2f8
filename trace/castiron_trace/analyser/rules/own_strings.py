"""The rule for strings of the application that are names of modules."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.environment import without_tests
from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.locator import modules_below
from castiron_trace.analyser.rules.base import CERTAIN_IMPORTS, Declaration, longest_module
from castiron_trace.analyser.syntax.scan import Scan

if TYPE_CHECKING:
    from collections.abc import Iterator

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context, Module, Step


def _imports_by_name(scan: Scan) -> bool:
    return any(what in {*CERTAIN_IMPORTS, "find_spec"} for _line, what, _prefix, _sure in scan.computed)


_CONFIGURATION = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".conf")
_LARGEST_FILE = 1 << 20
"""Bytes of a configuration file in which names of modules are looked for."""
_DOTTED = re.compile(r"[^\W\d]\w*(?:\.\w+)+")
_INNER = re.compile(r"\w[\w-]*(?:/\w[\w-]*)*/?")
_NAME = re.compile(r"[^\W\d][\w-]*(?:\.[\w-]+)*")
_COMPUTED_END = re.compile(r"\.\w*[%{]|\.$")
"""Where a name goes on that a literal begins: ``"settings.%s"``, or the literal part of ``f"settings.{stage}"``."""


class OwnStrings:
    """Takes the modules that strings of the application name: in settings, tables of plug-ins, arguments."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._packages: set[str] = set()

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules that the strings of one own module name."""
        if not self._context.is_own(module.owner):
            return
        environment = self._context.environment
        # A module that imports by computed names takes them from its own strings: ("tkinter", "curses").
        chosen_by_name = _imports_by_name(module.scan) or self._uses_import_helper(module.node)
        for raw, line in module.scan.strings:
            text = raw.partition(":")[0]
            if raw.endswith(_CONFIGURATION) and not raw.startswith("/") and "\0" not in raw:
                yield from self._of_file(module.node, raw, line)
            begins = _COMPUTED_END.search(text)
            if begins is not None:
                text = text[: begins.start()]
            if not _NAME.fullmatch(text):
                continue
            top, dot, _rest = text.partition(".")
            if not dot and top == Path(file_of(module.node) or "").stem:
                continue  # a script's own name
            if self._context.is_own_top_level(top):
                yield from self._own_module(module.node, text, line, inner=raw.partition(":")[2])
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

    def _of_file(self, node: BaseNode, text: str, line: int) -> Iterator[Step]:
        """Take the own modules that a configuration file beside the application names."""
        for root in self._context.roots:
            file = Path(root, text)
            if not file.is_file() or file.stat().st_size > _LARGEST_FILE:
                continue
            for match in _DOTTED.finditer(file.read_bytes().decode("utf-8", "replace")):
                if self._context.is_own_top_level(match[0].partition(".")[0]):
                    yield from self._own_module(node, match[0], line)

    def _own_module(self, node: BaseNode, text: str, line: int, *, inner: str = "") -> Iterator[Step]:
        """A string names a module of the application: a framework will look into its package.

        ``inner`` is what stands behind a colon: ``package:folder`` means a folder in the package for many of them.
        """
        names = text.split(".")
        for root in self._context.own_roots():
            folder = Path(root)
            package: list[str] = []
            for index, part in enumerate(names):
                folder = folder / part
                if (folder / "__init__.py").is_file():
                    package = names[: index + 1]
                elif folder.with_name(f"{part}.py").is_file():
                    yield Declaration(node, ".".join(names[: index + 1]), line)
                    break
                else:
                    break
            if package:
                name = ".".join(package)
                yield Declaration(node, name, line)
                folder = Path(root, *names, inner)
                if package == names and _INNER.fullmatch(inner) and folder.is_dir():
                    below = f"{name}.{inner.strip('/').replace('/', '.')}"
                    for module in without_tests(modules_below(folder, below, namespaces=True), below=below):
                        yield Declaration(node, module, line)
                elif name not in self._packages:
                    self._packages.add(name)
                    for below in without_tests(modules_below(Path(root, *package), name), below=name):
                        yield Declaration(node, below, line)
