"""The rule for packages of the application that a function gets: as they are, or by names that count from one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step
    from castiron_trace.analyser.rules.own_names import OwnNames

_RELATIVE = re.compile(r"\.+[^\W\d]\w*(?:\.[^\W\d]\w*)*")


class GivenPackages:
    """Takes the modules in ``shop.views`` for ``scan(shop.views)``, and those that ``include(".routes")`` names.

    For ``config.scan()`` those of the package in which that stands.
    """

    def __init__(self, context: Context, own_names: OwnNames) -> None:
        self._context = context
        self._own_names = own_names

    def look(self, module: Module) -> Iterator[Step]:
        """Yield what one own module gives to functions."""
        place = file_of(module.node)
        if not self._context.is_own(module.owner) or place is None:
            return
        for text, line in module.scan.given:
            name = self._absolute(Path(place).parent, text)
            if name and self._is_there(name, package=True):
                yield from self._own_names.steps(module.node, name, line)
        for raw, line in module.scan.strings:
            text, _colon, inner = raw.partition(":")
            name = self._absolute(Path(place).parent, text) if _RELATIVE.fullmatch(text) else ""
            if name and self._is_there(name, package=False):
                yield from self._own_names.steps(module.node, name, line, inner=inner)

    def _absolute(self, folder: Path, text: str) -> str:
        """Return the name that a text means in a module of this folder; empty if that leads out of all packages."""
        rest = text.lstrip(".")
        level = len(text) - len(rest)
        if not level:
            return rest
        root = next((Path(root) for root in self._context.own_roots() if folder.is_relative_to(root)), None)
        parts = folder.relative_to(root).parts if root is not None else ()
        if level > len(parts):
            return ""
        return ".".join((*parts[: len(parts) - level + 1], *([rest] if rest else ())))

    def _is_there(self, name: str, *, package: bool) -> bool:
        parts = name.split(".")
        return any(
            (path / "__init__.py").is_file() or (not package and path.with_name(f"{path.name}.py").is_file())
            for path in (Path(root, *parts) for root in self._context.own_roots())
        )
