"""Reads ``SPDX-License-Identifier:`` lines (SPDX 2.3, annex E), and addresses that end in an SPDX expression."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit import expressions

if TYPE_CHECKING:
    from castiron_audit.license_rules.index import RuleIndex

_TAG = re.compile(
    r"(?:\bspd[xz][-\s]+lin?[cs]en?[sc]es?[-\s]+identifi?er[ \t]*:?|\blicenses\.nuget\.org[ \t]*[:/]?)(.*)",
    re.IGNORECASE,
)
_EXPRESSION = re.compile(
    r"[\s\"'`*#:/<>=]*([(\s]*[A-Za-z0-9][\w.+-]*[)\s]*(?:\b(?:AND|OR|WITH)\b[\s(]*[A-Za-z0-9][\w.+-]*[)\s]*)*)",
    re.IGNORECASE,
)
_KEYWORDS = {"and", "or", "with"}


def without_tags(text: str, index: RuleIndex) -> tuple[str, tuple[tuple[int, str], ...]]:
    """Return the text without these tags, and (line, expression) of each; lines are counted from 1."""
    if not _may_have_tag(text):
        return text, ()
    found: list[tuple[int, str]] = []
    rest: list[str] = []
    end, line = 0, 1
    for match in _TAG.finditer(text):
        expression = _read(match[1], index)
        if expression is not None:
            line += text.count("\n", end, match.start())
            found.append((line, expression))
            rest.append(text[end : match.start()])
            end = match.end()
    return "".join((*rest, text[end:])), tuple(found)


def _may_have_tag(text: str) -> bool:
    """Return whether a text has one of the words that tags begin with: a search for strings takes a hundredth."""
    folded = text.casefold()
    return "spdx" in folded or "spdz" in folded or "nuget" in folded


def _read(content: str, index: RuleIndex) -> str | None:
    match = _EXPRESSION.match(content.replace("%20", " "))
    if match is None:
        return None
    written = match[1]
    if written.count("(") != written.count(")"):
        written = re.sub(r"[()]", " ", written)
    words = re.findall(r"[\w.+-]+", written)
    names = [word for word in words if word.lower() not in _KEYWORDS]
    known = [_identifier(name, index) for name in names]
    # A list without operators is a choice, as in U-Boot's files.
    rest = re.findall(r"[\w.+-]+", content[match.end() :])
    if len(names) == 1 and known[0] and rest and all(_identifier(name, index) for name in rest):
        known += [_identifier(name, index) for name in rest]
        return expressions.any_of([item for item in known if item])
    if not all(known):
        return None
    renamed = re.sub(
        r"[\w.+-]+",
        lambda word: word[0].upper() if word[0].lower() in _KEYWORDS else _identifier(word[0], index) or word[0],
        written,
    )
    return expressions.normalise(renamed.strip())


def _identifier(name: str, index: RuleIndex) -> str | None:
    name = name.rstrip(".-")
    plain = expressions.normalise(name)
    return plain if plain is not None else index.aliases.get(name.lower())
