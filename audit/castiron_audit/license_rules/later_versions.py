"""What a text grants in words about versions of the GNU licenses: "version 2 or (at your option) any later version".

Rules of whole notices do not have every wording, and a rule of the license's text may take the notice before it along.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.license_rules.index import Kind
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_audit.license_rules.found import FoundLicense

_NAME = (
    r"(?:(?:GNU\W+)?(?:(?P<kind>Lesser|Library|Affero)\W+(?:or\W+(?:Lesser|Library)\W+)?)?General\W+Public\W+Licen[sc]e"
    r"(?:\W+\(?[LA]?GPL\b\)?)?|\b(?:GNU\W+)?(?P<short>[LA]?GPL))"
)
_NUMBER = r"(?:v(?:ersion|er\b|\b)?\W{0,4})?(?P<number>[123](?:\.[01])?)(?!\d|\.\d)"
_LATER = (
    r"(?:\W{0,4}\+|\W+(?:or|and)\W+(?:at\W+your\W+(?:option|choice|discretion)\W+)?(?:any\W+)?"
    r"(?:later|newer|higher|greater)\b)"
)
_OTHER_NAME = r"General\W+Public|Licen[sc]ed?\b(?!\W+(?:as|version|either))|[LA]?GPL|\.\s"
_NAME_FIRST = re.compile(
    # What stands first is true of each name, and takes a third of the time where there is none.
    rf"(?=[GLA]){_NAME}(?:(?!{_OTHER_NAME})[^\d]){{0,110}}?{_NUMBER}(?:\W+of\W+the\W+licen[sc]e\b)?{_LATER}",
    re.IGNORECASE,
)
_NUMBER_FIRST = re.compile(
    rf"\bversion\W{{0,4}}{_NUMBER}{_LATER}(?:\W+versions?)?\W+of\W+(?:the\W+)?(?:terms\W+of\W+the\W+)?{_NAME}",
    re.IGNORECASE,
)
_TITLE = re.compile(
    r"^\W*GNU\s+(?:(?:LESSER|LIBRARY|AFFERO)\s+)?GENERAL\s+PUBLIC\s+LICENSE\W+Version\s+\d",
    re.IGNORECASE | re.MULTILINE,
)
_ANY_NAME = re.compile(_NAME, re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.:]\s|;\s*\n|\n\W*\n")
_BEFORE = 200
"""Characters of a sentence before the name of the license: "This program is free software; you can ..."."""
_FAMILY = re.compile(r"(?P<family>A?GPL|LGPL)-\d\.\d-(?:only|or-later)$")
_QUICK = re.compile(r"\b(?:later|newer|higher|greater)\b|\d\W{0,4}\+", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Grant:
    license_id: str
    first_line: int
    last_line: int
    words: int
    other_families: frozenset[str]
    """What else is named in the same lines."""


def with_later_versions(found: Sequence[FoundLicense], text: str) -> list[FoundLicense]:
    """Return what was found in a text, with the versions that its own words grant.

    The words count if they stand before the text of a GNU license, as those in it are its own.  They make a statement
    of the same lines precise (what a rule takes for "the LGPL" is "LGPL, version 3 or later"), and beside a text they
    are a notice.
    """
    if not any(_FAMILY.match(item.expression) for item in found):
        return list(found)
    result = list(found)
    for grant in _grants(text):
        narrow = grant.license_id.replace("-or-later", "-only")
        whole = next((item for item in found if item.kind is Kind.TEXT and item.expression == narrow), None)
        same = [place for place, item in enumerate(result) if _is_same_statement(item, grant)]
        for place in same:
            kind = result[place].kind if whole is None else Kind.NOTICE
            result[place] = replace(result[place], expression=grant.license_id, kind=kind)
        if not same and whole is not None:
            notice = replace(whole, expression=grant.license_id, kind=Kind.NOTICE, similarity=1.0)
            result.append(replace(notice, line=grant.first_line, words=grant.words))
    return list(dict.fromkeys(result))


def _is_same_statement(item: FoundLicense, grant: _Grant) -> bool:
    """Return whether an item is the same statement, read by a rule that does not know its version or its family."""
    match = _FAMILY.match(item.expression)
    return (
        match is not None
        and item.kind is not Kind.TEXT
        and grant.first_line <= item.line <= grant.last_line
        and match["family"] not in grant.other_families
    )


def _grants(text: str) -> Iterator[_Grant]:
    title = _TITLE.search(text)
    head = text[: title.start()] if title else text
    if not _QUICK.search(head):
        return
    for pattern in (_NAME_FIRST, _NUMBER_FIRST):
        for match in pattern.finditer(head):
            license_id = _license_id(match)
            if license_id is not None:
                before = _SENTENCE_END.split(head[max(0, match.start() - _BEFORE) : match.start()])[-1]
                last = head.count("\n", 0, match.end()) + 1
                first = last - match[0].count("\n") - before.count("\n")
                start, end = head.rfind("\n", 0, match.start()) + 1, head.find("\n", match.end())
                others = {_family(name) for name in _ANY_NAME.finditer(head, start, end if end >= 0 else len(head))}
                yield _Grant(license_id, first, last, len(match[0].split()), frozenset(others - {_family(match)}))


def _license_id(match: re.Match[str]) -> str | None:
    number = match["number"] if "." in match["number"] else f"{match['number']}.0"
    return expressions.normalise(f"{_family(match)}-{number}-or-later")


def _family(name: re.Match[str]) -> str:
    if name["short"]:
        return name["short"].upper()
    return {"lesser": "LGPL", "library": "LGPL", "affero": "AGPL"}.get((name["kind"] or "").lower(), "GPL")
