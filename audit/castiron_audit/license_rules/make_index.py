"""Makes ``data/license_rules.msgpack.zst`` from the license rules of ScanCode Toolkit (package ``scancode-toolkit``).

Run when there is a new version, in an environment of its own, as the package is large (160 MB)::

    pip install castiron pyyaml && pip install --no-deps scancode-toolkit==32.5.0
    python -m castiron_audit.license_rules.make_index

Nothing of the package is imported: rules are read as the data that they are.  The same version gives the same bytes.

The rules are by nexB Inc. and others, licensed under CC-BY-4.0 (``data/license_rules.NOTICE``).  Left out are
deprecated rules, notes, and whatever else is not needed to compare words.
"""

from __future__ import annotations

import ast
import re
import struct
import sys
import zlib
from array import array
from collections import Counter
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import msgpack
import zstandard

from castiron_audit.license_rules.index import FILE_NAME, FORMAT, Kind
from castiron_audit.license_rules.words import WORD

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

VERSION = "32.5.0"
"""Of scancode-toolkit."""

_MOST_GRAMS = 48
"""Grams in the sketch of the longest rules."""
_WINDOW = 12
"""Grams of a rule for one in its sketch."""
_FEWEST_GRAMS = 6
_SHORTEST_SKETCHED = 8
"""Words; shorter rules are only matched exactly, as long as their kind allows."""
_LONGEST_NOTICE = 800
"""Words; what is longer is a text."""
_TWINS = 0.96
"""Jaccard coefficient of grams from which on two rules for the same licenses need one sketch."""

_PUBLIC_DOMAIN = frozenset({"public-domain", "us-govt-public-domain"})
"""Keys of what SPDX has no identifier for and our tables have one."""

_KINDS = {
    "is_license_text": Kind.TEXT,
    "is_license_notice": Kind.NOTICE,
    "is_license_reference": Kind.REFERENCE,
    "is_license_tag": Kind.TAG,
    "is_license_intro": Kind.INTRODUCTION,
    "is_license_clue": Kind.CLUE,
    "is_false_positive": Kind.FALSE_POSITIVE,
}


_Gram = tuple[int, ...]


class _Rule(NamedTuple):
    words: tuple[int, ...]
    expression: str
    kind: Kind
    continuous: bool
    coverage: int
    phrases: tuple[tuple[int, int], ...]
    """Start and end of each phrase that must be there as it is."""
    name: str


def main() -> None:
    """Write the file."""
    package = distribution("scancode-toolkit")
    if package.version != VERSION:
        raise SystemExit(f"scancode-toolkit is {package.version}; this module was written for {VERSION}.")
    folder = Path(str(package.locate_file("licensedcode")))
    licenses = [_read(path) for path in sorted((folder / "data" / "licenses").glob("*.LICENSE"))]
    texts = [_read(path) for path in sorted((folder / "data" / "rules").glob("*.RULE"))]
    stopwords = _stopwords(folder / "stopwords.py")
    vocabulary = _Vocabulary(_legalese(folder / "legalese.py"), stopwords)
    identifiers = {str(row["key"]): _spdx(row) for row, _, _ in licenses}
    rules = sorted(_rules(licenses, texts, identifiers, vocabulary))
    packed = msgpack.packb(_content(rules, vocabulary, sorted(stopwords), licenses))
    parameters = zstandard.ZstdCompressionParameters.from_level(19, window_log=24, enable_ldm=True)
    (Path(__file__).parents[1] / "data" / FILE_NAME).write_bytes(
        zstandard.ZstdCompressor(compression_params=parameters).compress(packed)
    )


class _Vocabulary:
    """Numbers words in the order in which they are first seen; words specific to licenses come first."""

    def __init__(self, legalese: dict[str, int], stopwords: frozenset[str]) -> None:
        # Number 0 stands for words that no rule has.
        self.numbers = {word: number + 1 for word, number in legalese.items()}
        self.legalese = max(self.numbers.values())
        self._next = self.legalese + 1
        self._stopwords = stopwords

    def number(self, text: str) -> tuple[int, ...]:
        return tuple(self._number(word) for word in WORD.findall(text.lower()) if word not in self._stopwords)

    def _number(self, word: str) -> int:
        if word not in self.numbers:
            self.numbers[word] = self._next
            self._next += 1
        return self.numbers[word]


# --- reading the package ---


def _read(path: Path) -> tuple[dict[str, Any], str, str]:
    """Return the fields, the text and the name of a rule or license."""
    import yaml

    content = path.read_text(encoding="utf-8")
    match = re.match(r"---\s*\n(.*?)^---\s*?\n?(.*)\Z", content, re.DOTALL | re.MULTILINE)
    if match is None:
        raise SystemExit(f"{path} has no fields.")
    return yaml.safe_load(match[1]), match[2], path.name


