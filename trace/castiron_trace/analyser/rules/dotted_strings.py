"""The rule for strings of distributions that are names of modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_trace.analyser.rules.base import Declaration, longest_module, package_of
from castiron_trace.protocol import APP

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step

_NOT_BY_STRING = frozenset(
    {"unittest", "test", "tkinter", "idlelib", "lib2to3", "pydoc", "turtle", "ensurepip", "doctest", "pdb"}
)
"""Parts of the standard library that distributions name in messages and tables far more often than they import them."""


class DottedStrings:
    """Takes modules of what the distribution may use, also by names in its own package, and of the standard library."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def look(self, module: Module) -> Iterator[Step]:
        """Yield the modules that the strings of one module name."""
        if module.owner == APP:
            return
        environment = self._context.environment
        reach = environment.reach(module.owner)
        for text, line in module.scan.dotted:
            name = longest_module(text, environment.modules)
            if name is not None and environment.modules[name] in reach:
                # ``plugin.Extension``: of a top-level module only if the metadata says that it is needed.
                if "." in name or environment.modules[name] in environment.requires.get(module.owner, ()):
                    yield Declaration(module.node, name, line)
            elif name is None and text.partition(".")[0] not in _NOT_BY_STRING:
                name = longest_module(text, self._context.stdlib) or self._in_own_package(module, text)
                if name is not None and "." in name:
                    yield Declaration(module.node, name, line)

    def _in_own_package(self, module: Module, text: str) -> str | None:
        """Return the module that a text names counted from its own package: ``chain.add("readers.csv.Reader")``.

        Registries of plug-ins are given ``__name__``, and the rest for each plug-in.  Behind a single part a class must
        follow: ``data.json`` is a file, and no module ``data``.
        """
        package = package_of(module.node)
        modules = self._context.environment.modules
        name = longest_module(f"{package}.{text}", modules) if package else None
        if name is None or name == package or modules[name] != module.owner:
            return None
        inner = name[len(package) + 1 :]
        is_class = text[len(inner) + 1 :][:1].isupper()
        return name if is_class or "." in inner else None
