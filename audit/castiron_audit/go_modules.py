"""Licenses and copyright lines of Go modules, of which a Go binary names only path and version.

They were collected from Debian's packages of Go sources, and are kept in ``data/go_modules.json.zst`` (made by
``data/make_go_modules.py``).  They may be those of another version, which the evidence names.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from castiron_common.frozen import dataclass

_MAJOR = re.compile(r"/v\d+$")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownModule:
    """What is known of one Go module."""

    license: str
    where: str
    """Where license and text were read."""
    text: str


def known_module(path: str) -> KnownModule | None:
    """Return what is known of a module, or of the module around it, if the package that was read has its folder.

    The major version at the end of a path is no part of the project's name (Go Modules Reference, "Module paths").
    """
    modules = _document()["modules"]
    name, inner = _MAJOR.sub("", path), ""
    while name not in modules and "/" in name:
        name, _, inner = name.rpartition("/")
    row = modules.get(name)
    if row is None or (inner and inner not in row["folders"]):
        return None
    return KnownModule(license=row["license"], where=row["where"], text=_document()["texts"][row["text"]])


@cache
def _document() -> dict[str, Any]:
    import zstandard

    packed = files("castiron_audit.data").joinpath("go_modules.json.zst").read_bytes()
    document: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(packed))
    return document
