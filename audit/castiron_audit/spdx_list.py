"""Reads the SPDX License List as it is in ``data/license_list.json.zst`` (made by ``data/make_license_list.py``)."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def license_list() -> dict[str, dict[str, dict[str, Any]]]:
    """Return ``licenses`` and ``exceptions``: by identifier, each with ``name``, ``text`` and ``deprecated``."""
    import zstandard

    packed = files("castiron_audit.data").joinpath("license_list.json.zst").read_bytes()
    rows: dict[str, dict[str, dict[str, Any]]] = json.loads(zstandard.ZstdDecompressor().decompress(packed))
    return rows


def license_text(license_id: str) -> str | None:
    """Return the list's text of a license or exception, None if SPDX does not list it."""
    row = _row(license_id)
    return None if row is None else str(row["text"])


def license_name(license_id: str) -> str | None:
    """Return the full name of a license or exception, None if SPDX does not list it."""
    row = _row(license_id)
    return None if row is None else str(row["name"])


def _row(license_id: str) -> dict[str, Any] | None:
    return license_list()["licenses"].get(license_id) or license_list()["exceptions"].get(license_id)
