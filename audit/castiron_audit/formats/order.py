"""Orders components as documents list them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report


def in_tree_order(report: Report) -> list[Component]:
    """Return the components, each followed by those that it contains."""
    contained: dict[str, list[Component]] = {}
    for component in report.components:
        if component.parent is not None:
            contained.setdefault(component.parent, []).append(component)
    return [
        item
        for component in report.components
        if component.parent is None
        for item in (component, *contained.get(component.id, ()))
    ]
