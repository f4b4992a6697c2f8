"""What is known of Python projects whose wheels do not tell their license."""

from __future__ import annotations

from packaging.utils import canonicalize_name

from castiron_audit.model import Evidence, Source
from castiron_audit.tables import table


def known_license(name: str) -> Evidence | None:
    """Return the catalogue's word on a project, None if it has no row."""
    row = table("projects")["projects"].get(canonicalize_name(name))
    if row is None:
        return None
    expression, source = row
    return Evidence(source=Source.CATALOGUE, where=f"{name}: {source}", says=expression, expression=expression)
