"""The largest things in a binary, and what brings them in: for whoever wonders why it is so large."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Large:
    """One row of the table."""

    name: str
    size: int
    """Bytes, with those of what it contains."""
    why: str
    """The packages from the entry to this one, or what else brings it in."""


def largest(report: Report, count: int = 5) -> tuple[Large, ...]:
    """Return the components of which most bytes are in the binary, the largest first."""
    parents = {component.id: component.parent for component in report.components}
    sizes: dict[str, int] = {}
    for component in report.components:
        outer, above = component.id, component.parent
        while above is not None and above in parents:
            outer, above = above, parents[above]
        sizes[outer] = sizes.get(outer, 0) + component.size
    by_id = {component.id: component for component in report.components}
    chosen = sorted((name for name in sizes if sizes[name]), key=lambda name: (-sizes[name], name))[:count]
    return tuple(
        Large(name=f"{by_id[name].name} {by_id[name].version}".rstrip(), size=sizes[name], why=_why(by_id[name]))
        for name in chosen
    )


def largest_rows(report: Report) -> tuple[str, ...]:
    """Return the table for a person, one line each."""
    rows = largest(report)
    width = max((len(row.name) for row in rows), default=0)
    return ("largest:", *(f"{row.size / 1e6:6.1f} MB  {row.name:{width}}  {row.why}" for row in rows))


def _why(component: Component) -> str:
    if component.id.startswith("runtime/"):
        return "the runtime"
    names: list[str] = []
    for step in component.chain:
        # A file keeps its name; of modules, the packages tell enough.
        name = step.name if step.name.endswith(".py") else step.name.partition(".")[0]
        if not names or names[-1] != name:
            names.append({"(run)": "the watched run"}.get(name, name))
    return " > ".join(names) or "the application"
