"""Reads SPDX license expressions from what people write, and evaluates AND, OR and WITH.

Source: SPDX 2.3, annex D; PEP 639.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_WORDS = re.compile(r"[\s/()]+")
_LATER = re.compile(r"(?<![\w.+-])([A-Za-z][\w.-]*)\+(?![\w+])")
"""An identifier with SPDX's "or later" operator."""
_REF = re.compile(r"(?:DocumentRef-[A-Za-z0-9.-]+:)?LicenseRef-[A-Za-z0-9.-]+")


@cache
def _listed() -> Mapping[str, dict[str, Any]]:
    """Return what the library knows of each SPDX identifier, by that."""
    from license_expression import get_license_index

    return {row["spdx_license_key"]: row for row in get_license_index() if row.get("spdx_license_key")}


@cache
def _by_name() -> Mapping[str, list[dict[str, Any]]]:
    """Return the same by every identifier that a license has or had, in lower case."""
    rows: dict[str, list[dict[str, Any]]] = {}
    for identifier, row in _listed().items():
        for name in (identifier, *row.get("other_spdx_license_keys", ())):
            rows.setdefault(name.lower(), []).append(row)
    return rows


def _licensing(words: Iterable[str]) -> Any:
    """Return a parser that knows the licenses these words name: one that knows all takes 25 ms to make."""
    from license_expression import build_spdx_licensing

    rows = {row["spdx_license_key"]: row for word in words for row in _by_name().get(word.lower(), ())}
    return build_spdx_licensing(rows.values())


@cache
def _identifiers() -> frozenset[str]:
    return frozenset(name.lower() for name in (*_listed(), *table("names")["deprecated"]))


@lru_cache(maxsize=4096)
def normalise(text: str) -> str | None:
    """Return the canonical form of an SPDX expression, or None if ``text`` is not one.

    Deprecated identifiers become today's (``LGPL-2.1`` means exactly that version, by SPDX's own definition);
    ``LicenseRef-`` identifiers are kept as they are.
    """
    parsed = _parse(text)
    return None if parsed is None else str(parsed)


def _without_plus(match: re.Match[str]) -> str:
    """Return ``MPL-2.0`` of ``MPL-2.0+``: there is no identifier for later versions, and this one's terms suffice."""
    return match[1] if match[0].lower() not in _identifiers() and match[1].lower() in _identifiers() else match[0]


@lru_cache(maxsize=4096)
def _parse(text: str) -> Any:
    if not text.strip() or len(text) > 2000:
        return None
    from license_expression import ExpressionError, ExpressionParseError

    text = _LATER.sub(_without_plus, text)
    licensing = _licensing(_WORDS.split(text))
    # The old "MIT/Apache-2.0" of Rust crates means a choice.
    try:
        parsed = licensing.parse(re.sub(r"(?<=\w)/(?=\w)", " OR ", text), validate=False, strict=False)
    except (ExpressionError, ExpressionParseError, AttributeError, TypeError):
        return None
    if parsed is None:
        return None
    # Only identifiers count: the library also accepts names such as "GPL", as one certain version.
    known = _identifiers()
    words = [word for word in re.findall(r"[^\s()]+", text) if word.upper() not in {"AND", "OR", "WITH"}]
    if not all(_REF.fullmatch(word) or word.lower() in known for word in re.split(r"[\s/]+", " ".join(words))):
        return None
    deprecated = table("names")["deprecated"]
    written = str(parsed)
    renewed = re.sub(r"[A-Za-z0-9.+-]+", lambda match: deprecated.get(match[0], match[0]), written)
    if renewed == written:
        return parsed
    return _licensing(_WORDS.split(renewed)).parse(renewed, validate=False, strict=False)


def license_ids() -> frozenset[str]:
    """Return the identifiers of the SPDX License List, without exceptions and those that it deprecates."""
    deprecated = table("names")["deprecated"]
    return frozenset(
        name
        for name, row in _listed().items()
        if not row.get("is_exception") and name not in deprecated and not name.startswith("LicenseRef-")
    )


def is_listed(license_id: str) -> bool:
    """Return whether SPDX lists a license under this identifier, in this spelling."""
    return license_id in _listed() and not license_id.startswith("LicenseRef-")


def licenses_in(expression: str) -> tuple[str, ...]:
    """Return the licenses an expression names (``GPL-2.0-only WITH x`` is one), in order, each once."""
    if " " not in expression:
        return (expression,)
    parsed = _parse(expression)
    if parsed is None:
        return (expression,)
    return tuple(dict.fromkeys(str(license_id) for license_id in _license_symbols(parsed)))


def _license_symbols(node: Any) -> Iterable[Any]:
    from license_expression import LicenseSymbol, LicenseWithExceptionSymbol

    if isinstance(node, (LicenseSymbol, LicenseWithExceptionSymbol)):
        yield node
        return
    for argument in node.args:
        yield from _license_symbols(argument)


def satisfied(expression: str, accepted: Callable[[str], bool]) -> bool:
    """Return whether the accepted licenses suffice: all licenses of an AND, one of an OR."""
    if " " not in expression:
        return accepted(expression)
    parsed = _parse(expression)
    return accepted(expression) if parsed is None else _satisfied(parsed, accepted)


def _satisfied(node: Any, accepted: Callable[[str], bool]) -> bool:
    from license_expression import LicenseSymbol, LicenseWithExceptionSymbol

    if isinstance(node, (LicenseSymbol, LicenseWithExceptionSymbol)):
        return accepted(str(node))
    answers = [_satisfied(argument, accepted) for argument in node.args]
    return any(answers) if node.operator.strip() == "OR" else all(answers)


