"""Lists what the licenses ask of whoever distributes the executable, from ``data/obligations.toml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.copyleft import chosen, strength_of
from castiron_audit.expressions import family
from castiron_audit.model import Kind, Obligation
from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable

    from castiron_audit.model import Component


def obligations(components: Iterable[Component]) -> tuple[Obligation, ...]:
    """Return the obligations of the components' licenses, in the order of the table."""
    component_ids: dict[str, set[str]] = {}
    rows = table("obligations")["obligation"]
    for component in components:
        expression = component.verdict.expression
        if component.kind is Kind.APPLICATION or expression is None:
            continue
        for license_id in chosen(expression):
            base = license_id.split(" WITH ")[0]
            strength = strength_of(license_id).name.lower()
            for row in rows:
                asked = base in row.get("licenses", ()) or strength in row.get("strengths", ())
                if asked and base not in row.get("except", ()) and not _is_lifted(license_id):
                    component_ids.setdefault(row["code"], set()).add(component.id)
    return tuple(
        Obligation(
            code=row["code"],
            title=row["title"],
            text=row["text"],
            source=row["source"],
            components=tuple(sorted(component_ids[row["code"]])),
        )
        for row in rows
        if row["code"] in component_ids
    )


def _is_lifted(license_id: str) -> bool:
    """Return whether an exception lifts every obligation: that of GCC's runtime does for what GCC compiled."""
    base, _, exception = license_id.partition(" WITH ")
    return family(base) in {"GPL", "LGPL"} and table("obligations")["exception"].get(exception) == "permissive"
