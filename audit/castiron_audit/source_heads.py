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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_HEAD = 4000
"""Bytes of a file in which its notice stands."""
_MOST_FILES = 20
"""Files that are looked into until some have a notice."""
_ENOUGH = 5
"""Files that say the same are believed."""
_SUFFIXES = (".py", ".pyi", ".pyx", ".pxd", ".h")
_ONLY = re.compile(r"(?:A|L)?GPL-\d\.\d-only")


def source_heads(paths: Iterable[str], read: Callable[[str], bytes | None]) -> Iterator[tuple[str, str]]:
    """Yield path and head of source files that speak of a license, sorted by path; ``read`` gives what is available."""
    sources = (path for path in sorted(paths) if path.endswith(_SUFFIXES))
    for _, path in zip(range(_MOST_FILES), sources, strict=False):
        data = read(path)
        head = "" if data is None else data[:_HEAD].decode("utf-8", "replace")
        if re.search(r"licen[sc]e", head, re.IGNORECASE):
            yield path, head


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
