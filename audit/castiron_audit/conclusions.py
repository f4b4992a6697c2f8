"""Concludes the license of a distribution from evidence, and reports where pieces of evidence contradict each other.

A license expression outranks an SBOM, that outranks classifiers, those the free-text field, and that recognised texts;
but classifiers and field lose against a license file that is the text of another license.
An ambiguous classifier ("BSD License") concludes nothing unless a field or text says which of its licenses is meant.
Several classifiers mean AND, unless the project says in words that they are a choice.
"""

from __future__ import annotations

import posixpath
import re
import textwrap
from dataclasses import replace
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.catalogue import license_as_of_script, project_license
from castiron_audit.closest_license import closest
from castiron_audit.descriptions import choice_in_description, licenses_of_data, with_licenses_of_data
from castiron_audit.file_statements import FileStatements, file_statements
from castiron_audit.license_files import is_own_folder, is_own_license, split_license_file
from castiron_audit.model import UNKNOWN, Evidence, Finding, Severity, Source, Verdict
from castiron_audit.offered_licenses import are_offered
from castiron_audit.source_heads import later_version, license_of_heads, licenses_in_heads
from castiron_audit.text_evidence import (
    POINTER_LENGTH,
    combined,
    states_choice,
    text_evidence,
    unknown_license_message,
)
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from castiron_manifest.model import Distribution, LicenseFile

