"""Turns license texts into evidence: which licenses a text is, contains or refers to, and what several amount to."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.license_rules.index import Kind
from castiron_audit.license_rules.kept import licenses_of
from castiron_audit.model import Evidence, Source

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_audit.license_rules.found import FoundLicense, LicensedText

POINTER_LENGTH = 3000
"""Characters; a shorter license file may only point to the license files beside it."""

_WHOLE = 0.8
"""Share of a text's words from which on it *is* a license and does not only contain it."""
_FRAGMENTS = 2
"""A text is unknown whose unknown part has so many times the words of all that is known in it ..."""
_UNKNOWN_WORDS = 100
"""... and at least so many."""

_BARE_NAME = 3
"""Words: "BSD license", and two words of a text that only happen to stand together; not "BSD 3-Clause License"."""

_CHOICE = re.compile(
    r"dual[- ]licen[sc]|tri[- ]?licen[sc]|licen[sc]e[sd]? (?:file[s]? )?under (?:the terms of )?either"
    r"|under the terms of \W{0,2}either\W{0,2} of|either of (?:the|these) licen[sc]es"
    r"|at your (?:choice|option),? under|licen[sc]e[sd]?,? or\s*$|licen[sc]e`?_?,? or\s*\n"
    r"|under (?:one|any|either) of (?:the )?(?:two|three|four|following|these|several) (?:\w+ )?licen[sc]es"
    r"|your choice of|can (?:choose|use it under) either",
    re.IGNORECASE | re.MULTILINE,
)
_OF_FILES = re.compile(r"\b(?:these|those|some|following)\s+(?:[\w.]+\s+)?files\b", re.IGNORECASE)
_VERSION = re.compile(r"^(?P<family>A?GPL|LGPL|GFDL)-\d\.\d-(?P<which>only|or-later)$")
_UNVERSIONED = {
    "GPL": "GPL-1.0-or-later",
    "LGPL": "LGPL-2.0-or-later",
    "AGPL": "AGPL-1.0-or-later",
    "GFDL": "GFDL-1.1-or-later",
}
"""What "the GPL" without a version means: any of them may be chosen (GPL, section "Revised versions")."""
_BSD = "BSD-3-Clause"
"""What "the BSD license" means where nothing else says which one."""
_UNLISTED_EXCEPTION = re.compile(r" WITH LicenseRef-[\w.-]+")
"""SPDX has no form for an exception that it does not list; without it, the license asks for more and not for less."""
_UNDER = re.compile(
    r"\bunder\s+(?:the\s+)?(?:terms\s+(?:and\s+conditions\s+)?of\s+(?:the\s+)?)?(?P<name>[A-Z][A-Za-z-]{1,12}?)"
    r"(?:\s+licen[cs]e)?,?\s*(?:[vV]ersion|[vV]er\.|[vV]\.?)?\s*-?(?P<version>\d+(?:\.\d+){0,2})\b"
)
_NUMBERED = re.compile(r"((?!BSD-|CC-)[A-Za-z-]+)-\d+\.\d+$")
"""A license of which another number is another version."""
_RESTRICTIONS = frozenset({"LicenseRef-scancode-commons-clause"})
"""What is added to a license and takes a right away: no exception that one may leave out."""
_LATER_ANOTHER = frozenset({"BUSL-1.1"})
"""Licenses that name the one by which they are replaced later."""
_OF_APACHE = frozenset({"LLVM-exception", "Swift-exception"})
"""Exceptions to the Apache License; all others are to licenses of the GPL family."""


