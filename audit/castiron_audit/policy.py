"""What a project lets in: ``[tool.castiron.licenses]`` of a ``pyproject.toml``, or the same table in a file of its own.

::

    [tool.castiron.licenses]
    preset = "no-copyleft"                     # or "permissive"
    allow = ["MPL-2.0"]                        # beyond the preset
    deny = ["AGPL-*"]                          # whatever else is said
    unknown = "deny"                           # "warn" unless strict

    [[tool.castiron.licenses.exception]]       # let a component in although its license is refused
    component = "shapely"
    license = "LGPL-2.1-only"                  # only while it has this one
    reason = "we hand on object files, see LEGAL.md"

    [[tool.castiron.licenses.settle]]          # say what an unknown or contradictory license is
    component = "docutils"
    license = "BSD-2-Clause"
    reason = "read COPYING.rst; only the public-domain files are used"

    [[tool.castiron.licenses.accept]]          # a finding that does not matter here
    finding = "unknown-static-contents"
    component = "bcrypt"
    reason = "its Cargo.lock was reviewed"
"""

from __future__ import annotations

import fnmatch
import tomllib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from castiron_audit.collect import sort_findings
from castiron_audit.copyleft import Strength, compatibility_findings, linkage_findings, obligations, strength_of
from castiron_audit.expressions import leaves, normalise, satisfied
from castiron_audit.model import Evidence, Kind, Refusal, Severity, Source, Verdict
from castiron_common.errors import InputError, PolicyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from castiron_audit.model import Component, Report

PRESETS = {
    "permissive": Strength.PERMISSIVE,
    "no-copyleft": Strength.FILE,
}
"""The strongest copyleft a preset lets in.  ``permissive``: none.  ``no-copyleft``: none that reaches beyond the
component's own files (MPL, EPL), so neither LGPL nor GPL in a static executable."""

_KEYS = {"preset", "allow", "deny", "unknown", "strict", "exception", "settle", "accept"}
_ALWAYS = {"cpython", "musl", "zig-libc", "compiler-rt", "mimalloc", "castiron"}
"""Components of the runtime that no application can do without."""
_ABOUT_THE_LICENSE = {
    "unknown-license",
    "ambiguous-license",
    "contradiction",
    "undeclared-text",
    "version-open",
    "joined-classifiers",
    "invalid-expression",
}
"""Findings that a settlement of the license answers."""
_HARMLESS = {"relinking", "copyleft", "restricted", "incompatible", "optional-part"}
"""Findings that the license itself causes; the lists of the policy decide about those."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """An entry with a written reason."""

    component: str
    """A name, ``parent/name``, or a pattern with ``*``."""
    reason: str
    license: str | None = None
    finding: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What is let in.  Without preset and allow everything is, but for what is denied."""

    preset: str | None = None
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    unknown: str = "warn"
    """``warn`` or ``deny``."""
    strict: bool = False
    """Refuse unsettled findings of severity warning and error, too."""
    exceptions: tuple[Rule, ...] = ()
    settle: tuple[Rule, ...] = ()
    accept: tuple[Rule, ...] = ()
    license: str | None = None
    """The application's own, from ``[project]``."""
    version: str = ""
    """The application's own, from ``[project]``."""

    def describe(self) -> str:
        """Return the policy in one line."""
        parts = [f"preset {self.preset}"] if self.preset else []
        parts += [
            f"{name} {', '.join(values)}" for name, values in (("allow", self.allow), ("deny", self.deny)) if values
        ]
        parts += ["unknown denied"] if self.unknown == "deny" or self.strict else []
        parts += ["strict"] if self.strict else []
        rules = len(self.exceptions) + len(self.settle) + len(self.accept)
        parts += [f"{rules} written reasons"] if rules else []
        return "; ".join(parts) or "none"


