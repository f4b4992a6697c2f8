"""Licenses of packages of several ecosystems, of which a wheel's files tell no more than the name.

They are what GNU Guix states of its packages, and are kept in ``data/collected_licenses.json.zst`` (made by
``data/make_collected_licenses.py``); for libraries ``data/known_libraries.toml``, which was written by hand, counts
first.  They are asked where neither the wheel nor Castiron's other tables tell a license.  Of fonts, what Google Fonts
offers is known, too (``font_licenses.json.zst``, made by ``make_font_licenses.py``).
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from castiron_audit.model import Evidence, Source
from castiron_audit.names import normalised
from castiron_audit.tables import document, table

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILE_NAME = "collected_licenses.json.zst"
_MAJOR = re.compile(r"/v\d{1,4}$")
_REPOSITORY = re.compile(r"(?:github\.com|gitlab\.com|bitbucket\.org|codeberg\.org)/[^/]+/[^/]+")
"""The module in the main folder of a repository; those in folders of it share its license file."""


def collected_license(kind: str, name: str) -> Evidence | None:
    """Return the license of a package of a kind: ``go``, ``haskell``, ``libraries``, ``fonts``; None if unknown."""
    if kind == "libraries" and (own := table("known_libraries")["libraries"].get(name)) is not None:
        expression, file = own
        return Evidence(source=Source.CATALOGUE, where=f"{name}: {file}", says=expression, expression=expression)
    collected = _document()
    row = collected[kind].get(name)
    if row is None:
        return None
    expression, file = row
    where = f"{name}, in {collected['source']}: {file}"
    return Evidence(source=Source.CATALOGUE, where=where, says=expression, expression=expression)


def license_of_module(path: str) -> Evidence | None:
    """Return the license of a Go module, or of another major version, or of the main module of its repository."""
    repository = _REPOSITORY.match(path)
    names = (path, _MAJOR.sub("", path), *((repository[0],) if repository else ()))
    return next((found for name in names if (found := collected_license("go", name)) is not None), None)


def license_of_font(family: str) -> Evidence | None:
    """Return the license of a family of fonts: ``Fira Code``."""
    key = normalised(family)
    if (known := collected_license("fonts", key)) is not None:
        return known
    offered = document("font_licenses")
    expression = offered["families"].get(key)
    if expression is None:
        return None
    where = f"{family}, in {offered['source']}"
    return Evidence(source=Source.CATALOGUE, where=where, says=expression, expression=expression)


@cache
def library_names() -> Mapping[str, str]:
    """Return the names of the libraries, each with its license."""
    rows = _document()["libraries"] | table("known_libraries")["libraries"]
    return {name: expression for name, (expression, _) in rows.items()}


def namespaces() -> Mapping[str, str]:
    """Return the namespaces of C++ that are a library's own, each with the library."""
    found: Mapping[str, str] = table("known_libraries")["namespaces"]
    return found


def table_bytes() -> bytes:
    """Return the file, which keys of caches are made of."""
    return files("castiron_audit.data").joinpath(_FILE_NAME).read_bytes()


@cache
def _document() -> dict[str, Any]:
    import zstandard

    document: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(table_bytes()))
    return document
