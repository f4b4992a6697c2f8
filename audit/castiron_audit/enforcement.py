"""Applies a license policy to a report: settles licenses, answers findings, and refuses components."""

from __future__ import annotations

import fnmatch
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from castiron_audit.compatibility import compatibility_findings
from castiron_audit.copyleft import Strength, linkage_findings, strength_of
from castiron_audit.expressions import licenses_in, satisfied
from castiron_audit.model import Evidence, Kind, Refusal, Severity, Source, Verdict, sort_findings
from castiron_audit.obligations import obligations
from castiron_audit.policy import PRESETS
from castiron_common.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from castiron_audit.model import Component, Finding, Report
    from castiron_audit.policy import Policy, Rule

_IN_EVERY_BINARY = {"cpython", "musl", "zig-libc", "compiler-rt", "mimalloc", "castiron"}
"""Components of the runtime that no application can do without."""
_ANSWERED_BY_SETTLEMENT = {
    "unknown-license",
    "ambiguous-license",
    "contradiction",
    "undeclared-text",
    "version-open",
    "joined-classifiers",
    "invalid-expression",
}
"""Findings that a settlement of the license answers."""
_OF_LICENSES = {"relinking", "copyleft", "restricted", "incompatible"}
"""Findings on what the license itself means."""
_DECIDED_BY_LICENSE_RULES = _OF_LICENSES | {"optional-part", "unknown-license", "ambiguous-license"}
"""Findings for which ``strict`` refuses nothing, as presets, lists and ``unknown`` decide on these licenses."""


def apply(report: Report, policy: Policy) -> Report:
    """Return the report with settled licenses, answered findings and refusals; nothing is raised."""
    components = tuple(_settled(component, policy) for component in report.components)
    settled = {new.id: new for new, old in zip(components, report.components, strict=True) if new is not old}
    own_license = policy.license or report.license
    findings = [_answered(item, report, policy, settled) for item in report.findings if item.code not in _OF_LICENSES]
    # Made again, as a settlement may have changed a license.
    of_licenses = [*linkage_findings(components), *compatibility_findings(own_license, components)]
    findings += [_answered_of_licenses(item, report, policy) for item in of_licenses]
    applied = replace(
        report,
        license=own_license,
        components=components,
        findings=sort_findings(findings),
        obligations=obligations(components),
        policy=policy.describe(),
    )
    refusals = (*_license_refusals(applied, policy), *(_finding_refusals(applied) if policy.strict else ()))
    return replace(applied, refusals=tuple(sorted(refusals, key=lambda item: item.component)))


def _answered(finding: Finding, report: Report, policy: Policy, settled: Mapping[str, Component]) -> Finding:
    """Return a finding on evidence with the reason why it does not matter, if the policy has one."""
    if finding.component in settled and finding.code in _ANSWERED_BY_SETTLEMENT:
        return replace(finding, settled=settled[finding.component].verdict.reason)
    rule = _accepting_rule(finding, report, policy)
    return replace(finding, settled=rule.reason) if rule is not None else finding


def _answered_of_licenses(finding: Finding, report: Report, policy: Policy) -> Finding:
    """Return a finding on what a license means; an exception for the component answers it, too."""
    rule = _accepting_rule(finding, report, policy) or next(
        (rule for rule in policy.exceptions if _is_named(rule.component, report, finding.component)), None
    )
    return replace(finding, settled=rule.reason) if rule is not None else finding


def _accepting_rule(finding: Finding, report: Report, policy: Policy) -> Rule | None:
    rules = (rule for rule in policy.accept if rule.finding == finding.code)
    return next((rule for rule in rules if _is_named(rule.component, report, finding.component)), None)


def enforce(report: Report, *, hint: str = "Nothing was written.") -> None:
    """Raise `PolicyError` if the policy refuses components; the message has the import chain and a remedy for each."""
    if not report.refusals:
        return
    lines = []
    for refusal in report.refusals:
        component = report.component(refusal.component)
        lines.append(f"  {report.display_name(component)}: {refusal.reason}")
        if component.chain:
            lines.append(f"    brought in by {' -> '.join(step.name for step in component.chain)}")
        lines.append(f"    {refusal.remedy}")
    count = len(report.refusals)
    raise PolicyError(
        f"The license policy ({report.policy}) refuses {count} component{'' if count == 1 else 's'}:\n"
        + "\n".join(lines),
        hint=f"{hint} docs/licensing.md tells how to write exceptions and settlements.".lstrip(),
    )


