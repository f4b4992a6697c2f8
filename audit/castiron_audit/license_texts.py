"""Recognises license texts: compares them with the texts of the SPDX License List by triples of words.

Two questions are asked of a file.  Is it *one* license (Dice coefficient of the two sets of triples)?  If not, which
licenses does it *contain* (share of a license's triples that the file has)?  Layout, punctuation, copyright lines and
comment signs do not count, as SPDX's matching guidelines say (annex B of SPDX 2.3).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache

from castiron_audit.tables import license_list

SAME = 0.90
"""Dice coefficient from which on a text is that license."""

CONTAINS = 0.92
"""Share of a license's triples from which on a file contains it."""

_LONG = 800
"""Triples; MIT has 160, the Apache License 1,500."""

OF_ITS_OWN = 0.70
"""Share of a contained license's triples that no longer license in the same file has; MIT shares a fifth with some."""

RESEMBLES = 0.65
"""Dice coefficient from which on a text decides between a few licenses that something else has named."""

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
"""Looked at first, and preferred where two fit equally well: the others are mostly variants of these."""

_EXCEPTIONS = ("GCC-exception-3.1", "Classpath-exception-2.0", "LLVM-exception", "Universal-FOSS-exception-1.0")

_ISC_OF_OTHERS = """Permission to use, copy, modify, and/or distribute this software for any purpose with or without
fee is hereby granted, provided that the above copyright notice and this permission notice appear in all copies.
THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN AN
ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE."""

