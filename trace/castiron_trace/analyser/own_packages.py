"""Gives paths that begin with a package's name, ``{shop.data}/x``, from a source's folder on, as all others are."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from castiron_trace.analyser.syntax.scan import Literal, Scan


def with_package_places(scan: Scan, source: str, roots: Sequence[str]) -> Scan:
    """Return the scan of an own source; what begins with a package that is not the application's is left out."""
    if not any(item.text.startswith("{") for item in (*scan.paths, *scan.changed, *scan.databases)):
        return scan
    folder = Path(source).parent

    def placed(literals: Sequence[Literal]) -> tuple[Literal, ...]:
        return tuple(sorted({item for literal in literals for item in _placed(literal, folder, roots)}))

    return replace(scan, paths=placed(scan.paths), changed=placed(scan.changed), databases=placed(scan.databases))


def _placed(literal: Literal, folder: Path, roots: Sequence[str]) -> Iterator[Literal]:
    if not literal.text.startswith("{"):
        yield literal
        return
    package, _, rest = literal.text[1:].partition("}")
    for root in roots:
        place = Path(root, *package.split("."))
        if place.is_dir():
            yield literal._replace(text=Path(os.path.relpath(place, folder), rest.lstrip("/")).as_posix())
            return