_GNU = frozenset({"GPL", "LGPL", "AGPL"})
"""Families of licenses."""
_VERSION_OPEN = (
    "There is only the license's text, which does not say whether later versions may be chosen; "
    "the narrower reading is taken."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Conclusion:
    """The concluded license of a distribution, and what was odd about the evidence."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Classified:
    """What the classifiers say."""

    evidence: Evidence | None
    """None if no classifier names a license."""
    candidates: tuple[str, ...]
    """Licenses of ambiguous classifiers between which nothing decides."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stated:
    """What the license files of a distribution state for single files of it."""

    files: Mapping[str, FileStatements]
    """By path of the license file."""

    @classmethod
    def read(
        cls,
        own: Sequence[tuple[LicenseFile, str]],
        others: Sequence[tuple[LicenseFile, str]],
        included: frozenset[str],
        parts: frozenset[str],
    ) -> _Stated:
        files: dict[str, FileStatements] = {}
        if included:
            for file, text in own:
                files[file.path] = file_statements(split_license_file(text).own_license, included, parts)
            for file, text in others:
                # Of a list of third parties only what it says of the distribution as a whole.
                files[file.path] = FileStatements(of_all=file_statements(text[:POINTER_LENGTH], included).of_all)
        return cls(files=files)

    def applied(self, from_texts: Sequence[Evidence]) -> list[Evidence]:
        """Return the evidence without licenses of files that are elsewhere, with those stated for all of it."""
        evidence = [
            replace(item, says=f"{item.says}, for files that do not go in", expression=None)
            if (stated := self.files.get(item.where)) and item.expression in stated.of_others
            else item
            for item in from_texts
        ]
        for path, stated in self.files.items():
            there = {item.expression for item in evidence if item.where == path}
            for expression in stated.of_all:
                if expression not in there:
                    says = f"says that its files are under {expression}"
                    evidence.append(Evidence(source=Source.TEXT, where=path, says=says, expression=expression))
        return evidence

    def with_parts(self, verdict: Verdict, from_texts: Sequence[Evidence]) -> Verdict:
        """Return the verdict of metadata that name one license, with those stated for files that go in, too."""
        naming = [
            item
            for item in from_texts
            if item.expression
            and (stated := self.files.get(item.where))
            and stated.names_included
            and not item.says.startswith("refers")
        ]
        said = verdict.expression or ""
        parts = combined(naming, choice=False)
        named = [item.expression for item in naming if item.expression]
        if parts is None or expressions.base_licenses(parts) <= expressions.base_licenses(said):
            return verdict
        if not expressions.shares_license(parts, said):
            return verdict
        return replace(
            verdict,
            expression=expressions.all_of(dict.fromkeys([said, *named])),
            reason=f"{', '.join(dict.fromkeys(item.where for item in naming))} states other licenses for files of it",
        )


def conclude_distribution(
    component_id: str,
    distribution: Distribution,
    texts: Mapping[str, str],
    *,
    sbom_evidence: Evidence | None = None,
    description: str = "",
    heads: Iterable[tuple[str, str]] = (),
    included: frozenset[str] = frozenset(),
    parts: frozenset[str] = frozenset(),
) -> Conclusion:
    """Return the license of a distribution.

    ``texts`` are its license texts by SHA-256; ``sbom_evidence`` is what an SBOM in the wheel says about the
    distribution itself; ``description`` is the long description of its metadata, where projects say that their licenses
    are a choice; ``heads`` are path and head of its source files, read only if versions are open; ``included`` and
    ``parts`` are its files that go in and the names of the third parties in it, for what license files state for files.
    """
    metadata = f"{distribution.name} {distribution.version} METADATA"
    declared = distribution.license
    own_files = [
        (file, texts[file.sha256]) for file in declared.files if is_own_license(file.path) and file.sha256 in texts
    ] or _in_own_folders(distribution, texts, included)
    others = [(file, texts[file.sha256]) for file in declared.files if file.sha256 in texts]
    stated = _Stated.read(own_files, [item for item in others if item not in own_files], included, parts)
    from_texts = stated.applied(_evidence_of_texts(own_files, declared.text))
    field = None if declared.text is None else expressions.from_field(declared.text)
    choice = states_choice(
        [text for _, text in own_files if len(text) < POINTER_LENGTH], description, declared.text
    ) or (
        # A field that joins licenses is stronger than names of files, and so is what is said of single files.
        " AND " not in (field or "")
        and not any(item.names_included for item in stated.files.values())
        and are_offered([file.path for file, _ in own_files], from_texts)
    )
    own_texts = [split_license_file(text).own_license for _, text in own_files]
    own_texts = own_texts or ([declared.text] if declared.text else [])
    classified = _classified(declared.classifiers, field, from_texts, own_texts, metadata, choice=choice)
    by_classifiers = classified.evidence
    there = frozenset(name for item in from_texts for name in expressions.licenses_in(item.expression or ""))
    by_description = choice_in_description(description, there, f"{metadata}, description")
    evidence = [
        *_evidence_of_expression(declared.expression, metadata),
        *([sbom_evidence] if sbom_evidence is not None else []),
        *([by_classifiers] if by_classifiers is not None else []),
        *_evidence_of_field(declared.text, field, metadata),
        *([by_description] if by_description is not None else []),
        *from_texts,
    ]
    # A field that is an SPDX expression of several licenses, or that says "or later", says more than classifiers can,
    # and so does a choice of which they name one side.
    if by_classifiers is not None and (
        (field is not None and _is_more_precise(field, by_classifiers.expression))
        or (
            by_description is not None
            and by_classifiers.expression in expressions.licenses_in(by_description.expression or "")
        )
    ):
        evidence.remove(by_classifiers)
        evidence.append(replace(by_classifiers, expression=None))

    verdict = _strongest(evidence, from_texts, choice=choice)
    known = project_license(distribution.name) or license_as_of_script(declared.text, metadata)
    if verdict.expression is None and known is not None:
        verdict = _strongest([*evidence, known], [], choice=choice)
    if verdict.expression is None:
        heads = list(heads)
        named = [*from_texts, *licenses_in_heads(heads, classified.candidates)]
        by_heads = _classified(declared.classifiers, field, named, own_texts, metadata, choice=choice).evidence
        if by_heads is not None and by_heads.expression is not None:
            verdict = _strongest([*evidence, by_heads], from_texts, choice=choice)
            verdict = replace(verdict, reason="the heads of its source files tell which ones the classifiers mean")
    if verdict.expression is None:
        by_heads = license_of_heads(heads)
        if by_heads is not None and _is_meant(by_heads.expression or "", classified.candidates):
            verdict = _strongest([*evidence, by_heads], [by_heads], choice=choice)
    if verdict.source in {Source.CLASSIFIER, Source.FIELD} and not choice:
        verdict = stated.with_parts(verdict, from_texts)
    of_data = licenses_of_data(description, included, f"{metadata}, description")
    if of_data and verdict.expression is not None:
        verdict = with_licenses_of_data(verdict, of_data)
    verdict = _with_declared_copyleft(verdict, by_classifiers, field)
    # "LGPL-2.1" without "-only" was written before there was the difference.
    is_stated = any(item.source is Source.EXPRESSION and "-only" in item.says for item in evidence)
    later = None
    if not is_stated:
        later = later_version(verdict.expression, heads)
        later = later or later_version(verdict.expression, [(f"{metadata}, description", description)])
    if later is not None:
        verdict = replace(
            verdict,
            expression=later.expression,
            source=later.source,
            where=later.where,
            similarity=None,
            evidence=(*verdict.evidence, later),
            reason=f"{later.where} allows later versions",
        )
    findings = [
        Finding(code=code, severity=severity, component=component_id, message=message)
        for code, severity, message in (
            *_invalid_expression(evidence),
            *_findings_on(verdict, [*evidence, *of_data], classified.candidates),
        )
    ]
    return Conclusion(verdict=verdict, findings=tuple(findings))


# --- evidence ---


def _in_own_folders(
    distribution: Distribution, texts: Mapping[str, str], included: frozenset[str]
) -> list[tuple[LicenseFile, str]]:
    """Return the license files in the distribution's own folders, those highest up, for one without any other."""
    found: dict[int, list[tuple[LicenseFile, str]]] = {}
    for file in distribution.license.files:
        folder, name = posixpath.split(file.path)
        is_own = ".dist-info/" not in file.path and is_own_folder(folder, distribution.name, included)
        if is_own and is_own_license(name) and file.sha256 in texts:
            found.setdefault(folder.count("/"), []).append((file, texts[file.sha256]))
    return found[min(found)] if found else []


def _evidence_of_expression(expression: str | None, where: str) -> list[Evidence]:
    if expression is None:
        return []
    normalised = expressions.normalise(expression)
    return [Evidence(source=Source.EXPRESSION, where=where, says=expression, expression=normalised)]


def _evidence_of_field(text: str | None, expression: str | None, where: str) -> list[Evidence]:
    if text is None or not text.strip():
        return []
    return [Evidence(source=Source.FIELD, where=where, says=" ".join(text.split())[:100], expression=expression)]


def _is_more_precise(field: str, classified: str | None) -> bool:
    if len(expressions.licenses_in(field)) > 1:
        return True
    return field.endswith("-or-later") and classified == field.replace("-or-later", "-only")


def _evidence_of_texts(own_files: Sequence[tuple[LicenseFile, str]], field: str | None) -> list[Evidence]:
    """Return what the distribution's own license texts say; a long text in the ``License`` field counts as one."""
    evidence: list[Evidence] = []
    for file, text in own_files:
        evidence += text_evidence(file.path, split_license_file(text).own_license)
    if not own_files and field is not None and len(field) > 200:
        evidence += text_evidence("METADATA, License", split_license_file(unfolded(field)).own_license)
    return evidence


def unfolded(field: str) -> str:
    """Return a text of a metadata field without the indentation that continuation lines have there."""
    first, _, rest = field.partition("\n")
    return f"{first}\n{textwrap.dedent(rest)}"


def _classified(
    classifiers: Sequence[str],
    field: str | None,
    from_texts: Sequence[Evidence],
    own_texts: Sequence[str],
    where: str,
    *,
    choice: bool,
) -> _Classified:
    """Return what the classifiers say, ambiguous ones decided by the ``License`` field or by license texts."""
    relevant = [item for item in classifiers if item.startswith("License ::") and not expressions.is_category(item)]
    if not relevant:
        return _Classified(evidence=None, candidates=())
    exact: list[str] = []
    ambiguous: list[tuple[str, ...]] = []
    unknown: list[str] = []
    for classifier in relevant:
        expression, candidates = expressions.from_classifier(classifier)
        if expression is not None:
            exact.append(expression)
        elif candidates:
            ambiguous.append(candidates)
        else:
            unknown.append(classifier)
    clues = list(expressions.licenses_in(field)) if field else []
    clues += [
        license_id for item in from_texts if item.expression for license_id in expressions.licenses_in(item.expression)
    ]
    undecided: list[str] = []
    for candidates in ambiguous:
        if any(item in candidates for item in exact):
            continue
        decided = _decide(candidates, clues, own_texts)
        if decided is not None:
            exact.append(decided)
        else:
            undecided += candidates
    says = "; ".join(item.rsplit(" :: ", 1)[-1] for item in relevant)
    expression = None
    if exact and not undecided and not unknown:
        expression = expressions.any_of(exact) if choice else expressions.all_of(exact)
    return _Classified(
        evidence=Evidence(source=Source.CLASSIFIER, where=where, says=says, expression=expression),
        candidates=tuple(undecided),
    )


def _decide(candidates: tuple[str, ...], clues: Sequence[str], own_texts: Sequence[str]) -> str | None:
    """Return which of an ambiguous classifier's licenses is meant, None if nothing decides."""
    if len(candidates) == 1:
        return candidates[0]
    bases = {expressions.base_license(candidate) for candidate in candidates}
    meant = [clue for clue in clues if expressions.base_license(clue) in bases]
    if meant:
        return meant[0] if len({expressions.base_license(clue) for clue in meant}) == 1 else None
    # A text with other names in it may be another license by its words, yet decide between a few.
    return next(filter(None, (closest(text, candidates) for text in own_texts)), None)


# --- conclusion ---


def _with_declared_copyleft(verdict: Verdict, classified: Evidence | None, field: str | None) -> Verdict:
    """Return the verdict of license texts with the GNU license that both classifiers and field name instead.

    A permissive text beside them is that of the packaging, or of a part; what both declare is not an oversight.
    """
    said = classified.expression if classified is not None else None
    if verdict.source is not Source.TEXT or verdict.expression is None or said is None or said != field:
        return verdict
    if not all(expressions.family(name) in _GNU for name in expressions.licenses_in(said)) or any(
        expressions.family(name) in _GNU for name in expressions.licenses_in(verdict.expression)
    ):
        return verdict
    reason = f"classifiers and License field name {said}, the license files {verdict.expression}"
    return replace(verdict, expression=expressions.all_of([verdict.expression, said]), reason=reason)


def _is_meant(expression: str, candidates: Sequence[str]) -> bool:
    """Return whether what heads of sources say is what an ambiguous classifier means, if there is one."""
    families = {expressions.family(item) for item in candidates}
    return not families or all(expressions.family(item) in families for item in expressions.licenses_in(expression))


def _strongest(evidence: Sequence[Evidence], from_texts: Sequence[Evidence], *, choice: bool) -> Verdict:
    """Return the verdict of the first statement that names a license; without one, that of the license texts."""
    for item in evidence:
        if item.expression is not None and item.source is not Source.TEXT and not _refuted(item, from_texts):
            similarities = [
                text.similarity
                for text in from_texts
                if text.similarity is not None
                and text.expression
                and expressions.shares_license(text.expression, item.expression)
            ]
            return Verdict(
                expression=item.expression,
                source=item.source,
                where=item.where,
                similarity=max(similarities, default=None),
                evidence=tuple(evidence),
            )
    naming = [item for item in from_texts if item.expression is not None]
    if not naming:
        return replace(UNKNOWN, evidence=tuple(evidence))
    return Verdict(
        expression=combined(naming, choice=choice),
        source=Source.TEXT,
        where=", ".join(dict.fromkeys(item.where for item in naming)),
        similarity=min((item.similarity for item in naming if item.similarity is not None), default=None),
        evidence=tuple(evidence),
        reason="the project says that it is a choice" if choice and len(naming) > 1 else "",
    )


def _refuted(item: Evidence, from_texts: Sequence[Evidence]) -> bool:
    """Return whether the license files grant another license than a classifier or field names: that is what counts."""
    if item.source not in {Source.CLASSIFIER, Source.FIELD}:
        return False
    said = item.expression or ""
    granted = [text.expression for text in from_texts if text.expression]
    whole = [
        text.expression
        for text in from_texts
        if text.expression and text.similarity is not None and not text.expression.startswith("LicenseRef-")
    ]
    if any(_has_other_versions(text, said) for text in granted):
        return True
    if any(name.endswith("-only") and name.replace("-only", "-or-later") in granted for name in _joined(said)):
        return True
    if any(text.startswith(f"{name} WITH ") for name in _joined(said) for text in granted):
        return True  # No classifier has exceptions.
    if not whole or any(expressions.shares_license(text, said) for text in granted):
        return False
    # Near relatives (MIT and X11, PSF and Python) have several names; another version is another license.
    related = any(expressions.related_families(text) & expressions.related_families(said) for text in whole)
    return not related or any(expressions.family(text) == expressions.family(said) for text in whole)


def _joined(expression: str) -> tuple[str, ...]:
    """Return the licenses that all apply; none if there is a choice among them."""
    return () if " OR " in expression else expressions.licenses_in(expression)


def _has_other_versions(granted: str, said: str) -> bool:
    """Return whether a license file states the choice that is said, but for versions: LGPL 2.1 where that says 2."""
    if granted == said or " OR " not in granted or " OR " not in said:
        return False
    sides = [expressions.licenses_in(expression) for expression in (granted, said)]
    families = [sorted(map(expressions.family, names)) for names in sides]
    return families[0] == families[1] and set(sides[0]) != set(sides[1])


# --- findings: code, severity, message ---


def _invalid_expression(evidence: Sequence[Evidence]) -> Iterator[tuple[str, Severity, str]]:
    for item in evidence:
        if item.source is Source.EXPRESSION and item.expression is None:
            yield "invalid-expression", Severity.WARNING, f"License-Expression {item.says!r} is not valid SPDX."


def _findings_on(
    verdict: Verdict, evidence: Sequence[Evidence], candidates: Sequence[str]
) -> Iterator[tuple[str, Severity, str]]:
    if verdict.expression is None:
        if candidates:
            said = "; ".join(item.says for item in evidence if item.says)
            yield "ambiguous-license", Severity.ERROR, f"It says {said}, which may mean one of {', '.join(candidates)}."
        else:
            yield "unknown-license", Severity.ERROR, unknown_license_message(evidence)
        return
    yield from _contradictions(verdict, verdict.expression, evidence)
    if verdict.source is Source.CLASSIFIER and " AND " in verdict.expression:
        yield (
            "joined-classifiers",
            Severity.INFO,
            f"Several classifiers are joined with AND ({verdict.expression}), as nothing says that they are a choice.",
        )
    if verdict.source is Source.TEXT and re.search(r"GPL-\d\.\d-only|GFDL-\d\.\d-only", verdict.expression):
        yield (
            "version-open",
            Severity.WARNING,
            _VERSION_OPEN,
        )


def _contradictions(
    verdict: Verdict, expression: str, evidence: Sequence[Evidence]
) -> Iterator[tuple[str, Severity, str]]:
    """Yield what names another license than the verdict's ``expression``, unless a stronger statement explains it."""
    families = expressions.related_families(expression)
    texts = [item.expression for item in evidence if item.source is Source.TEXT and item.expression]
    text_agrees = any(expressions.shares_license(text, expression) for text in texts)
    for item in evidence:
        if item.expression is None or item.source is verdict.source:
            continue
        if expressions.shares_license(item.expression, expression):
            continue
        statements = f"{item.source} ({item.where}) says {item.expression}, {verdict.source} says {expression}"
        if expressions.related_families(item.expression) & families:
            if item.source is not Source.TEXT or not text_agrees:
                yield "contradiction", Severity.WARNING, f"{statements}: another version of the license."
        elif item.source is Source.TEXT and (text_agrees or item.says.startswith("refers")):
            yield (
                "undeclared-text",
                Severity.WARNING,
                f"{item.where} {item.says}, which {expression} does not name.",
            )
        else:
            yield "contradiction", Severity.ERROR, f"{statements}."