def text_evidence(where: str, text: str) -> tuple[Evidence, ...]:
    """Return what one license text says: first the texts it is or contains, then its notices and references.

    Of a text that is mostly something else, what is known in it is evidence without an expression: its main part
    decides, and that is unknown.
    """
    read = licenses_of(text)
    licenses = [
        replace(item, expression=expressions.without_variants(item.expression))
        for item in read.found
        if item.specific and item.kind not in {Kind.INTRODUCTION, Kind.CLUE}
    ]
    if any(item.expression in _LATER_ANOTHER for item in licenses):
        # The license that it will be under some day is named in the text.
        licenses = [item for item in licenses if item.expression in _LATER_ANOTHER or item.kind is Kind.TEXT]
    among_texts = any(item.kind is Kind.TEXT and not item.exception for item in licenses)
    offered = _texts_of_a_choice(licenses)
    evidence: list[Evidence] = []
    for item in sorted(licenses, key=lambda item: (item.kind is not Kind.TEXT, item.kind is not Kind.NOTICE)):
        if item.expression in _RESTRICTIONS:
            expression: str | None = item.expression
        elif item.exception or item.expression in offered:
            expression = None
        else:
            expression = expressions.normalise(_UNLISTED_EXCEPTION.sub("", item.expression))
        if expression is not None and _only_repeats(item, expression, evidence):
            continue
        statement = _statement(where, item, expression, read, among_texts=among_texts)
        if statement not in evidence:
            evidence.append(statement)
    if not licenses and (named := _named_with_version(text)) is not None:
        says = f"says it is under {named}"
        evidence.append(Evidence(source=Source.TEXT, where=where, says=says, expression=named))
    evidence = _with_exceptions(evidence, [item.expression for item in licenses if item.exception])
    if _is_mostly_unknown(read):
        return tuple(
            replace(item, says=f"{item.says}, and most of it is no license that is known", expression=None)
            for item in evidence
        )
    return tuple(evidence)


def _named_with_version(text: str) -> str | None:
    """Return the license that a text names as SPDX does, where no rule knows it: "under the EUPL, version 1.2"."""
    for match in _UNDER.finditer(text):
        for version in (match["version"], f"{match['version']}.0"):
            if found := expressions.normalise(f"{match['name']}-{version}"):
                return found
    return None


def _texts_of_a_choice(licenses: Sequence[FoundLicense]) -> frozenset[str]:
    """Return the licenses whose texts all follow the statement that they are a choice."""
    first_lines: dict[str, int] = {}
    for item in licenses:
        if item.kind is Kind.TEXT:
            first_lines.setdefault(item.expression, item.line)
    offered: set[str] = set()
    for item in licenses:
        offers = expressions.base_licenses(item.expression)
        names = {name for name in first_lines if expressions.base_license(name) in offers}
        if (
            item.kind is not Kind.TEXT
            and " OR " in item.expression
            and all(item.line < first_lines[name] for name in names)
        ):
            offered |= names
    return frozenset(offered)


def _only_repeats(item: FoundLicense, expression: str, evidence: Sequence[Evidence]) -> bool:
    """Return whether a reference says nothing that a text or notice beside it does not say."""
    if item.kind not in {Kind.REFERENCE, Kind.TAG} or re.search(r" (?:OR|WITH) |-or-later$", expression):
        return False
    # An address may be that of all versions, and the text beside it tells which one is meant.
    if (numbered := _NUMBERED.match(expression)) and any(
        row.similarity is not None and (text := _NUMBERED.match(row.expression or "")) and text[1] == numbered[1]
        for row in evidence
    ):
        return True
    return expressions.base_licenses(expression) <= expressions.base_licenses(
        *(row.expression or "" for row in evidence)
    )


def _statement(
    where: str, item: FoundLicense, expression: str | None, read: LicensedText, *, among_texts: bool
) -> Evidence:
    if item.kind is Kind.TEXT:
        verb = "is the text of" if item.words >= _WHOLE * read.words else "contains the text of"
        similarity = round(item.similarity, 3)
    else:
        verb, similarity = "says it is under" if item.kind is Kind.NOTICE else "refers to", None
        # Texts of licenses name others: what is only named beside a text is told, and decides nothing.
        is_name = item.kind in {Kind.REFERENCE, Kind.TAG} and item.words <= _BARE_NAME
        if is_name and among_texts and not re.search(r" (?:OR|WITH) ", item.expression):
            verb, expression = "mentions", None
    return Evidence(
        source=Source.TEXT, where=where, says=f"{verb} {item.expression}", expression=expression, similarity=similarity
    )


def _is_mostly_unknown(read: LicensedText) -> bool:
    known = sum(item.words for item in read.found if item.specific)
    vague = sum(item.words for item in read.found if not item.specific and item.kind in {Kind.TEXT, Kind.NOTICE})
    unknown = read.open_words + vague
    return unknown >= _UNKNOWN_WORDS and unknown > _FRAGMENTS * known


