"""The order in which documents list components."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report


def in_tree_order(report: Report) -> list[Component]:
    """Return the components, parts behind their parents."""
    parts: dict[str, list[Component]] = {}
    for component in report.components:
        if component.parent is not None:
            parts.setdefault(component.parent, []).append(component)
    return [
        item
        for component in report.components
        if component.parent is None
        for item in (component, *parts.get(component.id, ()))
    ]
