"""Turns license texts into evidence: which licenses a text is, contains or refers to, and whether they are a choice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.license_texts import exceptions_in, license_references, recognise
from castiron_audit.model import Evidence, Source

if TYPE_CHECKING:
    from collections.abc import Iterable

POINTER_LENGTH = 3000
"""Characters; a shorter license file may only point to the license files beside it."""

_CHOICE = re.compile(
    r"dual[- ]licen[sc]|licen[sc]e[sd]? (?:file[s]? )?under (?:the terms of )?either"
    r"|under the terms of \W{0,2}either\W{0,2} of|either of (?:the|these) licen[sc]es"
    r"|at your (?:choice|option),? under|licen[sc]e[sd]?,? or\s*$|licen[sc]e`?_?,? or\s*\n"
    r"|your choice of|can (?:choose|use it under) either",
    re.IGNORECASE | re.MULTILINE,
)


def text_evidence(where: str, text: str) -> tuple[Evidence, ...]:
    """Return what one license text says: first the texts it is or contains, best match first, then its references."""
    has_gcc_exception = "GCC-exception-3.1" in exceptions_in(text)
    evidence = []
    for match in recognise(text):
        expression = match.license
        if has_gcc_exception and expression == "GPL-3.0-only":
            # The exception's text names version 3, GCC's sources add "or any later version".
            expression = "GPL-3.0-or-later WITH GCC-exception-3.1"
        evidence.append(
            Evidence(
                source=Source.TEXT,
                where=where,
                says=f"{'is' if match.whole else 'contains'} the text of {match.license}",
                expression=expression,
                similarity=match.similarity,
            )
        )
    # The text of one license may be followed by the remark that some files are under another one.
    known = expressions.base_licenses(*(item.expression or "" for item in evidence))
    for reference in license_references(text):
        referred = expressions.normalise(reference)
        if referred is not None and not known & expressions.base_licenses(referred):
            evidence.append(
                Evidence(source=Source.TEXT, where=where, says=f"refers to {reference}", expression=referred)
            )
    return tuple(evidence)


def combined(evidence: Iterable[Evidence], *, choice: bool) -> str | None:
    """Return what several texts of one component amount to: all of them together, or any of them if it is a choice."""
    combine = expressions.any_of if choice else expressions.all_of
    return combine(item.expression for item in evidence if item.expression is not None)


def unknown_license_message(evidence: Iterable[Evidence]) -> str:
    """Return the message of the finding ``unknown-license``."""
    said = "; ".join(item.says for item in evidence if item.says)
    return f"Its license is unknown; it says: {said}." if said else "Its license is unknown; nothing names one."


def states_choice(license_files: Iterable[str], description: str = "", field: str | None = None) -> bool:
    """Return whether a project says in words that its licenses are a choice.

    ``description`` is the long description and ``field`` the ``License`` field of its metadata.
    """
    about_licenses = "\n".join(
        block for block in re.split(r"\n{3,}", description) if re.search(r"licen[sc]e", block, re.IGNORECASE)
    )
    statements = "\n".join((*license_files, about_licenses, (field or "")[:500]))
    # "(at your option) any later version" is about versions.
    return _CHOICE.search(re.sub(r"\(?at your option\)?,? any later", "", statements)) is not None
