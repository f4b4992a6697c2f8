"""Reads tables of facts, each once: those in ``data/``, and ScanCode's categories of licenses."""

from __future__ import annotations

import json
import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


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


def write_document(name: str, content: Mapping[str, Any]) -> None:
    """Write ``data/<name>.json.zst``: for the programs that make tables.  The same content gives the same bytes."""
    import zstandard

    packed = json.dumps(content, sort_keys=True, ensure_ascii=False).encode()
    file = Path(__file__).parent.joinpath("data", f"{name}.json.zst")
    file.write_bytes(zstandard.ZstdCompressor(level=19).compress(packed))


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
