"""Which frameworks' conventions apply: those that the application reaches, or imports itself where the hint says so."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from castiron_trace.analyser.graph_adapter import file_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from modulegraph2 import BaseNode

    from castiron_trace.analyser.rules.base import Context
    from castiron_trace.analyser.syntax.scan import ImportStatement, Scan


def conventional_patterns(context: Context) -> list[str]:
    """Return the patterns of the files that frameworks look for beside own modules, in the order of the hints."""
    if not context.hints.own_files:
        return []
    reached = [node for node in context.graph.module_nodes() if node.extension_attributes.get("owner")]
    names = {node.name for node in reached}
    own_nodes = [node for node in reached if context.is_own(node.extension_attributes.get("owner"))]
    direct = {item.module for node in own_nodes for item in _imports(node)}
    return [
        pattern
        for hint in context.hints.own_files
        if hint.module in names
        and (not hint.directly or any(f"{name}.".startswith(f"{hint.module}.") for name in direct))
        for pattern in hint.files
    ]


def folders_beside(context: Context) -> list[Path]:
    """Return the folders that own modules lie in, and those that they are found from, sorted."""
    own = (node for node in context.graph.module_nodes() if context.is_own(node.extension_attributes.get("owner")))
    beside = {Path(place).parent for node in own if (place := file_of(node))}
    return sorted({*beside, *map(Path, context.roots)})


def _imports(node: BaseNode) -> Iterable[ImportStatement]:
    scan: Scan | None = node.extension_attributes.get("scan")
    return () if scan is None else scan.imports
