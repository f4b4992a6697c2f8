"""Reads what a project's long description says of its licenses: a choice of two, or that its data are under another."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.license_rules.index import Kind
from castiron_audit.license_rules.kept import licenses_of
from castiron_audit.model import Evidence, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castiron_audit.model import Verdict

_CHOICE_OF_TWO = re.compile(r"(?<![\w.-])([A-Z][\w.-]*\w)\s*(?:/|\bor\b|\bOR\b)\s*([A-Z][\w.-]*\w)")
_MARKUP = re.compile(r"\]\([^()\n]*\)|[`*\[\]]")
_GRANT = re.compile(
    r"\b(?:licen[sc]ed|released|distributed|available)\s+under\s+(?:the\s+)?(?:terms\s+of\s+)?(?:the\s+)?$"
)
_SENTENCE = re.compile(r"(?<=\.)\s+(?=[A-Z`*_])|\n\s*\n|\n(?=\s*[-*] )")
_OF_DATA = re.compile(
    r"\b(?:data|dataset|dictionar(?:y|ies)|word ?lists?|lexicon|corpus|fonts?|icons?)\b"
    r"(?:[^.]|\.(?=\w)){0,60}?\s(?:is|are)\s"
    r"(?:[\w ]{0,60}\b)?(?:licen[sc]ed|released|distributed|available|provided)\s+under\b"
    r"|\b(?:data|dictionary|font|icon)s?\s(?:files\s)?that\s(?:may|can)\sbe\s(?:re)?(?:distributed|used)\s+under\b",
    re.IGNORECASE,
)
_ELSEWHERE = re.compile(
    r"\bseparate|\bdownload|\bnot (?:included|bundled|part)|\boptional|\bown package", re.IGNORECASE
)
_CODE = re.compile(r"\.(?:pyi?|pyc|so|pyd|pth|typed)$|\.so\.|\.dist-info/")


def choice_in_description(description: str, there: frozenset[str], where: str) -> Evidence | None:
    """Return the choice of two licenses that a description states in identifiers, None if it states none.

    ``there`` are the licenses whose texts the distribution has: both, or one if the sentence grants the choice.
    """
    for line in description.splitlines():
        if not re.search(r"licen[cs]e|terms|available", line, re.IGNORECASE):
            continue
        plain = _MARKUP.sub("", line)
        for match in _CHOICE_OF_TWO.finditer(plain):
            names = [name for side in match.groups() if (name := expressions.normalise(side)) is not None]
            found = there.intersection(names)
            if len(names) == 2 and (len(found) == 2 or (found and _GRANT.search(plain[: match.start()]))):
                says = " ".join(match[0].split())
                return Evidence(source=Source.FIELD, where=where, says=says, expression=expressions.any_of(names))
    return None


def licenses_of_data(description: str, included: Iterable[str], where: str) -> list[Evidence]:
    """Return the licenses that a description states for the distribution's data, if files that are no code go in.

    "The data is licensed under ..."; what is said to be in another package or to be fetched does not count.
    """
    stated: dict[str, Evidence] = {}
    for sentence in _SENTENCE.split(description):
        match = _OF_DATA.search(sentence)
        if match is None or _ELSEWHERE.search(sentence):
            continue
        # What stands before the data is about something else.
        for item in licenses_of(sentence[match.start() :]).found:
            expression = expressions.normalise(item.expression) if item.specific and not item.exception else None
            if expression is not None and item.kind in {Kind.NOTICE, Kind.REFERENCE, Kind.TAG}:
                says = f"says that its data are under {expression}"
                evidence = Evidence(source=Source.TEXT, where=where, says=says, expression=expression)
                stated.setdefault(expression, evidence)
    for expression in list(stated):
        # "Creative Commons Attribution" is a part of the name of what its address tells.
        families = {expressions.family(name) for name in expressions.licenses_in(expression)}
        if any(
            expressions.family(other).startswith(f"{family}-")
            for family in families
            for other in stated
            if other != expression
        ):
            del stated[expression]
    return list(stated.values()) if any(not _CODE.search(path) for path in included) else []


def with_licenses_of_data(verdict: Verdict, of_data: Sequence[Evidence]) -> Verdict:
    """Return the verdict with the licenses of the distribution's data; an SPDX expression stands alone."""
    verdict = replace(verdict, evidence=(*verdict.evidence, *of_data))
    licenses = [item.expression for item in of_data if item.expression]
    said = verdict.expression or ""
    if verdict.source is Source.EXPRESSION or expressions.base_licenses(*licenses) <= expressions.base_licenses(said):
        return verdict
    expression = expressions.all_of([said, *licenses])
    return replace(verdict, expression=expression, reason=f"{of_data[0].where} states another license for its data")