def read_policy(path: Path) -> Policy:
    """Return the policy in a file.  Raises `InputError` if it cannot be read or says what we do not understand."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.", hint="--policy names a TOML file or a pyproject.toml.") from error
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(
            f"{path} cannot be read as TOML: {error}.", hint="Correct it, see docs/licensing.md."
        ) from error
    tool = document.get("tool", {})
    rows = tool.get("castiron", {}).get("licenses") if isinstance(tool, dict) else None
    if rows is None:
        rows = document if path.name != "pyproject.toml" else {}
    policy = parse_policy(rows, str(path), license_=_own_license(document))
    project = document.get("project")
    version = project.get("version") if isinstance(project, dict) else None
    return replace(policy, version=version if isinstance(version, str) else "")


def find_policy(folder: Path) -> Path | None:
    """Return the ``pyproject.toml`` of a folder, if it has a policy."""
    path = folder / "pyproject.toml"
    if not path.is_file():
        return None
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError):
        return None  # Whoever reads it for what it is will say what is wrong with it.
    return path if isinstance(document.get("tool", {}).get("castiron", {}).get("licenses"), dict) else None


def parse_policy(rows: object, source: str, *, license_: str | None = None) -> Policy:
    """Return the policy that a table describes; ``source`` names it in messages.  Raises `InputError`."""

    def wrong(what: str) -> InputError:
        return InputError(f"{source}: {what}.", hint="docs/licensing.md describes [tool.castiron.licenses].")

    if not isinstance(rows, dict):
        raise wrong("[tool.castiron.licenses] is not a table")
    unknown = sorted(set(rows) - _KEYS)
    if unknown:
        raise wrong(f"unknown key {unknown[0]!r}; there are {', '.join(sorted(_KEYS))}")
    preset = rows.get("preset")
    if preset is not None and preset not in PRESETS:
        raise wrong(f"unknown preset {preset!r}; there are {', '.join(sorted(PRESETS))}")
    if rows.get("unknown", "warn") not in {"warn", "deny"}:
        raise wrong("unknown must be 'warn' or 'deny'")
    return Policy(
        preset=preset,
        allow=patterns(rows.get("allow", []), "allow", wrong),
        deny=patterns(rows.get("deny", []), "deny", wrong),
        unknown=rows.get("unknown", "warn"),
        strict=bool(rows.get("strict", False)),
        exceptions=_rules(rows.get("exception", []), "exception", ("component", "reason"), wrong),
        settle=_rules(rows.get("settle", []), "settle", ("component", "license", "reason"), wrong),
        accept=_rules(rows.get("accept", []), "accept", ("component", "finding", "reason"), wrong),
        license=license_,
    )


def patterns(values: object, name: str, wrong: Any) -> tuple[str, ...]:
    """Return license identifiers or patterns of them, checked; what SPDX does not know is a spelling mistake."""
    if not isinstance(values, list) or not all(isinstance(item, str) for item in values):
        raise wrong(f"{name} is not a list of texts")
    found = []
    for item in values:
        if "*" in item:
            found.append(item)
            continue
        known = normalise(item)
        if known is None or len(leaves(known)) != 1:
            raise wrong(f"{name}: {item!r} is no SPDX license identifier")
        found.append(known)
    return tuple(found)


def _rules(values: object, name: str, needed: Sequence[str], wrong: Any) -> tuple[Rule, ...]:
    if not isinstance(values, list) or not all(isinstance(item, dict) for item in values):
        raise wrong(f"{name} is not a list of tables")
    rules = []
    for index, item in enumerate(values):
        for key in needed:
            if not isinstance(item.get(key), str) or not item[key].strip():
                raise wrong(f"{name}[{index}] lacks {key!r}")
        extra = sorted(set(item) - {"component", "license", "reason", "finding"})
        if extra:
            raise wrong(f"{name}[{index}] has an unknown key {extra[0]!r}")
        license_ = item.get("license")
        if license_ is not None and normalise(license_) is None:
            raise wrong(f"{name}[{index}]: {license_!r} is no SPDX expression")
        rules.append(
            Rule(
                component=item["component"],
                reason=item["reason"].strip(),
                license=normalise(license_) if license_ else None,
                finding=item.get("finding"),
            )
        )
    return tuple(rules)


def _own_license(document: dict[str, Any]) -> str | None:
    project = document.get("project")
    said = project.get("license") if isinstance(project, dict) else None
    if isinstance(said, dict):
        said = said.get("text")
    return normalise(said) if isinstance(said, str) else None


def apply(report: Report, policy: Policy) -> Report:
    """Return the report with settlements, accepted findings and refusals; nothing is raised."""
    components = tuple(_settled(component, policy) for component in report.components)
    settled = {new.id: new for new, old in zip(components, report.components, strict=True) if new is not old}
    findings = []
    for finding in report.findings:
        if finding.code in {"relinking", "copyleft", "restricted", "incompatible"}:
            continue  # Made again below, as a settlement may have changed the license.
        if finding.component in settled and finding.code in _ABOUT_THE_LICENSE:
            findings.append(replace(finding, settled=settled[finding.component].verdict.reason))
            continue
        accepted = next(
            (
                rule
                for rule in policy.accept
                if rule.finding == finding.code and _names(rule.component, report, finding.component)
            ),
            None,
        )
        findings.append(replace(finding, settled=accepted.reason) if accepted else finding)
    own = policy.license or report.license
    again = [*linkage_findings(components), *compatibility_findings(own, components)]
    for finding in again:
        reason = next(
            (
                rule.reason
                for rule in policy.accept
                if rule.finding == finding.code and _names(rule.component, report, finding.component)
            ),
            None,
        ) or next(
            (rule.reason for rule in policy.exceptions if _names(rule.component, report, finding.component)), None
        )
        findings.append(replace(finding, settled=reason) if reason else finding)
    refreshed = replace(
        report,
        license=own,
        components=components,
        findings=sort_findings(findings),
        obligations=obligations(components),
        policy=policy.describe(),
    )
    return replace(refreshed, refusals=tuple(sorted(_refusals(refreshed, policy), key=lambda item: item.component)))


def enforce(report: Report, *, hint: str = "Nothing was written.") -> None:
    """Raise `PolicyError` if the policy refuses a component; the message names each with its chain and a way out."""
    if not report.refusals:
        return
    lines = []
    for refusal in report.refusals:
        component = report.component(refusal.component)
        lines.append(f"  {title(component, report)}: {refusal.reason}")
        if component.chain:
            lines.append(f"    in through {' -> '.join(step.name for step in component.chain)}")
        lines.append(f"    {refusal.remedy}")
    count = len(report.refusals)
    raise PolicyError(
        f"The license policy ({report.policy}) refuses {count} component{'' if count == 1 else 's'}:\n"
        + "\n".join(lines),
        hint=f"{hint} docs/licensing.md tells how to write exceptions and settlements.".lstrip(),
    )


def title(component: Component, report: Report) -> str:
    """Return how a message names a component: ``libquadmath 14.2.0 (in scipy)``."""
    name = f"{component.name} {component.version}".strip()
    return f"{name} (in {report.component(component.parent).name})" if component.parent else name


def _settled(component: Component, policy: Policy) -> Component:
    for rule in policy.settle:
        if _matches(rule.component, component):
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


def _refusals(report: Report, policy: Policy) -> Iterable[Refusal]:
    limited = policy.preset is not None or bool(policy.allow)
    for component in report.components:
        if component.kind is Kind.APPLICATION:
            continue
        expression = component.verdict.expression
        if any(
            _matches(rule.component, component) and (rule.license is None or rule.license == expression)
            for rule in policy.exceptions
        ):
            continue
        if expression is None:
            if policy.unknown == "deny" or policy.strict:
                yield Refusal(
                    component=component.id,
                    reason="its license is unknown",
                    remedy=_remedy(component, "settle"),
                )
            continue
        if satisfied(expression, lambda leaf: _accepted(leaf, policy, limited=limited)):
            continue
        denied = [leaf for leaf in leaves(expression) if _listed(leaf, policy.deny)]
        why = f"{', '.join(denied)} is denied" if denied else f"{expression} is not allowed"
        yield Refusal(component=component.id, reason=why, remedy=_remedy(component, "exception"))
    if policy.strict:
        refused = set()
        for finding in report.findings:
            if (
                finding.settled is None
                and finding.severity is not Severity.INFO
                and finding.code not in _HARMLESS | {"unknown-license", "ambiguous-license"}
                and finding.component not in refused
            ):
                refused.add(finding.component)
                yield Refusal(
                    component=finding.component,
                    reason=f"{finding.message} [{finding.code}]",
                    remedy=f'Look into it, and accept the finding "{finding.code}" with a reason in the policy.',
                )


def _accepted(leaf: str, policy: Policy, *, limited: bool) -> bool:
    if _listed(leaf, policy.deny):
        return False
    if _listed(leaf, policy.allow):
        return True
    if policy.preset is not None:
        return strength_of(leaf) <= PRESETS[policy.preset]
    return not limited


def _listed(leaf: str, listed: Iterable[str]) -> bool:
    base, _, exception = leaf.partition(" WITH ")
    # Who denies the GPL does not mean a license whose exception takes the GPL's reach away.
    lifted = bool(exception) and strength_of(leaf) is Strength.PERMISSIVE
    return any(
        fnmatch.fnmatchcase(leaf if " WITH " in item else base, item)
        for item in listed
        if " WITH " in item or not lifted
    )


def _remedy(component: Component, kind: str) -> str:
    if component.name in _ALWAYS or component.parent == "runtime/cpython":
        first = "Every binary holds it"
    elif component.kind in {Kind.LIBRARY, Kind.CRATE, Kind.VENDORED, Kind.DATA} and component.parent:
        what = component.parent.partition("/")[2]
        first = f"Replace {what} by a distribution without it, or build {what} from source without it"
    elif component.kind is Kind.RUNTIME:
        first = "Do without the standard library's modules that need it (castiron manifest explain)"
    else:
        importer = component.chain[-2].name if len(component.chain) > 1 else "the application"
        first = f"Do without it: {importer} asks for it"
    verb = "let it in with an exception" if kind == "exception" else "settle its license"
    return f"{first}; or {verb} and a written reason in [tool.castiron.licenses]."


def _names(pattern: str, report: Report, component: str) -> bool:
    return any(item.id == component and _matches(pattern, item) for item in report.components)


def _matches(pattern: str, component: Component) -> bool:
    owner = component.parent.partition("/")[2] if component.parent else ""
    options = {component.name, component.id, f"{owner}/{component.name}" if owner else component.name}
    wanted = pattern.lower()
    return any(fnmatch.fnmatchcase(option.lower(), wanted) for option in options)
