"""The rule for code that opens shared libraries of the system, which a static program cannot."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of
from castiron_trace.analyser.rules.base import Needs
from castiron_trace.protocol import APP, Notice

if TYPE_CHECKING:
    from collections.abc import Iterator

    from castiron_trace.analyser.rules.base import Context, Module, Step


class MachineLibraries:
    """Reports libraries that the code opens and no distribution brings."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._given = {Path(path).name for path in context.given_files}
        self._dispensable = {name for hint in context.hints.libraries for name in hint.names}
        self._hints = {hint.module: hint for hint in context.hints.needed_libraries}

    def look(self, module: Module) -> Iterator[Step]:
        """Yield a finding for each library that no distribution brings and no hint calls dispensable."""
        environment = self._context.environment
        yield from self._needed(module)
        for line, name, needed_at, optional in module.scan.libraries:
            if (needed_at and ".so" not in name) or self._is_own(module, name):
                continue  # one of the names that a wrapper tries on each system, or a file of the application
            if not environment.has_library(name) and name not in self._dispensable:
                asked_for = module.owner in environment.direct and not optional
                own = module.owner == APP and not (optional and self._carries(module))
                severity = "warning" if own or asked_for else "info"
                message = (
                    f"{name} is opened with ctypes or cffi, and no distribution brings it: the binary will not have it."
                )
                yield Notice("foreign-library", severity, f"{self._context.place(module.node)}:{line}", message)

    def _needed(self, module: Module) -> Iterator[Step]:
        """Yield what the module cannot be imported without: the names that one call tries, and what hints know."""
        calls: dict[int, list[str]] = {}
        for _line, name, needed_at, _optional in module.scan.libraries:
            if needed_at:
                calls.setdefault(needed_at, []).append(name)
        for line, names in sorted(calls.items()):
            if not any(
                self._context.environment.has_library(name) or name in self._dispensable or self._is_own(module, name)
                for name in names
            ):
                yield Needs(module.node, tuple(sorted(names, key=lambda name: (".so" not in name, name))), line)
        hint = self._hints.get(module.node.identifier)
        if (
            hint is not None
            and not any(map(self._context.environment.has_library, hint.names))
            and not any(name in self._context.environment.modules for name in hint.unless)
        ):
            yield Needs(module.node, hint.names, 0, hint.remedy)

    def _carries(self, module: Module) -> bool:
        """Whether a module of the application names a shared object by its own place that is there, so that it goes in.

        ``find_library("x") or here / "libx.so"``, or one of both in a ``try`` and the other behind it: it has a choice.
        """
        place = file_of(module.node)
        return place is not None and any(
            ".so" in Path(text).name and (Path(place).parent / text).is_file() for text, _line in module.scan.paths
        )

    def _is_own(self, module: Module, name: str) -> bool:
        """Whether the application brings a library: beside its module, or because the user includes the file."""
        if module.owner != APP:
            return False
        place = file_of(module.node)
        folders = [*map(Path, self._context.roots), *([Path(place).parent] if place else [])]
        return name in self._given or any((folder / name).is_file() for folder in folders)
