"""Connects the components of a report: what each contains and requires."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit.model import Kind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_audit.model import Component
    from castiron_manifest.model import Manifest


def with_dependencies(components: Sequence[Component], manifest: Manifest) -> list[Component]:
    """Return the components with ``requires``.

    Each requires the components that it contains; a distribution what its metadata requires and the environment has;
    the application the runtime, what it asks for itself, and distributions that no other one requires.
    """
    present = {component.id for component in components}
    contained: dict[str, list[str]] = {}
    for component in components:
        if component.parent is not None:
            contained.setdefault(component.parent, []).append(component.id)
    required = {
        f"distribution/{item.name}": {f"distribution/{name}" for name in item.requires}
        for item in manifest.distributions
    }
    required_by_others = set[str]().union(*required.values())
    connected = []
    for component in components:
        ids = {*contained.get(component.id, ()), *(required.get(component.id, set()) & present)}
        if component.kind is Kind.APPLICATION:
            ids |= {item.id for item in components if item.kind is Kind.RUNTIME}
            ids |= {
                item.id
                for item in components
                if item.kind is Kind.DISTRIBUTION and (item.direct or item.id not in required_by_others)
            }
        connected.append(replace(component, requires=tuple(sorted(ids - {component.id}))))
    return connected