def _settled(component: Component, policy: Policy) -> Component:
    for rule in policy.settle:
        if _matches_component(rule.component, component):
            said = Evidence(source=Source.SETTLED, where="policy", says=rule.reason, expression=rule.license)
            return replace(
                component,
                verdict=Verdict(
                    expression=rule.license,
                    source=Source.SETTLED,
                    where="policy",
                    evidence=(said, *component.verdict.evidence),
                    reason=rule.reason,
                ),
            )
    return component


def _license_refusals(report: Report, policy: Policy) -> Iterator[Refusal]:
    for component in report.components:
        if component.kind is Kind.APPLICATION or _is_excepted(component, policy):
            continue
        expression = component.verdict.expression
        if expression is None:
            if policy.denies_unknown:
                yield Refusal(
                    component=component.id, reason="its license is unknown", remedy=_remedy(component, "settle")
                )
        elif not satisfied(expression, partial(_is_allowed, policy=policy)):
            denied = [license_id for license_id in licenses_in(expression) if _matches_license(license_id, policy.deny)]
            reason = f"{', '.join(denied)} is denied" if denied else f"{expression} is not allowed"
            yield Refusal(component=component.id, reason=reason, remedy=_remedy(component, "exception"))


def _is_excepted(component: Component, policy: Policy) -> bool:
    return any(
        _matches_component(rule.component, component) and rule.license in {None, component.verdict.expression}
        for rule in policy.exceptions
    )


def _finding_refusals(report: Report) -> Iterator[Refusal]:
    """Yield the first open finding of each component, without those that the rules for licenses decide on."""
    refused = set()
    for finding in report.findings:
        if (
            finding.settled is None
            and finding.severity is not Severity.INFO
            and finding.code not in _DECIDED_BY_LICENSE_RULES
            and finding.component not in refused
        ):
            refused.add(finding.component)
            yield Refusal(
                component=finding.component,
                reason=f"{finding.message} [{finding.code}]",
                remedy=f'Review it, and accept the finding "{finding.code}" with a reason in the policy.',
            )


def _is_allowed(license_id: str, policy: Policy) -> bool:
    if _matches_license(license_id, policy.deny):
        return False
    if _matches_license(license_id, policy.allow):
        return True
    if policy.preset is not None:
        return strength_of(license_id) <= PRESETS[policy.preset]
    return not policy.allow


def _matches_license(license_id: str, listed: Iterable[str]) -> bool:
    base, _, exception = license_id.partition(" WITH ")
    # A rule for the GPL does not mean licenses whose exception lifts the GPL's copyleft; these must be named in full.
    lifted = bool(exception) and strength_of(license_id) is Strength.PERMISSIVE
    return any(
        fnmatch.fnmatchcase(license_id if " WITH " in item else base, item)
        for item in listed
        if " WITH " in item or not lifted
    )


def _remedy(component: Component, kind: str) -> str:
    if component.name in _IN_EVERY_BINARY or component.parent == "runtime/cpython":
        first = "Every binary contains it"
    elif component.kind in {Kind.LIBRARY, Kind.CRATE, Kind.VENDORED, Kind.DATA} and component.parent:
        parent = component.parent.partition("/")[2]
        first = f"Replace {parent} by a distribution without it, or build {parent} from source without it"
    elif component.kind is Kind.RUNTIME:
        first = "Do without the modules of the standard library that need it (castiron manifest explain)"
    else:
        importer = component.chain[-2].name if len(component.chain) > 1 else "the application"
        first = f"Do without it: {importer} requires it"
    verb = "allow it with an exception" if kind == "exception" else "settle its license"
    return f"{first}; or {verb} and a reason in [tool.castiron.licenses]."


def _is_named(pattern: str, report: Report, component_id: str) -> bool:
    return any(item.id == component_id and _matches_component(pattern, item) for item in report.components)


def _matches_component(pattern: str, component: Component) -> bool:
    parent = component.parent.partition("/")[2] if component.parent else ""
    names = {component.name, component.id, f"{parent}/{component.name}" if parent else component.name}
    return any(fnmatch.fnmatchcase(name.lower(), pattern.lower()) for name in names)
