"""Recognises license texts: compares them with the texts of the SPDX License List by word trigrams.

Two questions are asked of a file.  Is it *one* license (Dice coefficient of the two sets of trigrams)?  If not, which
licenses does it *contain* (share of a license's trigrams that the file has)?  Layout, punctuation, copyright lines and
comment signs do not count, as SPDX's matching guidelines say (annex B of SPDX 2.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from castiron_audit.spdx_list import license_list

SAME = 0.90
"""Dice coefficient from which on a text is that license."""

CONTAINS = 0.92
"""Share of a license's trigrams from which on a file contains it."""

_LONG = 800
"""Trigrams; MIT has 160, the Apache License 1,500."""

UNSHARED = 0.70
"""Share of a contained license's trigrams that no longer license in the same file has; MIT shares a fifth with some."""

RESEMBLES = 0.65
"""Dice coefficient from which on a text decides between a few licenses that a classifier allows."""

_MAX_TEXT = 2_000_000
_WORD = re.compile(r"[a-z0-9]+")
_COPYRIGHT_LINE = re.compile(
    r"^\W*(?:(?:portions )?copyright\W{0,3}(?:\(c\)|©|\d{4}|by\b|<|\[|\{|holder>|years?\b|notice>).*"
    r"|(?:\(c\)|©)\s*\d{4}.*|all rights reserved\W*)$",
    re.MULTILINE,
)
_PLACEHOLDER = re.compile(r"<[^<>\n]{1,60}>|\[[^\[\]\n]{1,40}\]|\{[^{}\n]{1,40}\}")
_BULLET = re.compile(r"^\s*(?:\(?(?:\d{1,2}|[a-z]|[ivx]{1,4})[.)]|[-*•])\s+", re.MULTILINE)
_HOW_TO_APPLY = re.compile(r"END OF TERMS AND CONDITIONS")
_SAME_WORDS = {
    "licence": "license",
    "licences": "licenses",
    "licenced": "licensed",
    "merchantibility": "merchantability",
    "noninfringement": "noninfringement",
    "copyrights": "copyright",
    "holders": "holder",
    "owner": "holder",
    "contributor": "contributors",
    "http": "https",
}

_COMMON = (
    "MIT", "BSD-3-Clause", "BSD-2-Clause", "Apache-2.0", "ISC", "PSF-2.0", "Python-2.0", "MPL-2.0", "Zlib", "0BSD",
    "GPL-2.0-only", "GPL-3.0-only", "LGPL-2.1-only", "LGPL-3.0-only", "LGPL-2.0-only", "AGPL-3.0-only", "MIT-CMU",
    "HPND", "Unlicense", "CC0-1.0", "BSL-1.0", "MIT-0", "OFL-1.1", "Bitstream-Vera", "ZPL-2.1", "CNRI-Python",
    "BSD-1-Clause", "BSD-4-Clause", "Artistic-2.0", "Artistic-1.0-Perl", "libtiff", "FTL", "IJG", "curl", "bzip2-1.0.6",
    "X11", "NCSA", "Unicode-3.0", "Unicode-DFS-2016", "OpenSSL", "Libpng", "libpng-2.0", "EPL-2.0", "EPL-1.0",
    "Beerware", "WTFPL", "PostgreSQL", "BSD-3-Clause-Clear", "BSD-3-Clause-Open-MPI", "OLDAP-2.8", "Sleepycat",
)  # fmt: skip
"""Compared first, and preferred where two match equally well: the others are mostly variants of these."""

_EXCEPTIONS = ("GCC-exception-3.1", "Classpath-exception-2.0", "LLVM-exception", "Universal-FOSS-exception-1.0")

_ISC_WITH_AUTHOR = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without
fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.
THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE."""

_DISTINCTIVE_WORDS: dict[str, tuple[str | None, str | None]] = {
    "ISC": ("provided that the above copyright", None),
    "0BSD": (None, "provided that the above copyright"),
    "JSON": ("good not evil", None),
    "MIT": ("permission notice shall be included", "good not evil"),
    "MIT-0": (None, "permission notice shall be included"),
    "BSD-4-Clause": ("all advertising materials", None),
    "BSD-4-Clause-UC": ("all advertising materials", None),
    "BSD-3-Clause": ("name", "all advertising materials"),
    "BSD-2-Clause": (None, "endorse or promote products"),
    "BSD-1-Clause": (None, "redistributions in binary form must"),
    "BSD-3-Clause-Clear": ("no express or implied licenses to any party s patent", None),
    "Python-2.0": ("zope", None),
}
"""What tells near relatives apart: words that must be in the text, and words that must not."""

_CONTAINED_IN_OTHERS = {"BSD-1-Clause", "MIT-0", "0BSD"}
"""Licenses whose text is contained in that of a longer one."""

_OTHER_WORDINGS = {"ISC": _ISC_WITH_AUTHOR}
"""Wordings of a license that the list's one text does not cover."""

