"""Tells a choice of licenses by the names of their files: ``LICENSE-MIT`` beside ``LICENSE-APACHE``.

By the custom of Rust's projects, and of C++ projects like them, such files are there for recipients to choose from; the
licenses for which that is so are in ``data/names.toml``.  Names like ``LICENSE`` say nothing of the kind.
"""

from __future__ import annotations

import posixpath
import re
from typing import TYPE_CHECKING

from castiron_audit.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from castiron_audit.model import Evidence

_NAMED_AFTER_LICENSE = re.compile(
    r"(?:licen[sc]e|copying)[-_.](?!(?:txt|md|rst)$)[\w.+-]+|unlicense(?:\.(?:txt|md|rst))?", re.IGNORECASE
)


def are_offered(paths: Iterable[str], evidence: Sequence[Evidence]) -> bool:
    """Return whether license files are a choice: all in one folder, each named after the one license that it has.

    ``evidence`` is what the files say.  One file with another name, another license or several, or in another folder
    and all of them count.
    """
    files = frozenset(paths)
    if len(files) < 2 or len({posixpath.dirname(path) for path in files}) > 1:
        return False
    offered = table("names")["offered"]
    found: set[str] = set()
    for path in files:
        said = [item for item in evidence if item.where == path and item.expression is not None]
        licenses = {item.expression for item in said}
        if (
            not _NAMED_AFTER_LICENSE.fullmatch(posixpath.basename(path))
            or len(licenses) != 1
            or not any(item.similarity is not None for item in said)
        ):
            return False
        found |= {expression for expression in licenses if expression is not None}
    return len(found) > 1 and found <= offered["licenses"].keys()