_MARKS: dict[str, tuple[str | None, str | None]] = {
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
"""Near relatives that a few words tell apart: words that must be in the text, and words that must not."""

_INSIDE_OF_OTHERS = {"BSD-1-Clause", "MIT-0", "0BSD"}
"""Texts that are a part of a longer license's text."""

_ALSO = {"ISC": _ISC_OF_OTHERS}
"""Wordings of a license that the list's one text does not cover."""

_NOTICES = (
    ("MPL-2.0", r"subject to the terms of the mozilla public license,?\s+v(?:ersion|\.)?\s*2\.0"),
    ("Apache-2.0", r"licensed under the apache license,? version 2\.0"),
    ("CC0-1.0", r"creativecommons\.org/publicdomain/zero/1\.0"),
    ("OFL-1.1", r"sil open font license,? version 1\.1"),
    ("AGPL-{}", r"gnu affero general public license\s+as\s+published"),
    ("LGPL-{}", r"gnu (?:lesser|library)(?: or library)? general public license\s+as\s+published"),
    ("GPL-{}", r"gnu general public license\s+as\s+published"),
)
"""Short notices by which files refer to a license that is elsewhere."""
_NOTICE_VERSION = re.compile(r"\bversion (\d(?:\.\d)?)(?=\D)")

_FAMILY_HEAD = re.compile(r"^(A?GPL|LGPL|GFDL)-(\d\.\d)-(?:only|or-later)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A license found in a text."""

    license: str
    """SPDX identifier; of the GPL family the ``-only`` one, as the text does not say if later ones are allowed."""
    similarity: float
    whole: bool
    """True if the text is this license; False if it is a part of the text."""


@lru_cache(maxsize=1024)
def recognise(text: str) -> tuple[Match, ...]:
    """Return the licenses that a text is or contains, the best first; empty if it is none that SPDX lists.

    A text that is one license may still contain others at its end; those are told, too.
    """
    found = words(text)
    shingles = _triples(found)
    if not shingles:
        return ()
    plain = " ".join(found)
    whole = _whole(shingles, plain, _COMMON) or _whole(shingles, plain, None)
    if whole is None:
        return _contained(shingles, plain)
    rest = shingles.difference(*_license_shingles(whole.license))
    return (whole, *(match for match in _contained(rest, plain) if match.license != whole.license))


def closest(text: str, candidates: tuple[str, ...]) -> str | None:
    """Return the one of a few licenses that a text resembles (Dice of `RESEMBLES`, clearly more than the others)."""
    found = words(text)
    shingles = _triples(found)
    plain = " ".join(found)
    scores = sorted(
        (
            (2 * len(shingles & model) / (len(shingles) + len(model)), name)
            for name in candidates
            if not name.endswith("-or-later") and _fits(name, plain)
            for model in _license_shingles(name)
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
    needed, forbidden = _MARKS.get(name, (None, None))
    return (needed is None or needed in plain) and (forbidden is None or forbidden not in plain)


def _whole(shingles: frozenset[int], plain: str, names: tuple[str, ...] | None) -> Match | None:
    best: tuple[float, str] | None = None
    for name in names or _all_names():
        for model in _license_shingles(name):
            small, large = sorted((len(shingles), len(model)))
            if not small or 2 * small / (small + large) < SAME:
                continue
            score = 2 * len(shingles & model) / (small + large)
            if score >= SAME and (best is None or score > best[0]) and _fits(name, plain):
                best = score, name
    return None if best is None else Match(license=best[1], similarity=round(best[0], 3), whole=True)


def _contained(shingles: frozenset[int], plain: str) -> tuple[Match, ...]:
    """Return licenses inside of the text, longest first; what one has explained does not count for the next."""
    scored = []
    for name in _all_names():
        for model in _license_shingles(name):
            if 20 <= len(model) <= len(shingles) * 1.1:
                share = len(shingles & model) / len(model)
                # Where the copyright holder's name stands in the middle of a sentence, a short text loses many triples.
                if share >= _needed(name, len(model)) and _fits_part(name, plain):
                    scored.append((-len(model), name not in _COMMON, -share, name, model))
    found: list[Match] = []
    rest = set(shingles)
    for _, _, share, name, model in sorted(scored, key=lambda row: row[:4]):
        if len(rest & model) / len(model) >= OF_ITS_OWN:
            found.append(Match(license=name, similarity=round(-share, 3), whole=False))
            rest -= model
    return tuple({match.license: match for match in reversed(found)}.values())[::-1]


def _needed(name: str, size: int) -> float:
    """Return the share of a license's triples that a file must have.

    Long texts cannot be confused, and lose some triples to edits of their headings; of rare ones many are variants.
    """
    if name not in _COMMON:
        return 0.97
    return 0.88 if size > _LONG else CONTAINS


def _fits_part(name: str, plain: str) -> bool:
    """As `_fits`, but a file of several licenses may hold the words that one of them must not have."""
    needed, forbidden = _MARKS.get(name, (None, None))
    if name in _INSIDE_OF_OTHERS and forbidden is not None and forbidden in plain:
        return False
    return needed is None or needed in plain


def notices(text: str) -> tuple[str, ...]:
    """Return the licenses that a text refers to in the customary short notices, without their texts."""
    plain = " ".join(
        re.sub(r"^[ \t]*(?://+|/\*+|\*|#+|;+|--)", "", text[:_MAX_TEXT], flags=re.MULTILINE).lower().split()
    )
    found: list[str] = []
    for name, pattern in _NOTICES:
        for hit in re.finditer(pattern, plain):
            if "{}" not in name:
                found.append(name)
                continue
            version = _NOTICE_VERSION.search(plain[hit.start() : hit.start() + 300])
            if version is not None:
                number = version[1] if "." in version[1] else f"{version[1]}.0"
                following = plain[hit.start() + version.end() :][:90]
                ending = "or-later" if re.search(r"any\s+later\s+version", following) else "only"
                found.append(f"{name.format(number)}-{ending}")
    tags = re.findall(
        r"spdx-license-identifier:\s*([A-Za-z0-9.+-]+(?:\s+(?:AND|OR|WITH)\s+[A-Za-z0-9.+-]+)*)", text, re.IGNORECASE
    )
    return tuple(dict.fromkeys((*found, *tags)))


@cache
def _all_names() -> tuple[str, ...]:
    rows = license_list()["licenses"]
    others = (name for name, row in rows.items() if not row["deprecated"] and not name.endswith("-or-later"))
    return tuple(dict.fromkeys((*_COMMON, *others)))


@cache
def _license_shingles(name: str) -> tuple[frozenset[int], ...]:
    row = license_list()["licenses"].get(name)
    if row is None:
        return ()
    models = [row["text"]]
    # Many leave out the instructions on how to apply the license.
    cut = _HOW_TO_APPLY.search(row["text"])
    if cut is not None:
        models.append(row["text"][: cut.start()])
    if name in _ALSO:
        models.append(_ALSO[name])
    return tuple(_shingles(model) for model in models)


def words(text: str) -> list[str]:
    """Return the words that count for a comparison."""
    text = text[:_MAX_TEXT].lower()
    text = re.sub(r"^[ \t]*(?://+|/\*+|\*+/|\*|#+|;+|--|\.\.|rem\b)[ \t]?", "", text, flags=re.MULTILINE)
    text = _COPYRIGHT_LINE.sub(" ", text)
    text = _PLACEHOLDER.sub(" ", text)
    text = _BULLET.sub(" ", text)
    return [_SAME_WORDS.get(word, word) for word in _WORD.findall(text)]


def _shingles(text: str) -> frozenset[int]:
    return _triples(words(text))


def _triples(found: list[str]) -> frozenset[int]:
    # Integers of 64 bits rather than strings: sets of them are small, and the process' own hash will do within it.
    return frozenset(hash(triple) for triple in zip(found, found[1:], found[2:], strict=False))


def license_text(license_id: str) -> str | None:
    """Return the list's own text of a license or exception, None if SPDX does not list it."""
    rows = license_list()
    row = rows["licenses"].get(license_id) or rows["exceptions"].get(license_id)
    return None if row is None else str(row["text"])


def license_name(license_id: str) -> str | None:
    """Return the full name of a license or exception."""
    rows = license_list()
    row = rows["licenses"].get(license_id) or rows["exceptions"].get(license_id)
    return None if row is None else str(row["name"])


def exceptions_in(text: str) -> tuple[str, ...]:
    """Return the well-known exceptions whose text a file contains."""
    shingles = _shingles(text)
    found = []
    for name in _EXCEPTIONS:
        model = _exception_shingles(name)
        if model and len(shingles & model) / len(model) >= CONTAINS:
            found.append(name)
    return tuple(found)


@cache
def _exception_shingles(name: str) -> frozenset[int]:
    row = license_list()["exceptions"].get(name)
    return _shingles(row["text"]) if row else frozenset()


def is_open_ended(license_id: str) -> bool:
    """Return whether a text of this license leaves open if later versions may be chosen."""
    return _FAMILY_HEAD.match(license_id) is not None


_NOTICE = re.compile(
    r"^[\s#*/;.%-]*((?:portions\s+)?(?:copyright\W{0,3}(?:\(c\)|©|\d{4}|by\b)|©|\(c\)\s*(?:copyright\s*)?\d{4})[^\n]{4,160})$",
    re.IGNORECASE | re.MULTILINE,
)
_NOT_A_NOTICE = re.compile(
    r"copyright (?:notice|holder|owner|license|law|interest|statement|and (?:license|permission)|disclaimer|act\b|in\b"
    r"|to\b|of\b|is\b"
    r"|or\b|on\b|protection|treaty|status|claim|for\b|as\b)|<|\[yyyy|\{|copyright, ",
    re.IGNORECASE,
)


def copyright_lines(text: str) -> tuple[str, ...]:
    """Return the copyright notices of a text as they stand there, in order, each once."""
    found = (" ".join(match[1].split()) for match in _NOTICE.finditer(text))
    return tuple(dict.fromkeys(line.rstrip("*/ ") for line in found if not _NOT_A_NOTICE.search(line)))