def _stopwords(path: Path) -> frozenset[str]:
    node = _assigned(path, "STOPWORDS")
    return frozenset(ast.literal_eval(node.args[0] if isinstance(node, ast.Call) else node))


def _legalese(path: Path) -> dict[str, int]:
    return dict(ast.literal_eval(_assigned(path, "common_license_words")))


def _assigned(path: Path, name: str) -> ast.expr:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Assign) and any(
            isinstance(item, ast.Name) and item.id == name for item in node.targets
        ):
            return node.value
    raise SystemExit(f"{path} does not assign {name}.")


def _spdx(row: dict[str, Any]) -> str:
    if str(row["key"]) in _PUBLIC_DOMAIN:
        return "LicenseRef-public-domain"
    return str(row.get("spdx_license_key") or f"LicenseRef-scancode-{row['key']}")


def _aliases(licenses: Iterable[tuple[dict[str, Any], str, str]]) -> dict[str, str]:
    """Return the identifiers of SPDX by every identifier that they had, in lower case."""
    current: dict[str, str] = {}
    former: dict[str, str] = {}
    for row, _, _ in licenses:
        if not row.get("is_deprecated"):
            current[_spdx(row).lower()] = _spdx(row)
            former |= {str(name).lower(): _spdx(row) for name in row.get("other_spdx_license_keys") or ()}
    return dict(sorted((former | current).items()))


def _generic(licenses: Iterable[tuple[dict[str, Any], str, str]]) -> list[str]:
    """Return the identifiers that stand for no certain license; the public domain is one."""
    return sorted(
        _spdx(row)
        for row, _, _ in licenses
        if (row.get("is_generic") or row.get("is_unknown")) and str(row["key"]) not in _PUBLIC_DOMAIN
    )


def _rules(
    licenses: Iterable[tuple[dict[str, Any], str, str]],
    texts: Iterable[tuple[dict[str, Any], str, str]],
    identifiers: dict[str, str],
    vocabulary: _Vocabulary,
) -> Iterator[_Rule]:
    seen: set[tuple[int, ...]] = set()
    rows = [
        ({"license_expression": row["key"], "is_license_text": True} | row, text, name) for row, text, name in licenses
    ]
    for row, text, name in (*texts, *rows):
        if row.get("is_deprecated"):
            continue
        words, phrases = _words_and_phrases(text, vocabulary)
        kind = next(kind for flag, kind in _KINDS.items() if row.get(flag))
        if not words or words in seen:
            continue
        seen.add(words)
        expression = _expression(str(row.get("license_expression") or ""), identifiers)
        # Some whole texts, with their instructions on how to apply them, are kept as notices.
        if kind is Kind.NOTICE and len(words) >= _LONGEST_NOTICE:
            kind = Kind.TEXT
        continuous = bool(row.get("is_continuous") or row.get("is_required_phrase"))
        yield _Rule(
            words=words,
            expression=expression,
            kind=kind,
            continuous=continuous,
            coverage=int(float(row.get("minimum_coverage") or 0)),
            phrases=phrases,
            name=name,
        )


def _expression(keys: str, identifiers: dict[str, str]) -> str:
    """Return an expression of ScanCode's keys as one of SPDX identifiers."""
    return re.sub(
        r"[\w.+-]+",
        lambda match: match[0].upper() if match[0].lower() in {"and", "or", "with"} else identifiers[match[0]],
        keys,
    )


def _words_and_phrases(text: str, vocabulary: _Vocabulary) -> tuple[tuple[int, ...], tuple[tuple[int, int], ...]]:
    words: list[int] = []
    phrases: list[tuple[int, int]] = []
    start: int | None = None
    for part in re.split(r"(\{\{|\}\})", text):
        if part == "{{":
            start = len(words)
        elif part == "}}":
            if start is not None and len(words) > start:
                phrases.append((start, len(words)))
            start = None
        else:
            words += vocabulary.number(part)
    return tuple(words), tuple(phrases)


# --- the index ---


