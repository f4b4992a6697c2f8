"""From evidence to a verdict: which of several statements about a license counts, and where they contradict.

An expression beats a bill of materials beats classifiers beats the free-text field beats recognised texts.  An
ambiguous classifier ("BSD License") is no verdict; it becomes one when a field or text says which of its licenses is
meant.  Several classifiers mean AND, unless the project says in words that they are a choice.
"""

from __future__ import annotations

import posixpath
import re
import textwrap
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.catalogue import known_license
from castiron_audit.license_files import read_listing
from castiron_audit.license_texts import closest, exceptions_in, notices, recognise
from castiron_audit.model import UNKNOWN, Evidence, Finding, Severity, Source, Verdict

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from castiron_manifest.model import Distribution, LicenseFile

_CHOICE = re.compile(
    r"dual[- ]licen[sc]|licen[sc]e[sd]? (?:file[s]? )?under (?:the terms of )?either"
    r"|under the terms of \W{0,2}either\W{0,2} of|either of (?:the|these) licen[sc]es"
    r"|at your (?:choice|option),? under|licen[sc]e[sd]?,? or\s*$|licen[sc]e`?_?,? or\s*\n"
    r"|your choice of|can (?:choose|use it under) either",
    re.IGNORECASE | re.MULTILINE,
)
_SHORT = 3000
"""Characters; a license file that only points to the license files beside it is shorter."""
_LICENSE_FILE = re.compile(
    r"^(?:un)?(?:licen[sc]e|copying|copyright)(?:[-_.](?P<which>.+?))?(?:\.(?:txt|md|rst))?$", re.IGNORECASE
)
_LICENSE_WORDS = re.compile(
    r"(?:apache|mit|bsd|mpl|gpl|lgpl|agpl|psf|python|isc|zlib|boost|unlicense|artistic|cc0|ofl|zpl|epl)(?:[-_.]?v?\d[\d.]*)?"
    r"(?:[-_.](?:only|clause|or-later|license))?",
    re.IGNORECASE,
)
_SAME_FAMILY = {
    "Python": "PSF",
    "CNRI-Python": "PSF",
    "CNRI-Python-GPL-Compatible": "PSF",
    "0BSD": "ISC",
    "X11": "MIT",
    "MIT-Modern-Variant": "MIT",
    "libpng": "Libpng",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """A verdict and what was odd on the way to it."""

    verdict: Verdict
    findings: tuple[Finding, ...] = ()


def is_main_file(path: str) -> bool:
    """Return whether a file of a ``.dist-info`` folder states the distribution's own license.

    Files in folders below (``licenses/vendor/llhttp/LICENSE``) and files named after something else
    (``LICENSE.libsodium.txt``) speak of third parties.
    """
    inner = path.split("/", 1)[1] if ".dist-info/" in path else path
    folder, name = posixpath.split(inner)
    if folder not in {"", "licenses", "licenses/licenses"} and folder != "licenses/LICENSES":
        return False
    match = _LICENSE_FILE.match(name)
    if match is None:
        return False
    which = match["which"]
    return which is None or which.lower() in {"txt", "md", "rst"} or _LICENSE_WORDS.fullmatch(which) is not None


def judge(
    component: str,
    distribution: Distribution,
    texts: Mapping[str, str],
    *,
    subject: Evidence | None = None,
    description: str = "",
) -> Judgement:
    """Return the verdict on a distribution.

    ``subject`` is what a bill of materials in the wheel says of the distribution itself, ``description`` the long
    description of its metadata, where projects say that their licenses are a choice.
    """
    metadata = f"{distribution.name} {distribution.version} METADATA"
    said = distribution.license
    findings: list[Finding] = []

    def note(code: str, severity: Severity, message: str) -> None:
        findings.append(Finding(code=code, severity=severity, component=component, message=message))

    evidence: list[Evidence] = []
    if said.expression is not None:
        expression = expressions.normalise(said.expression)
        evidence.append(Evidence(source=Source.EXPRESSION, where=metadata, says=said.expression, expression=expression))
        if expression is None:
            note("invalid-expression", Severity.WARNING, f"License-Expression {said.expression!r} is not valid SPDX.")
    if subject is not None:
        evidence.append(subject)
    heads = [(file, texts[file.sha256]) for file in said.files if is_main_file(file.path) and file.sha256 in texts]
    named = _from_texts(heads, said.text)
    choice = says_choice([text for _, text in heads if len(text) < _SHORT], description, said.text)
    field = None if said.text is None else expressions.from_field(said.text)

    own_texts = [read_listing(text).head for _, text in heads] or ([said.text] if said.text else [])
    classified, candidates = _classifiers(said.classifiers, field, named, own_texts, metadata, choice=choice)
    if classified is not None:
        evidence.append(classified)
    if said.text is not None and said.text.strip():
        short = " ".join(said.text.split())[:100]
        evidence.append(Evidence(source=Source.FIELD, where=metadata, says=short, expression=field))
    evidence += named

    # A field that is an SPDX expression of several licenses says more than a list of classifiers can.
    if field is not None and classified is not None and len(expressions.leaves(field)) > 1:
        evidence = [item for item in evidence if item is not classified] + [replace(classified, expression=None)]

    verdict = _strongest(evidence, named, choice=choice)
    if verdict.expression is None and (known := known_license(distribution.name)) is not None:
        verdict = _strongest([*evidence, known], [], choice=choice)
    if verdict.expression is None:
        shown = "; ".join(item.says for item in evidence if item.says) or "nothing"
        if candidates:
            note("ambiguous-license", Severity.ERROR, f"It says {shown}, which may mean {', '.join(candidates)}.")
        else:
            note("unknown-license", Severity.ERROR, f"Its license is unknown; it says: {shown}.")
    else:
        _contradictions(verdict, evidence, note)
        if verdict.source is Source.CLASSIFIER and " AND " in verdict.expression:
            note(
                "joined-classifiers",
                Severity.INFO,
                f"Several classifiers are joined ({verdict.expression}); nothing says that they are a choice.",
            )
        if verdict.source is Source.TEXT and re.search(r"GPL-\d\.\d-only|GFDL-\d\.\d-only", verdict.expression):
            note(
                "version-open",
                Severity.WARNING,
                "Only the license's text is there; it does not say if later versions may be chosen. "
                "The narrower is taken.",
            )
    return Judgement(verdict=verdict, findings=tuple(findings))


def judge_texts(where: str, text: str) -> tuple[Evidence, ...]:
    """Return what one license text says, the best first: recognised texts, else short notices."""
    found = recognise(text)
    extra = exceptions_in(text)
    evidence = []
    for match in found:
        expression = match.license
        if "GCC-exception-3.1" in extra and match.license == "GPL-3.0-only":
            # The exception's own text speaks of version 3 and its sources of "or any later version".
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
    # A text of one license may still say that other parts are under another one.
    known = {_plain(leaf) for item in evidence for leaf in expressions.leaves(item.expression or "")}
    for notice in notices(text):
        expression_ = expressions.normalise(notice)
        if expression_ is not None and not known & {_plain(leaf) for leaf in expressions.leaves(expression_)}:
            evidence.append(
                Evidence(source=Source.TEXT, where=where, says=f"refers to {notice}", expression=expression_)
            )
    return tuple(evidence)


def joined(evidence: Sequence[Evidence], *, choice: bool = False) -> str | None:
    """Return what several texts of one component amount to: all together, or any of them if they are a choice."""
    combine = expressions.either if choice else expressions.both
    return combine(item.expression for item in evidence if item.expression is not None)


def similar(left: str, right: str) -> bool:
    """Return whether two licenses are the same up to "or later"."""
    return _plain(left) == _plain(right)


def family(license_id: str) -> str:
    """Return the family of a license, near relatives counted as one."""
    base = license_id.split(" WITH ", maxsplit=1)[0]
    found = expressions.family(base)
    return _SAME_FAMILY.get(base, _SAME_FAMILY.get(found, found))


def _plain(license_id: str) -> str:
    base = license_id.split(" WITH ", maxsplit=1)[0]
    # CPython's LICENSE is the PSF license followed by those of its ancestors; SPDX has identifiers for both views.
    return "PSF-2.0" if base.startswith("Python-2.0") else re.sub(r"-(?:only|or-later)$", "", base)


def _from_texts(heads: Sequence[tuple[LicenseFile, str]], field: str | None) -> list[Evidence]:
    """Return what the distribution's own license texts say; long texts in the License field count as one."""
    named: list[Evidence] = []
    for file, text in heads:
        named += judge_texts(file.path, read_listing(text).head)
    if not heads and field is not None and len(field) > 200:
        named += judge_texts("METADATA, License", read_listing(unfolded(field)).head)
    return named


def unfolded(field: str) -> str:
    """Return a text of a metadata field without the indentation that continuation lines have there."""
    first, _, rest = field.partition("\n")
    return f"{first}\n{textwrap.dedent(rest)}"


def says_choice(heads: Iterable[str], description: str = "", field: str | None = None) -> bool:
    """Return whether a project says in words that its licenses are a choice."""
    about = "\n".join(
        block for block in re.split(r"\n{3,}", description) if re.search(r"licen[sc]e", block, re.IGNORECASE)
    )
    # "(at your option) any later version" is about versions.
    whole = "\n".join((*heads, about, (field or "")[:500]))
    return _CHOICE.search(re.sub(r"\(?at your option\)?,? any later", "", whole)) is not None


def _classifiers(
    classifiers: Sequence[str],
    field: str | None,
    named: Sequence[Evidence],
    own_texts: Sequence[str],
    where: str,
    *,
    choice: bool,
) -> tuple[Evidence | None, tuple[str, ...]]:
    """Return (evidence of the classifiers, candidates that nothing decides between)."""
    said = [item for item in classifiers if item.startswith("License ::") and not expressions.is_category(item)]
    if not said:
        return None, ()
    exact: list[str] = []
    groups: list[tuple[str, ...]] = []
    unknown: list[str] = []
    for item in said:
        expression, candidates = expressions.from_classifier(item)
        if expression is not None:
            exact.append(expression)
        elif candidates:
            groups.append(candidates)
        else:
            unknown.append(item)
    hints = list(expressions.leaves(field)) if field else []
    hints += [leaf for item in named if item.expression for leaf in expressions.leaves(item.expression)]
    open_: list[str] = []
    for candidates in groups:
        if any(item in candidates for item in exact):
            continue
        if len(candidates) == 1:
            exact.append(candidates[0])
            continue
        meant = [hint for hint in hints if any(_plain(hint) == _plain(candidate) for candidate in candidates)]
        if meant:
            exact.append(meant[0])
        elif nearest := next(filter(None, (closest(text, candidates) for text in own_texts)), None):
            # A text with other names in it is too far from the list's to be a verdict, yet decides between few.
            exact.append(nearest)
        else:
            open_ += candidates
    says = "; ".join(item.rsplit(" :: ", 1)[-1] for item in said)
    combined = None
    if exact and not open_ and not unknown:
        combined = expressions.either(exact) if choice else expressions.both(exact)
    return Evidence(source=Source.CLASSIFIER, where=where, says=says, expression=combined), tuple(open_)


def _strongest(evidence: Sequence[Evidence], named: Sequence[Evidence], *, choice: bool) -> Verdict:
    for item in evidence:
        if item.expression is not None and item.source is not Source.TEXT:
            similarity = max(
                (
                    text.similarity
                    for text in named
                    if text.similarity is not None and text.expression and _agrees(text.expression, item.expression)
                ),
                default=None,
            )
            return Verdict(
                expression=item.expression,
                source=item.source,
                where=item.where,
                similarity=similarity,
                evidence=tuple(evidence),
            )
    texts = [item for item in named if item.expression is not None]
    if not texts:
        return replace(UNKNOWN, evidence=tuple(evidence))
    found = [item.expression for item in texts if item.expression is not None]
    expression = expressions.either(found) if choice else expressions.both(found)
    return Verdict(
        expression=expression,
        source=Source.TEXT,
        where=", ".join(dict.fromkeys(item.where for item in texts)),
        similarity=min((item.similarity for item in texts if item.similarity is not None), default=None),
        evidence=tuple(evidence),
        reason="the project says that it is a choice" if choice and len(found) > 1 else "",
    )


def _agrees(left: str, right: str) -> bool:
    return bool(
        {_plain(leaf) for leaf in expressions.leaves(left)} & {_plain(leaf) for leaf in expressions.leaves(right)}
    )


def _contradictions(verdict: Verdict, evidence: Sequence[Evidence], note: object) -> None:
    """Report what says something else than the verdict; a text that a stronger statement explains does not."""
    assert callable(note)
    assert verdict.expression is not None
    own = {_plain(leaf) for leaf in expressions.leaves(verdict.expression)}
    families = {family(leaf) for leaf in expressions.leaves(verdict.expression)}
    texts = [item for item in evidence if item.source is Source.TEXT and item.expression]
    agreeing = any(_agrees(item.expression or "", verdict.expression) for item in texts)
    for item in evidence:
        if item.expression is None or item.source is verdict.source:
            continue
        other = {_plain(leaf) for leaf in expressions.leaves(item.expression)}
        if other & own:
            continue
        where = f"{item.source} ({item.where}) says {item.expression}, {verdict.source} says {verdict.expression}"
        if {family(leaf) for leaf in expressions.leaves(item.expression)} & families:
            if item.source is not Source.TEXT or not agreeing:
                note("contradiction", Severity.WARNING, f"{where}: another version of the license.")
        elif item.source is Source.TEXT and (agreeing or item.says.startswith("refers")):
            note(
                "undeclared-text",
                Severity.WARNING,
                f"{item.where} {item.says}, which {verdict.expression} does not name.",
            )
        else:
            note("contradiction", Severity.ERROR, f"{where}.")
