"""Licenses and copyright lines of Go modules, of which a Go binary names only path and version.

They were collected from Debian's packages of Go sources, and are kept in ``data/go_modules.json.zst`` (made by
``data/make_go_modules.py``).  They may be those of another version, which the evidence names.
"""

from __future__ import annotations

import re
from typing import Any

from castiron_audit.tables import document
from castiron_common.frozen import dataclass

_MAJOR = re.compile(r"/v(\d{1,4})$")
_PACKAGE_MAJOR = re.compile(r"^\S+ (?:\d+:)?(\d+)")
"""The major version of the package in ``golang-x-dev 1.9.5-1, Debian's copyright file``; 0 if it has no release."""
_LARGEST_MAJOR = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModule:
    """What is known of one Go module."""

    license: str
    where: str
    """Where license and text were read."""
    text: str


def known_module(path: str) -> KnownModule | None:
    """Return what is known of a module, or of the module around it, if the package that was read has its folder.

    A major version at the end of a path (Go Modules Reference, "Module paths") is a module of its own.  What another
    major version is under counts only if that is one license for all of it: parts of others come and go.
    """
    modules = document("go_modules")["modules"]
    if path in modules:
        return _known(modules[path])
    major = _MAJOR.search(path)
    name, inner = _MAJOR.sub("", path), ""
    while name not in modules and "/" in name:
        name, _, inner = name.rpartition("/")
    row = modules.get(name)
    if (
        row is None
        or (inner and inner not in row["folders"])
        or (major and " AND " in row["license"] and not _may_be(row, int(major[1])))
    ):
        return None
    return _known(row)


def _may_be(row: dict[str, Any], major: int) -> bool:
    """Return whether the package of a row may be of a major version: dates and numbers of collections tell none."""
    said = _PACKAGE_MAJOR.search(row["where"])
    return said is None or int(said[1]) in {0, major} or int(said[1]) > _LARGEST_MAJOR


def _known(row: dict[str, Any]) -> KnownModule:
    return KnownModule(license=row["license"], where=row["where"], text=document("go_modules")["texts"][row["text"]])