def all_of(expressions: Iterable[str]) -> str | None:
    """Return the AND of expressions, duplicates left out; None if there are none."""
    kept = list(
        dict.fromkeys(side for item in expressions for side in ([item] if " OR " in item else item.split(" AND ")))
    )
    if not kept:
        return None
    if len(kept) == 1:
        return kept[0]
    return normalise(" AND ".join(f"({item})" if " OR " in item else item for item in kept))


def any_of(expressions: Iterable[str]) -> str | None:
    """Return the OR of expressions, duplicates left out; None if there are none."""
    kept = list(dict.fromkeys(expressions))
    return normalise(" OR ".join(f"({item})" if " AND " in item else item for item in kept)) if kept else None


def family(license_id: str) -> str:
    """Return the license without version and exception: ``GPL`` for ``GPL-2.0-or-later WITH x``."""
    base = license_id.split(" WITH ", maxsplit=1)[0]
    return re.sub(r"-\d[\w.]*(?:-.*)?$|-(?:only|or-later)$", "", base).split("-Clause")[0].rstrip("-0123456789.")


_RELATED_FAMILIES = {
    "Python": "PSF",
    "CNRI-Python": "PSF",
    "CNRI-Python-GPL-Compatible": "PSF",
    "0BSD": "ISC",
    "X11": "MIT",
    "MIT-Modern-Variant": "MIT",
    "libpng": "Libpng",
}


def related_family(license_id: str) -> str:
    """Return the family of a license with near relatives counted as one: ``MIT`` for ``X11``."""
    base = license_id.split(" WITH ", maxsplit=1)[0]
    own_family = family(base)
    return _RELATED_FAMILIES.get(base, _RELATED_FAMILIES.get(own_family, own_family))


def related_families(expression: str) -> set[str]:
    """Return the families of the licenses that an expression names, as `related_family` does."""
    return {related_family(license_id) for license_id in licenses_in(expression)}


def base_license(license_id: str) -> str:
    """Return a license without its exception and without ``-only`` or ``-or-later``."""
    base = license_id.split(" WITH ", maxsplit=1)[0]
    # CPython's LICENSE is the PSF license followed by those of its predecessors; SPDX has identifiers for both.
    return "PSF-2.0" if base.startswith("Python-2.0") else re.sub(r"-(?:only|or-later)$", "", base)


def base_licenses(*expressions: str) -> set[str]:
    """Return the licenses that expressions name, as `base_license` does."""
    return {base_license(license_id) for expression in expressions for license_id in licenses_in(expression)}


def shares_license(left: str, right: str) -> bool:
    """Return whether two expressions name a license in common: up to exceptions, "or later", and names of one text."""
    there, others = base_licenses(left), base_licenses(right)
    return bool(there & others or _published_as(there) & others or _published_as(others) & there)


def _published_as(licenses: Iterable[str]) -> set[str]:
    """Return the names under which projects publish the texts of licenses."""
    variants = table("names")["variants"]
    return {name for item in licenses for name in variants.get(item, {}).get("published_as", ())}


@lru_cache(maxsize=4096)
def without_variants(expression: str) -> str:
    """Return an expression with SPDX's names for texts that are only called otherwise."""
    variants = table("names")["variants"]
    return re.sub(r"LicenseRef-[\w.-]+", lambda match: variants.get(match[0], {}).get("text_of", match[0]), expression)


def from_field(text: str) -> str | None:
    """Return the expression that a ``License`` field names without ambiguity, else None."""
    line = " ".join(text.split())
    if not line or len(line) > 120:
        return None
    fields: dict[str, str] = table("names")["fields"]
    key = line.lower().rstrip(".")
    known = fields.get(key) or fields.get(key.replace("-", " "))
    if known is not None:
        return known
    if len(sides := line.split(" and ")) > 1:
        meant = [from_field(side) for side in sides]
        named = [side for side in meant if side is not None and " OR " not in side]
        return all_of(named) if len(named) == len(sides) else None
    if not re.search(r"\s(?!AND\b|OR\b|WITH\b|and\b|or\b|with\b)", line) or " AND " in line or " OR " in line:
        return normalise(line)
    return None


def from_classifier(classifier: str) -> tuple[str | None, tuple[str, ...]]:
    """Return (expression, candidates) of a trove classifier; the first is None if the classifier is ambiguous."""
    name = classifier.rsplit(" :: ", 1)[-1]
    exact: str | None = table("names")["classifiers"].get(name)
    return exact, tuple(table("names")["ambiguous"].get(name, ()))


def is_category(classifier: str) -> bool:
    """Return whether a classifier only says that there is a license (``OSI Approved``)."""
    return classifier.rsplit(" :: ", 1)[-1] in {"OSI Approved", "License"}


def choose(expression: str, cost: Callable[[str], int]) -> tuple[str, ...]:
    """Return the licenses of the cheapest way to satisfy an expression; of equally cheap ones the first.

    The cost of a way is that of its dearest license.
    """
    if " " not in expression:
        return (expression,)
    parsed = _parse(expression)
    return (expression,) if parsed is None else tuple(dict.fromkeys(_choose(parsed, cost)[1]))


def _choose(node: Any, cost: Callable[[str], int]) -> tuple[int, list[str]]:
    from license_expression import LicenseSymbol, LicenseWithExceptionSymbol

    if isinstance(node, (LicenseSymbol, LicenseWithExceptionSymbol)):
        return cost(str(node)), [str(node)]
    ways = [_choose(argument, cost) for argument in node.args]
    if node.operator.strip() == "OR":
        return min(ways, key=lambda way: way[0])
    return max(way[0] for way in ways), [license_id for _, licenses in ways for license_id in licenses]
