"""Applies a license policy to a report: settles licenses, answers findings, and refuses components."""

from __future__ import annotations

import re
from dataclasses import replace
from fnmatch import fnmatchcase
from functools import partial
from typing import TYPE_CHECKING

from castiron_audit.compatibility import compatibility_findings
from castiron_audit.copyleft import Strength, linkage_findings, reach, strength_of
from castiron_audit.expressions import license_ids, licenses_in, satisfied
from castiron_audit.model import Evidence, Kind, Refusal, Severity, Source, Verdict, sort_findings
from castiron_audit.obligations import obligations
from castiron_audit.policy import PRESETS, matches
from castiron_audit.spelling import nearest
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
_DECIDED_BY_LICENSE_RULES = (_OF_LICENSES - {"incompatible"}) | {
    "optional-part",
    "unknown-license",
    "unknown-go-modules",
    "unlisted-scripts",
    "ambiguous-license",
}
"""Findings for which ``strict`` refuses nothing, as presets, lists and ``unknown`` decide on these licenses.  None
of these decides what goes together with the application's own license."""
_COPYLEFT = (Strength.LIBRARY, Strength.WORK, Strength.NETWORK)
_GPL = re.compile(r"\b[AL]?GPL|affero|general public licen[cs]e", re.IGNORECASE)
_SHOWN = 4
"""Licenses that a warning names."""


def apply(report: Report, policy: Policy) -> Report:
    """Return the report with settled licenses, answered findings and refusals; nothing is raised."""
    components = tuple(_settled(component, policy) for component in report.components)
    settled = {new.id: new for new, old in zip(components, report.components, strict=True) if new is not old}
    own_license = report.license or (policy.project.license if policy.project.is_named(report.name) else None)
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
    refused = {item.component: item for item in _license_refusals(applied, policy)}
    for item in _proprietary_refusals(applied, policy):
        refused.setdefault(item.component, item)
    refusals = (*refused.values(), *(_finding_refusals(applied) if policy.strict else ()))
    applied = replace(
        applied,
        refusals=tuple(sorted(refusals, key=lambda item: item.component)),
    )
    return replace(applied, unmatched=tuple(_unmatched(applied, policy)))


def _answered(finding: Finding, report: Report, policy: Policy, settled: Mapping[str, Component]) -> Finding:
    """Return a finding on evidence with the reason why it does not matter, if the policy has one."""
    if finding.component in settled and finding.code in _ANSWERED_BY_SETTLEMENT:
        return replace(finding, settled=settled[finding.component].verdict.reason)
    rule = _accepting_rule(finding, report, policy)
    return replace(finding, settled=rule.reason) if rule is not None else finding


def _answered_of_licenses(finding: Finding, report: Report, policy: Policy) -> Finding:
    """Return a finding on what a license means; an exception for the component and its license answers it, too."""
    component = report.component(finding.component)
    rule = _accepting_rule(finding, report, policy) or _exception_for(component, policy)
    return replace(finding, settled=rule.reason) if rule is not None else finding


def _accepting_rule(finding: Finding, report: Report, policy: Policy) -> Rule | None:
    rules = (rule for rule in policy.accept if rule.finding == finding.code)
    return next((rule for rule in rules if _is_named(rule.component, report, finding.component)), None)


def enforce(report: Report, *, hint: str = "Nothing was written.") -> None:
    """Raise `PolicyError` if the policy refuses components; the message has the import chain and a remedy for each."""
    if not report.refusals and not report.unmatched:
        return
    lines = []
    for refusal in report.refusals:
        component = report.component(refusal.component)
        lines.append(f"  {report.display_name(component)}: {refusal.reason}")
        if component.chain:
            lines.append(f"    brought in by {' -> '.join(step.name for step in component.chain)}")
        lines.append(f"    {refusal.remedy}")
    lines += [f"  {message}" for message in report.unmatched]
    counts = (
        _counted(len(report.refusals), "component"),
        _counted(len(report.unmatched), "rule of its own"),
    )
    raise PolicyError(
        f"The license policy ({report.policy}) refuses {' and '.join(filter(None, counts))}:\n" + "\n".join(lines),
        hint=f"{hint} docs/licensing.md tells how to write exceptions and settlements.".lstrip(),
    )


def _counted(count: int, what: str) -> str:
    noun = what if count == 1 else what.replace("component", "components").replace("rule ", "rules ")
    return f"{count} {noun}" if count else ""


def weaknesses(policy: Policy) -> tuple[str, ...]:
    """Return what ``deny`` lets pass although it reaches as far as, or further than, what it refuses; a line for each.

    Patterns are compared with names, so ``GPL-*`` does not mean the AGPL.
    """
    warnings = []
    listed = sorted(license_ids())
    for item in policy.deny:
        denied = [name for name in listed if _matches_license(name, (item,))]
        reaches = {strength_of(name) for name in denied} & set(_COPYLEFT)
        if not reaches:
            continue
        twins = {_twin(name) for name in denied}
        passing = [
            name
            for name in listed
            if _is_allowed(name, policy) and (name in twins or max(reaches) < strength_of(name) <= Strength.NETWORK)
        ]
        if passing:
            passing.sort(key=lambda name: (name not in twins, "GPL-" not in name, strength_of(name), name))
            more = f" and {len(passing) - _SHOWN} more" if len(passing) > _SHOWN else ""
            warnings.append(
                f"deny {item}: {', '.join(passing[:_SHOWN])}{more} still pass{'es' if len(passing) == 1 else ''}, "
                'with a copyleft as strong or stronger. The preset "no-copyleft" refuses all of them.'
            )
    return tuple(warnings)


