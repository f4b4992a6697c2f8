"""THIRD-PARTY-NOTICES: who wrote what is in the binary, and every license text once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.copyleft import chosen
from castiron_audit.license_texts import license_name, license_text
from castiron_audit.model import Kind

if TYPE_CHECKING:
    from castiron_audit.model import Component, Report

_RULE = "=" * 80
_THIN = "-" * 80


def notices(report: Report) -> str:
    """Return the notices of everything but the application itself."""
    others = [component for component in report.components if component.kind is not Kind.APPLICATION]
    texts = dict(report.texts)
    numbers: dict[str, int] = {}
    users: dict[str, list[tuple[Component, str]]] = {}
    for component in others:
        for text in component.texts:
            key = _same(texts[text.sha256])
            numbers.setdefault(key, len(numbers) + 1)
            users.setdefault(key, []).append((component, text.path))
    bodies = {_same(text): text for _, text in reversed(report.texts)}
    standard = _standard(others)

    lines = [
        f"THIRD-PARTY NOTICES for {report.name}",
        "",
        f"{report.name} is one executable file that contains the software listed here. The numbers in brackets refer",
        "to the license texts below. This list was made by " + report.generator + ".",
        "",
        _RULE,
        "",
    ]
    for component in others:
        of = f" (in {report.component(component.parent).name})" if component.parent else ""
        lines.append(f"{component.name} {component.version}".strip() + of)
        lines.append(f"  License: {component.verdict.expression or 'unknown'}")
        if component.verdict.reason:
            lines.append(f"  {component.verdict.reason}")
        if component.home_page:
            lines.append(f"  {component.home_page}")
        lines += [f"  {line}" for line in component.copyrights]
        marks = [
            f"[{number}]" for number in dict.fromkeys(numbers[_same(texts[item.sha256])] for item in component.texts)
        ]
        marks += [f"[{name}]" for name in standard if component in standard[name]]
        if marks:
            lines.append(f"  Texts: {' '.join(marks)}")
        lines.append("")
    for key, number in numbers.items():
        lines += [_RULE, f"[{number}]"]
        lines += sorted({f"{component.name}: {path}" for component, path in users[key]})
        lines += [_RULE, "", bodies[key].strip("\n"), ""]
    if standard:
        lines += [
            _RULE,
            "Texts of the SPDX License List, for components that came without a text of their own",
            _RULE,
            "",
        ]
    for name in standard:
        lines += [
            _THIN,
            f"[{name}] {license_name(name) or name}",
            _THIN,
            "",
            (license_text(name) or "").strip("\n"),
            "",
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def _same(text: str) -> str:
    """Return what two copies of a text have in common: line ends and layout do not matter."""
    return " ".join(text.split())


def _standard(components: list[Component]) -> dict[str, list[Component]]:
    """Return the licenses whose text no file brings, by identifier, with the components that need it."""
    needed: dict[str, list[Component]] = {}
    for component in components:
        if component.texts or component.verdict.expression is None:
            continue
        for leaf in chosen(component.verdict.expression):
            for part in leaf.split(" WITH "):
                if license_text(part) is not None:
                    needed.setdefault(part, []).append(component)
    return dict(sorted(needed.items()))
