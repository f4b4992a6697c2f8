"""Finds the licenses in a text: tags, then rules that it has exactly, then rules for the rest that it nearly has."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit.license_rules.choices import with_choices
from castiron_audit.license_rules.exact import exact_matches
from castiron_audit.license_rules.filters import chosen, without_lists, without_unspecific
from castiron_audit.license_rules.found import FoundLicense, LicensedText
from castiron_audit.license_rules.index import Kind, rule_index
from castiron_audit.license_rules.later_versions import with_later_versions
from castiron_audit.license_rules.match import Taken
from castiron_audit.license_rules.similar import similar_matches
from castiron_audit.license_rules.tags import without_tags
from castiron_audit.license_rules.third_clause import with_third_clause
from castiron_audit.license_rules.words import read_words

if TYPE_CHECKING:
    from castiron_audit.license_rules.index import RuleIndex
    from castiron_audit.license_rules.match import RuleMatch
    from castiron_audit.license_rules.words import Words

_OPEN_WORDS = 6
"""Words specific to licenses in no exact match, from which on rules that a text nearly has are looked for."""


_TAG_WORDS = ("SPDX", "License", "Identifier")


def find_licenses(text: str) -> LicensedText:
    """Return the licenses that a text is, contains, states or refers to; any text of any size."""
    index = rule_index()
    rest, tags = without_tags(text, index)
    words = read_words(rest, index)
    matches = chosen(exact_matches(words, index), words, index)
    open_words = _open_words(matches, words)
    if open_words.count(1) >= _OPEN_WORDS:
        matches = chosen([*matches, *similar_matches(words, index, open_words)], words, index)
        open_words = _open_words(matches, words)
    true = [match for match in matches if match.kind is not Kind.FALSE_POSITIVE]
    licenses = with_third_clause(without_unspecific(without_lists(true)), rest, words)
    found = [
        *(_from_tag(expression, line) for line, expression in tags),
        *(_from_match(match, words, index) for match in with_choices(licenses, words, index) if match.expression),
    ]
    return LicensedText(
        found=tuple(sorted(with_later_versions(found, rest), key=lambda item: item.line)),
        words=len(words.numbers) + words.unknown,
        open_words=open_words.count(1),
    )


def _open_words(matches: list[RuleMatch], words: Words) -> bytes:
    taken = Taken(len(words.numbers))
    for match in matches:
        taken.add(match)
    return taken.free(words.legalese)


def _from_tag(expression: str, line: int) -> FoundLicense:
    """Return what a tag of SPDX says: more than one of a rule, whose words may stand together by chance."""
    size = len(_TAG_WORDS) + len(expression.split())
    return FoundLicense(
        expression=expression, kind=Kind.NOTICE, specific=True, exception=False, line=line, words=size, similarity=1.0
    )


_JOINED = re.compile(r"([\w.+-]+) AND ([\w.-]+)")


def _from_match(match: RuleMatch, words: Words, index: RuleIndex) -> FoundLicense:
    joined = _JOINED.fullmatch(match.expression)
    is_exception = joined is not None and joined[2] in index.exceptions
    return FoundLicense(
        # Some rules join an exception as if it were a license.
        expression=match.expression.replace(" AND ", " WITH ") if is_exception else match.expression,
        kind=match.kind,
        specific=index.generic.isdisjoint(re.findall(r"[\w.+-]+", match.expression)),
        exception=match.expression in index.exceptions,
        line=words.lines[match.start],
        words=match.length,
        similarity=match.coverage,
    )
