"""Reads the SPDX License List as it is in ``data/license_list.json.zst`` (made by ``data/make_license_list.py``)."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

FILE_NAME = "license_list.json.zst"

UNFILLED = re.compile(
    r"^\W*(?:portions )?copyright\b[^\n]*(?:<[^<>@]*>|\[(?:yyyy|year|name|fullname)[^\]]*\])", re.IGNORECASE
)
"""A copyright notice without a holder."""
PLACEHOLDER = re.compile(
    r"<((?:name of )?(?:copyright )?(?:holders?|owners?|authors?|organization|contributors?))>", re.IGNORECASE
)


_APPENDIX = re.compile("how to apply", re.IGNORECASE)
"""Where the Apache License and the GPL tell the form of a notice for one's own work: what stands before is whole."""


@cache
def license_list() -> dict[str, dict[str, dict[str, Any]]]:
    """Return ``licenses`` and ``exceptions``: by identifier, each with ``name``, ``text`` and ``deprecated``."""
    import zstandard

    packed = files("castiron_audit.data").joinpath(FILE_NAME).read_bytes()
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


@cache
def has_blanks(license_id: str) -> bool:
    """Return whether the list's text of a license is a template, in which holders of the copyright are to be named."""
    text = _APPENDIX.split(license_text(license_id) or "", maxsplit=1)[0]
    return any(UNFILLED.match(line) or PLACEHOLDER.search(line) for line in text.splitlines())


def _row(license_id: str) -> dict[str, Any] | None:
    return license_list()["licenses"].get(license_id) or license_list()["exceptions"].get(license_id)
