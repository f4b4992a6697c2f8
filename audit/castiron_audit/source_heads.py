"""Reads the heads of a distribution's source files, often the only place that grants later versions or has a license.

The text of the GPL does not say whether later versions may be chosen, and a ``License`` field of "LGPL-2.1" is not
meant to forbid them; the notice at the head of each source file says it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit import expressions
from castiron_audit.license_rules.index import Kind
from castiron_audit.license_rules.kept import licenses_of
from castiron_audit.model import Evidence, Source
from castiron_audit.text_evidence import with_precise_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_HEAD = 4000
"""Bytes of a file in which its notice stands."""
_MOST_FILES = 20
"""Files that are looked into until some have a notice."""
_ENOUGH = 5
"""Files that say the same are believed."""
_SUFFIXES = (".py", ".pyi", ".pyx", ".pxd", ".h")
_STATING = frozenset({Kind.TEXT, Kind.NOTICE, Kind.REFERENCE, Kind.TAG})
_ONLY = re.compile(r"(?:A|L)?GPL-\d\.\d-only")


def source_heads(paths: Iterable[str], read: Callable[[str], bytes | None]) -> Iterator[tuple[str, str]]:
    """Yield path and head of source files that speak of a license, sorted by path; ``read`` gives what is available."""
    # What a wheel has in NAME.data, headers among it, is not installed beside the modules.
    sources = (path for path in sorted(paths) if path.endswith(_SUFFIXES) and ".data/" not in path)
    for _, path in zip(range(_MOST_FILES), sources, strict=False):
        data = read(path)
        head = "" if data is None else data[:_HEAD].decode("utf-8", "replace")
        if re.search(r"licen[sc]e", head, re.IGNORECASE):
            yield path, head


def licenses_in_heads(heads: Iterable[tuple[str, str]], meant: Iterable[str]) -> list[Evidence]:
    """Return each license that heads of source files name, "-only" before "-or-later", as clues to which one is meant.

    ``meant`` are the candidates; there is no clue if less than half of the heads name a license of their families.
    """
    families = {expressions.family(item) for item in meant}
    named: dict[str, str] = {}
    naming = of_family = 0
    for path, head in heads:
        found = [
            expression
            for item in licenses_of(head).found
            if item.specific and not item.exception and item.kind in _STATING
            if (expression := expressions.normalise(item.expression)) is not None
        ]
        naming += bool(found)
        names = {name for expression in found for name in expressions.licenses_in(expression)}
        of_family += any(expressions.family(name) in families for name in names)
        for expression in found:
            named.setdefault(expression, path)
    if 2 * of_family <= naming:
        return []
    evidence = [
        Evidence(source=Source.TEXT, where=path, says=f"says it is under {expression}", expression=expression)
        for expression, path in sorted(named.items(), key=lambda item: (item[0].endswith("-or-later"), item[0]))
    ]
    precise = set(with_precise_names(evidence))
    return [item for item in evidence if item.expression in precise]


def license_of_heads(heads: Iterable[tuple[str, str]]) -> Evidence | None:
    """Return the license that heads of source files name, None unless all that name any name the same.

    For distributions whose metadata and license files do not tell it.
    """
    named: dict[str, str] = {}
    for path, head in heads:
        for item in licenses_of(head).found:
            if item.specific and not item.exception and item.kind in {Kind.TEXT, Kind.NOTICE}:
                named.setdefault(item.expression, path)
    if len(named) != 1:
        return None
    ((found, where),) = named.items()
    expression = expressions.normalise(found)
    if expression is None:
        return None
    return Evidence(source=Source.TEXT, where=where, says=f"says it is under {found}", expression=expression)


def later_version(expression: str | None, heads: Iterable[tuple[str, str]]) -> Evidence | None:
    """Return the evidence that later versions of a license may be chosen, None unless all heads that name it say so."""
    if expression is None or not _ONLY.fullmatch(expression):
        return None
    later = expression.replace("-only", "-or-later")
    granted: list[str] = []
    for path, head in heads:
        # A head may add an exception to the license.
        named = {item.expression.partition(" WITH ")[0] for item in licenses_of(head).found}
        if expression in named:
            return None
        granted += [path] if later in named else []
        if len(granted) == _ENOUGH:
            break
    if not granted:
        return None
    return Evidence(source=Source.TEXT, where=granted[0], says=f"says it is under {later}", expression=later)