def _twin(license_id: str) -> str:
    """Return the "or later" of an "only", and the reverse; itself if it has none."""
    base, dash, ending = license_id.rpartition("-")
    if ending == "only":
        return f"{base}{dash}or-later"
    return license_id.removesuffix("or-later") + "only" if license_id.endswith("-or-later") else license_id


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
            elif policy.preset is not None and (said := _words_of_copyleft(component)):
                yield Refusal(
                    component=component.id,
                    reason=f"its license is unknown, and its evidence names {said!r}",
                    remedy=_remedy(component, "settle"),
                )
        elif not satisfied(expression, partial(_is_allowed, policy=policy)):
            denied = [license_id for license_id in licenses_in(expression) if _matches_license(license_id, policy.deny)]
            reason = f"{', '.join(denied)} is denied" if denied else f"{expression} is not allowed"
            reason += _failed_exception(component, policy)
            yield Refusal(component=component.id, reason=reason, remedy=_remedy(component, "exception"))


def _words_of_copyleft(component: Component) -> str:
    """Return what names a GPL in evidence that is no valid expression, so that a preset does not let it pass."""
    return next((item.says for item in component.verdict.evidence if _GPL.search(item.says)), "")


def _proprietary_refusals(report: Report, policy: Policy) -> Iterator[Refusal]:
    """Yield the components that would put a proprietary application under a copyleft license, whatever the lists say.

    Proprietary is what is neither on the SPDX list nor an open-source license: ``LicenseRef-Proprietary``.
    """
    own = report.license
    if own is None or reach(own) < Strength.RESTRICTED:
        return
    for component in report.components:
        expression = component.verdict.expression
        if component.kind is Kind.APPLICATION or expression is None or _is_excepted(component, policy):
            continue
        if reach(expression) in {Strength.WORK, Strength.NETWORK}:
            yield Refusal(
                component=component.id,
                reason=f"{expression} asks for the whole executable under its terms, and the application's own license "
                f"is {own}{_failed_exception(component, policy)}",
                remedy=_remedy(component, "exception"),
            )


def _exception_for(component: Component, policy: Policy) -> Rule | None:
    """Return the exception that names a component and, if it names one, the license that it has."""
    rules = (rule for rule in policy.exceptions if _matches_component(rule.component, component))
    return next((rule for rule in rules if rule.license in {None, component.verdict.expression}), None)


def _is_excepted(component: Component, policy: Policy) -> bool:
    return _exception_for(component, policy) is not None


def _failed_exception(component: Component, policy: Policy) -> str:
    """Return which exception names a refused component, but another license."""
    named = [
        rule.license for rule in policy.exceptions if rule.license and _matches_component(rule.component, component)
    ]
    return f"; the exception for it is for {', '.join(named)} only" if named else ""


def _unmatched(report: Report, policy: Policy) -> Iterator[str]:
    """Yield the rules that name no component, or another license than it has: nothing is settled by them.

    Before the link not all components are known; then only what is nearly the name of one is taken for a mistake.
    """
    yield from _settled_twice(report, policy)
    names = {name for component in report.components for name in _names(component)}
    refused = {refusal.component for refusal in report.refusals}
    for kind, rules in (("exception", policy.exceptions), ("settle", policy.settle), ("accept", policy.accept)):
        for rule in rules:
            named = [item for item in report.components if _matches_component(rule.component, item)]
            if kind == "exception" and rule.license and named:
                actual = {item.verdict.expression or "unknown" for item in named}
                if rule.license not in actual and not refused.intersection(item.id for item in named):
                    said = ", ".join(sorted(actual))
                    yield f"exception for {rule.component}: its license is {said}, not {rule.license}."
            if rule.optional or named:
                continue
            near = nearest(rule.component, names)
            if near is not None:
                yield f"{kind}: no component is named {rule.component!r}; did you mean {near!r}?"
            elif report.linked:
                yield (
                    f"{kind}: no component is named {rule.component!r}; remove the rule, or say optional = true in it."
                )


def _settled_twice(report: Report, policy: Policy) -> Iterator[str]:
    """Yield the components of which two rules say different licenses: only one of them can be right."""
    for component in report.components:
        said = {str(rule.license) for rule in policy.settle if _matches_component(rule.component, component)}
        if len(said) > 1:
            yield f"settle: {report.display_name(component)} is settled as {' and as '.join(sorted(said))}; keep one."


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
    # An exception only adds permissions, so who allows a license allows it with each.
    if _matches_license(license_id, policy.allow) or _matches_license(license_id.partition(" WITH ")[0], policy.allow):
        return True
    if policy.preset is not None:
        return strength_of(license_id) <= PRESETS[policy.preset]
    return not policy.allow


def _matches_license(license_id: str, listed: Iterable[str]) -> bool:
    base, _, exception = license_id.partition(" WITH ")
    # A rule for the GPL does not mean licenses whose exception lifts the GPL's copyleft; these must be named in full.
    lifted = bool(exception) and strength_of(license_id) is Strength.PERMISSIVE
    return any(
        matches(license_id if " WITH " in item else base, item) for item in listed if " WITH " in item or not lifted
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
    return any(fnmatchcase(name.lower(), pattern.lower()) for name in _names(component))


def _names(component: Component) -> set[str]:
    """Return what rules may call a component: its name, its id, ``parent/name``."""
    parent = component.parent.partition("/")[2] if component.parent else ""
    return {component.name, component.id, f"{parent}/{component.name}" if parent else component.name}