_REFERENCES = (
    ("MPL-2.0", r"subject to the terms of the mozilla public license,?\s+v(?:ersion|\.)?\s*2\.0"),
    ("Apache-2.0", r"licensed under the apache license,? version 2\.0"),
    ("CC0-1.0", r"creativecommons\.org/publicdomain/zero/1\.0"),
    ("OFL-1.1", r"sil open font license,? version 1\.1"),
    ("AGPL-{}", r"gnu affero general public license\s+as\s+published"),
    ("LGPL-{}", r"gnu (?:lesser|library)(?: or library)? general public license\s+as\s+published"),
    ("GPL-{}", r"gnu general public license\s+as\s+published"),
)
"""Short notices by which files refer to a license whose text is elsewhere."""
_REFERENCE_VERSION = re.compile(r"\bversion (\d(?:\.\d)?)(?=\D)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A license recognised in a text."""

    license: str
    """SPDX identifier; of the GPL family the ``-only`` one, as the text does not say whether later ones are allowed."""
    similarity: float
    whole: bool
    """True if the text is this license; False if the text contains it."""


@lru_cache(maxsize=1024)
def recognise(text: str) -> tuple[Match, ...]:
    """Return the licenses that a text is or contains, the best match first; empty if SPDX lists none of them.

    A text that is one license may be followed by others; those are returned, too.
    """
    word_list = words(text)
    trigrams = _trigrams_of(word_list)
    if not trigrams:
        return ()
    plain = " ".join(word_list)
    whole = _whole(trigrams, plain, _COMMON) or _whole(trigrams, plain, None)
    if whole is None:
        return _contained(trigrams, plain)
    rest = trigrams.difference(*_license_trigrams(whole.license))
    return (whole, *(match for match in _contained(rest, plain) if match.license != whole.license))


def closest(text: str, candidates: tuple[str, ...]) -> str | None:
    """Return the one of a few licenses that a text resembles (Dice of `RESEMBLES`, clearly more than the others)."""
    word_list = words(text)
    trigrams = _trigrams_of(word_list)
    plain = " ".join(word_list)
    scores = sorted(
        (
            (2 * len(trigrams & model) / (len(trigrams) + len(model)), name)
            for name in candidates
            if not name.endswith("-or-later") and _fits(name, plain)
            for model in _license_trigrams(name)
            if model
        ),
        reverse=True,
    )
    if not scores or scores[0][0] < RESEMBLES:
        return None
    if len(scores) > 1 and scores[1][0] > scores[0][0] - 0.05:
        return None
    return scores[0][1]


def _fits(name: str, plain: str) -> bool:
    needed, forbidden = _DISTINCTIVE_WORDS.get(name, (None, None))
    return (needed is None or needed in plain) and (forbidden is None or forbidden not in plain)


def _whole(trigrams: frozenset[int], plain: str, names: tuple[str, ...] | None) -> Match | None:
    best: tuple[float, str] | None = None
    for name in names or _all_names():
        for model in _license_trigrams(name):
            small, large = sorted((len(trigrams), len(model)))
            if not small or 2 * small / (small + large) < SAME:
                continue
            score = 2 * len(trigrams & model) / (small + large)
            if score >= SAME and (best is None or score > best[0]) and _fits(name, plain):
                best = score, name
    return None if best is None else Match(license=best[1], similarity=round(best[0], 3), whole=True)


def _contained(trigrams: frozenset[int], plain: str) -> tuple[Match, ...]:
    """Return the licenses that the text contains, longest first; trigrams of one do not count for the next."""
    scored = []
    for name in _all_names():
        for model in _license_trigrams(name):
            if 20 <= len(model) <= len(trigrams) * 1.1:
                share = len(trigrams & model) / len(model)
                # A copyright holder's name in the middle of a sentence costs a short text many trigrams.
                if share >= _needed(name, len(model)) and _fits_section(name, plain):
                    scored.append((-len(model), name not in _COMMON, -share, name, model))
    matches: list[Match] = []
    rest = set(trigrams)
    for _, _, share, name, model in sorted(scored, key=lambda row: row[:4]):
        if len(rest & model) / len(model) >= UNSHARED:
            matches.append(Match(license=name, similarity=round(-share, 3), whole=False))
            rest -= model
    return tuple({match.license: match for match in reversed(matches)}.values())[::-1]


def _needed(name: str, size: int) -> float:
    """Return the share of a license's trigrams that a file must have.

    Long texts cannot be confused, and lose some trigrams to edits of their headings; many rare ones are variants.
    """
    if name not in _COMMON:
        return 0.97
    return 0.88 if size > _LONG else CONTAINS


def _fits_section(name: str, plain: str) -> bool:
    """Do as `_fits`, but allow a file of several licenses to have the words that one of them must not have."""
    needed, forbidden = _DISTINCTIVE_WORDS.get(name, (None, None))
    if name in _CONTAINED_IN_OTHERS and forbidden is not None and forbidden in plain:
        return False
    return needed is None or needed in plain


def license_references(text: str) -> tuple[str, ...]:
    """Return the licenses that a text refers to by the customary short notices or by SPDX tags."""
    plain = " ".join(
        re.sub(r"^[ \t]*(?://+|/\*+|\*|#+|;+|--)", "", text[:_MAX_TEXT], flags=re.MULTILINE).lower().split()
    )
    references: list[str] = []
    for name, pattern in _REFERENCES:
        for match in re.finditer(pattern, plain):
            if "{}" not in name:
                references.append(name)
                continue
            version = _REFERENCE_VERSION.search(plain[match.start() : match.start() + 300])
            if version is not None:
                number = version[1] if "." in version[1] else f"{version[1]}.0"
                following = plain[match.start() + version.end() :][:90]
                ending = "or-later" if re.search(r"any\s+later\s+version", following) else "only"
                references.append(f"{name.format(number)}-{ending}")
    tags = re.findall(
        r"spdx-license-identifier:\s*([A-Za-z0-9.+-]+(?:\s+(?:AND|OR|WITH)\s+[A-Za-z0-9.+-]+)*)", text, re.IGNORECASE
    )
    return tuple(dict.fromkeys((*references, *tags)))


@cache
def _all_names() -> tuple[str, ...]:
    rows = license_list()["licenses"]
    others = (name for name, row in rows.items() if not row["deprecated"] and not name.endswith("-or-later"))
    return tuple(dict.fromkeys((*_COMMON, *others)))


@cache
def _license_trigrams(name: str) -> tuple[frozenset[int], ...]:
    row = license_list()["licenses"].get(name)
    if row is None:
        return ()
    models = [row["text"]]
    # Many copies leave out the instructions on how to apply the license.
    instructions = _HOW_TO_APPLY.search(row["text"])
    if instructions is not None:
        models.append(row["text"][: instructions.start()])
    if name in _OTHER_WORDINGS:
        models.append(_OTHER_WORDINGS[name])
    return tuple(_trigrams(model) for model in models)


def words(text: str) -> list[str]:
    """Return the words of a text that count for a comparison, in lower case."""
    text = text[:_MAX_TEXT].lower()
    text = re.sub(r"^[ \t]*(?://+|/\*+|\*+/|\*|#+|;+|--|\.\.|rem\b)[ \t]?", "", text, flags=re.MULTILINE)
    text = _COPYRIGHT_LINE.sub(" ", text)
    text = _PLACEHOLDER.sub(" ", text)
    text = _BULLET.sub(" ", text)
    return [_SAME_WORDS.get(word, word) for word in _WORD.findall(text)]


def _trigrams(text: str) -> frozenset[int]:
    return _trigrams_of(words(text))


def _trigrams_of(word_list: list[str]) -> frozenset[int]:
    # Hashes rather than strings keep the sets small; they are compared within this process only.
    return frozenset(hash(trigram) for trigram in zip(word_list, word_list[1:], word_list[2:], strict=False))


def exceptions_in(text: str) -> tuple[str, ...]:
    """Return the well-known exceptions (``GCC-exception-3.1``) whose text a file contains."""
    trigrams = _trigrams(text)
    models = {name: _exception_trigrams(name) for name in _EXCEPTIONS}
    return tuple(name for name, model in models.items() if model and len(trigrams & model) / len(model) >= CONTAINS)


@cache
def _exception_trigrams(name: str) -> frozenset[int]:
    row = license_list()["exceptions"].get(name)
    return _trigrams(row["text"]) if row else frozenset()
