"""Reads tables of facts, each once: those in ``data/``, and ScanCode's categories of licenses."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def table(name: str) -> dict[str, Any]:
    """Return the content of ``data/<name>.toml``."""
    return tomllib.loads(files("castiron_audit.data").joinpath(f"{name}.toml").read_text(encoding="utf-8"))


@cache
def document(name: str) -> dict[str, Any]:
    """Return the content of ``data/<name>.json.zst``."""
    import zstandard  # not for whoever needs no table of texts

    packed = files("castiron_audit.data").joinpath(f"{name}.json.zst").read_bytes()
    content: dict[str, Any] = json.loads(zstandard.ZstdDecompressor().decompress(packed))
    return content


@cache
def categories() -> dict[str, str]:
    """Return the category of every SPDX license and exception: ``Permissive``, ``Copyleft``, ``Copyleft Limited`` ...

    Source: ScanCode LicenseDB, as the package license-expression ships it.
    """
    from license_expression import get_license_index

    rows: dict[str, str] = {}
    for entry in get_license_index():
        for key in (entry.get("spdx_license_key"), *entry.get("other_spdx_license_keys", ())):
            if key:
                rows.setdefault(key, entry.get("category") or "Unstated License")
    return rows
