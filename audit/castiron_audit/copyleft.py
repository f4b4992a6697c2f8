"""Tells how far the copyleft of licenses reaches when everything becomes one static executable.

The table is ``data/obligations.toml``; what it does not have is looked up by ScanCode's category of the license.
"""

from __future__ import annotations

from enum import IntEnum
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from castiron_audit.expressions import choose, family, satisfied
from castiron_audit.model import Finding, Form, Kind, Severity
from castiron_audit.tables import categories, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_audit.model import Component


class Strength(IntEnum):
    """How far the copyleft of a license reaches in one static executable, weakest first."""

    PERMISSIVE = 0
    """No copyleft."""
    FILE = 1
    """The component's own files."""
    LIBRARY = 2
    """The component as a library, which users must be able to replace."""
    WORK = 3
    """The whole executable."""
    NETWORK = 4
    """The whole executable, and users over a network count as recipients."""
    RESTRICTED = 5
    """Not an open-source license, or one that restricts use."""
    UNKNOWN = 6


_BY_NAME = {strength.name.lower(): strength for strength in Strength}
_BY_CATEGORY = {
    "Permissive": Strength.PERMISSIVE,
    "Public Domain": Strength.PERMISSIVE,
    "CLA": Strength.PERMISSIVE,
    "Copyleft Limited": Strength.FILE,
    "Copyleft": Strength.WORK,
    "Source-available": Strength.RESTRICTED,
    "Free Restricted": Strength.RESTRICTED,
    "Proprietary Free": Strength.RESTRICTED,
    "Commercial": Strength.RESTRICTED,
    "Patent License": Strength.RESTRICTED,
}
_NOT_AS_CATEGORISED = {
    "JSON": Strength.RESTRICTED,
}
"""Licenses that ScanCode calls permissive although their text restricts use."""


@lru_cache(maxsize=2048)
def strength_of(license_id: str) -> Strength:
    """Return how far one license reaches (``GPL-2.0-only WITH x`` is one)."""
    base, _, exception = license_id.partition(" WITH ")
    tables = table("obligations")
    if exception and exception in tables["exception"]:
        return _BY_NAME[tables["exception"][exception]]
    if base in _NOT_AS_CATEGORISED:
        return _NOT_AS_CATEGORISED[base]
    if base in tables["permissive"]["licenses"]:
        return Strength.PERMISSIVE
    named = tables["strength"].get(base) or tables["strength"].get(family(base))
    if named is not None:
        return _BY_NAME[named]
    category = categories().get(base)
    return Strength.UNKNOWN if category is None else _BY_CATEGORY.get(category, Strength.UNKNOWN)


def _within(limit: Strength, license_id: str) -> bool:
    return strength_of(license_id) <= limit


@lru_cache(maxsize=2048)
def reach(expression: str) -> Strength:
    """Return how far an expression reaches: the mildest license of an OR, the strictest of an AND."""
    for strength in Strength:
        if satisfied(expression, partial(_within, strength)):
            return strength
    return Strength.UNKNOWN


def chosen(expression: str) -> tuple[str, ...]:
    """Return the licenses whose obligations count: all that an AND joins, and of an OR the mildest."""
    return choose(expression, strength_of)


def linkage_findings(components: Iterable[Component]) -> Iterator[Finding]:
    """Yield what static linking means for the components' licenses."""
    for component in components:
        expression = component.verdict.expression
        if component.kind is Kind.APPLICATION or expression is None:
            continue
        strength = reach(expression)
        static = Form.STATIC in component.forms
        if strength is Strength.LIBRARY:
            how = "it is linked statically" if static else "its modules are in one executable"
            yield Finding(
                code="relinking",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{expression}: {how}, so recipients must be able to link again with a changed library "
                "(LGPL-2.1 section 6, LGPL-3.0 section 4). Give them a relink kit (link --relink-kit) and the source.",
            )
        elif strength in {Strength.WORK, Strength.NETWORK}:
            yield Finding(
                code="copyleft",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{expression}: static linking makes one work; the whole executable must be offered under this "
                f"license{', also to users over a network' if strength is Strength.NETWORK else ''}.",
            )
        elif strength is Strength.RESTRICTED:
            yield Finding(
                code="restricted",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{expression}: not an open-source license, or one that restricts use.",
            )