def _with_exceptions(evidence: list[Evidence], exceptions: Sequence[str]) -> list[Evidence]:
    """Return the evidence with each exception at the first license that it can be to."""
    for exception in dict.fromkeys(exceptions):
        if exception.startswith("LicenseRef-") or any(
            f" WITH {exception}" in (item.expression or "") for item in evidence
        ):
            continue
        for place, item in enumerate(evidence):
            license_id = item.expression
            if license_id is None or " " in license_id:
                continue
            if license_id != "Apache-2.0" if exception in _OF_APACHE else "GPL-" not in license_id:
                continue
            if exception == "GCC-exception-3.1":
                # The exception's text names version 3, GCC's sources add "or any later version".
                license_id = license_id.replace("-only", "-or-later")
            evidence[place] = replace(item, expression=f"{license_id} WITH {exception}")
            break
    return evidence


def combined(evidence: Iterable[Evidence], *, choice: bool) -> str | None:
    """Return what several texts of one component amount to: all of them together, or any of them if it is a choice."""
    naming = [item for item in evidence if item.expression is not None]
    named = _without_implied(with_precise_names(naming), naming)
    for expression in named:
        # "Either of these two" says what the texts of both are there for.
        if " OR " in expression and expressions.base_licenses(*named) <= expressions.base_licenses(expression):
            return expression
    combine = expressions.any_of if choice else expressions.all_of
    return combine(named)


def with_precise_names(evidence: Sequence[Evidence]) -> list[str]:
    """Return the expressions, with the names that statements use made as precise as the others have them.

    "The GPL" is the version that is named elsewhere, "Artistic License" or "BSD license" the one of which the text is
    there.
    """
    named = list(dict.fromkeys(item.expression for item in evidence if item.expression is not None))
    texts = {item.expression for item in evidence if item.similarity is not None and item.expression}
    licenses = list(dict.fromkeys(name for expression in named for name in expressions.licenses_in(expression)))
    precise: dict[str, str] = {}
    for name in licenses:
        match = _VERSION.match(name)
        if match is None and name in texts:
            longer = []  # Its own text is there: BSD-3-Clause beside BSD-3-Clause-Modification is another license.
        elif match is None:
            longer = [text for text in sorted(texts) if text.startswith(f"{name}-") and " " not in text]
            if name == _BSD:
                longer += [text for text in sorted(texts) if text.startswith("BSD-") and " " not in text]
        elif name == _UNVERSIONED[match["family"]]:
            pattern = re.compile(rf"{match['family']}-\d")
            own = name.replace("-or-later", "-only")  # Beside the text of the first version, "or later" is meant.
            longer = [other for other in licenses if pattern.match(other) and other not in {name, own}]
        else:
            longer = []
        if longer:
            precise[name] = longer[0]
    return list(dict.fromkeys(_renamed(expression, precise) for expression in named))


def _renamed(expression: str, names: Mapping[str, str]) -> str:
    if names.keys().isdisjoint(expressions.licenses_in(expression)):
        return expression
    for operator in (" OR ", " AND "):
        parts = expression.split(operator)
        if not re.search(r"[()]| WITH ", expression) and all(" " not in part for part in parts):
            return operator.join(dict.fromkeys(names.get(part, part) for part in parts))
    return expression


def _without_implied(named: Sequence[str], evidence: Sequence[Evidence]) -> list[str]:
    """Return the expressions without those that others explain: versions, and the GPL as a part of the LGPL."""
    texts = {item.expression for item in evidence if item.similarity is not None}
    parsed = {name: match for name in named if (match := _VERSION.match(name))}
    implied: set[str] = set()
    for name, match in parsed.items():
        if name not in texts or match["which"] != "only":
            continue
        # The text of version 2 cannot say "or later" or name an exception; a notice beside it can.
        if any(other.startswith((name.replace("-only", "-or-later"), f"{name} WITH ")) for other in named):
            implied.add(name)
        # The LGPL is the GPL with more permissions, and comes with its text: COPYING beside COPYING.LESSER.
        if match["family"] == "GPL" and any(other["family"] == "LGPL" for other in parsed.values()):
            implied.add(name)
    return [name for name in named if name not in implied]


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
    if "at your option" in statements:
        statements = re.sub(r"\(?at your option\)?,? any later", "", statements)
    # "Modifications on these files are dual licensed" is not about all of it.
    return any(
        not _OF_FILES.search(re.split(r"\.\s|\n\s*\n", statements[: match.start()])[-1])
        for match in _CHOICE.finditer(statements)
    )