def _content(
    rules: Sequence[_Rule],
    vocabulary: _Vocabulary,
    stopwords: list[str],
    licenses: Sequence[tuple[dict[str, Any], str, str]],
) -> dict[str, Any]:
    expressions = sorted({rule.expression for rule in rules})
    places = {expression: place for place, expression in enumerate(expressions)}
    anchors = sorted(_anchors(rules), key=lambda row: (len(row[0]), row))
    sketches = _sketches(rules)
    grams = sorted(sketches)
    counts = Counter(rule for found in sketches.values() for rule in found)
    phrases = [(number, *phrase) for number, rule in enumerate(rules) for phrase in rule.phrases]
    return {
        "format": FORMAT,
        "source": f"scancode-toolkit {VERSION}",
        "words": list(vocabulary.numbers),
        "word_numbers": _packed("H", vocabulary.numbers.values()),
        "legalese": vocabulary.legalese,
        "stopwords": stopwords,
        "aliases": _aliases(licenses),
        "generic": _generic(licenses),
        "exceptions": sorted(_spdx(row) for row, _, _ in licenses if row.get("is_exception")),
        "expressions": expressions,
        "rule_words": _packed("H", (word for rule in rules for word in rule.words)),
        "rule_lengths": _packed("I", (len(rule.words) for rule in rules)),
        "rule_expressions": _packed("H", (places[rule.expression] for rule in rules)),
        "rule_kinds": _packed("B", (rule.kind for rule in rules)),
        "rule_continuous": _packed("B", (rule.continuous for rule in rules)),
        "rule_coverages": _packed("B", (rule.coverage for rule in rules)),
        "phrase_rules": _packed("H", (row[0] for row in phrases)),
        "phrase_starts": _packed("I", (row[1] for row in phrases)),
        "phrase_ends": _packed("I", (row[2] for row in phrases)),
        "anchor_words": _packed("H", (word for key, _, _ in anchors if len(key) == 1 for word in key)),
        "anchor_pairs": _packed("H", (word for key, _, _ in anchors if len(key) == 2 for word in key)),
        "anchor_quads": _packed("H", (word for key, _, _ in anchors if len(key) == 4 for word in key)),
        "anchor_rules": _packed("H", (row[1] for row in anchors)),
        "anchor_offsets": _packed("H", (row[2] for row in anchors)),
        "sketch_sizes": _packed("B", (counts[number] for number in range(len(rules)))),
        "gram_words": _packed("H", (word for gram in grams for word in gram)),
        "gram_counts": _packed("H", (len(sketches[gram]) for gram in grams)),
        "gram_rules": _packed("H", (rule for gram in grams for rule in sketches[gram])),
    }


def _packed(code: str, values: Iterable[int]) -> bytes:
    numbers = array(code, values)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _anchors(rules: Sequence[_Rule]) -> Iterator[tuple[_Gram, int, int]]:
    """Yield for each rule (gram, number, offset) of its rarest four words; of shorter rules, of their rarest two."""
    frequency = Counter(gram for rule in rules for size in (1, 2, 4) for gram in set(_grams(rule.words, size)))
    for number, rule in enumerate(rules):
        grams = _grams(rule.words, 1 if len(rule.words) == 1 else 2 if len(rule.words) < 4 else 4)[:4000]
        offset = min(range(len(grams)), key=lambda place: (frequency[grams[place]], place))
        yield grams[offset], number, offset


def _grams(words: Sequence[int], size: int = 4) -> list[_Gram]:
    return list(zip(*(words[first:] for first in range(size)), strict=False))


def _sketches(rules: Sequence[_Rule]) -> dict[_Gram, list[int]]:
    """Return for each gram that stands for rules the numbers of these."""
    sketches: dict[_Gram, list[int]] = {}
    for number in _representatives(rules):
        grams = sorted(set(_grams(rules[number].words)), key=lambda gram: (_mixed(gram), gram))
        for gram in grams[: max(_FEWEST_GRAMS, min(_MOST_GRAMS, len(grams) // _WINDOW))]:
            sketches.setdefault(gram, []).append(number)
    return sketches


def _mixed(gram: _Gram) -> int:
    """Return a number that looks random, and is the same for the same gram in all rules."""
    return zlib.crc32(struct.pack("<4H", *gram))


def _representatives(rules: Sequence[_Rule]) -> list[int]:
    """Return the rules that may be matched nearly, without those that nearly are another one for the same licenses."""
    kept: list[int] = []
    groups: dict[tuple[str, Kind, bool], list[tuple[int, frozenset[_Gram]]]] = {}
    order = sorted(range(len(rules)), key=lambda number: (-len(rules[number].words), number))
    for number in order:
        rule = rules[number]
        small = len(rule.words) < 15 and rule.kind in {Kind.REFERENCE, Kind.TAG}
        if rule.kind is Kind.FALSE_POSITIVE or rule.continuous or small or len(rule.words) < _SHORTEST_SKETCHED:
            continue
        grams = frozenset(_grams(rule.words))
        group = groups.setdefault((rule.expression, rule.kind, bool(rule.phrases)), [])
        if any(
            len(grams) > _TWINS * len(other) and len(grams & other) >= _TWINS * len(grams | other) for _, other in group
        ):
            continue
        group.append((number, grams))
        kept.append(number)
    return sorted(kept)


if __name__ == "__main__":
    main()
