"""Writes THIRD-PARTY-NOTICES: every component with its copyright notices, and every license text once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from castiron_audit.copyleft import strength_of
from castiron_audit.expressions import choose
from castiron_audit.model import Kind
from castiron_audit.spdx_list import PLACEHOLDER, UNFILLED, has_blanks, license_name, license_text

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_audit.model import Component, Report

_RULE = "=" * 80
_THIN = "-" * 80
_ELSEWHERE = "/usr/share/common-licenses/"
"""Where Debian's copyright files find the texts that they do not quote."""


def notices(report: Report) -> str:
    """Return the notices of all components but the application itself."""
    others = [component for component in report.components if component.kind is not Kind.APPLICATION]
    texts = dict(report.texts)
    numbers: dict[str, int] = {}
    users: dict[str, list[tuple[Component, str]]] = {}
    for component in others:
        for text in component.texts:
            key = _unwrapped(texts[text.sha256])
            numbers.setdefault(key, len(numbers) + 1)
            users.setdefault(key, []).append((component, text.path))
    bodies = {_unwrapped(text): text for _, text in reversed(report.texts)}
    standard = standard_texts(others, texts)
    named_by = {name: {component.id for component in standard[name]} for name in standard}

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
        lines.append(report.display_name(component))
        lines.append(f"  License: {component.verdict.expression or 'unknown'}")
        if component.verdict.reason:
            lines.append(f"  {component.verdict.reason}")
        if component.home_page:
            lines.append(f"  {component.home_page}")
        lines += [f"  {line}" for line in component.copyrights]
        references = [
            f"[{number}]"
            for number in dict.fromkeys(numbers[_unwrapped(texts[item.sha256])] for item in component.texts)
        ]
        references += [f"[{name}]" for name in standard if component.id in named_by[name]]
        if references:
            lines.append(f"  Texts: {' '.join(references)}")
        lines.append("")
    for key, number in numbers.items():
        lines += [_RULE, f"[{number}]"]
        lines += sorted({f"{component.name}: {path}" for component, path in users[key]})
        lines += [_RULE, "", bodies[key].strip("\n"), ""]
    if standard:
        lines += [
            _RULE,
            "Texts of the SPDX License List, for components that came without a whole text of their own",
            _RULE,
            "",
        ]
    for name in standard:
        lines += [
            _THIN,
            f"[{name}] {license_name(name) or name}",
            _THIN,
            "",
            without_placeholders(license_text(name) or "").strip("\n"),
            "",
        ]
    return "\n".join(lines).rstrip("\n") + "\n"


def without_placeholders(text: str) -> str:
    """Return a text of the SPDX License List without what is to be filled in: "Copyright (c) <year> <owner>"."""
    lines = [line for line in text.splitlines() if not UNFILLED.match(line)]
    return PLACEHOLDER.sub(lambda match: f"the {match[1].lower()}", "\n".join(lines))


def _unwrapped(text: str) -> str:
    """Return a text without its layout: copies that differ in white space only are one text."""
    return " ".join(text.split())


def standard_texts(components: list[Component], texts: Mapping[str, str]) -> dict[str, list[Component]]:
    """Return the licenses whose texts come from the SPDX list, with the components that have no whole text of theirs.

    ``texts`` are those of the report by SHA-256.  Debian's copyright files name the files of well-known licenses
    instead of quoting these, and are no whole texts.
    """
    needed: dict[str, list[Component]] = {}
    for component in components:
        if component.verdict.expression is None:
            continue
        refers = any(_ELSEWHERE in texts[item.sha256] for item in component.texts)
        if component.texts and not refers:
            continue
        # Of a choice, rather a license whose text is whole as it is than one in which a name is to be filled in.
        for license_id in choose(
            component.verdict.expression, lambda name: 2 * strength_of(name) + has_blanks(name.partition(" WITH ")[0])
        ):
            for license_or_exception in license_id.split(" WITH "):
                quoted = refers and has_blanks(license_or_exception)
                if license_text(license_or_exception) is not None and not quoted:
                    needed.setdefault(license_or_exception, []).append(component)
    return dict(sorted(needed.items()))
