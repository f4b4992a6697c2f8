"""Reads which files the distributions of an environment have, from their RECORD files."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from castiron_trace.model import Site


@dataclass(frozen=True, slots=True)
class InstalledFiles:
    """The files of one distribution.  Paths are relative to site-packages and may begin with ``../``."""

    distribution: str
    """Normalised name."""
    dist_info: str
    """Its dist-info folder."""
    files: tuple[str, ...]
    """As RECORD names them, sorted."""
    hashes: Mapping[str, str]
    """File -> SHA-256 as RECORD gives it, in hexadecimal; for some files it gives none."""


def installed_files(site: Site) -> list[InstalledFiles]:
    """Return the files of each distribution, sorted by the names of the dist-info folders."""
    from castiron_wheels.wheel_metadata import parse_record

    folders = sorted(folder for root in site.path for folder in root.glob("*.dist-info"))
    distributions = []
    for folder in folders:
        record = parse_record((folder / "RECORD").read_bytes())
        name = re.sub(r"[-_.]+", "-", folder.name.removesuffix(".dist-info").rpartition("-")[0]).lower()
        hashes = {path: _hexadecimal(value) for path, (value, _size) in record.items() if value.startswith("sha256=")}
        distributions.append(InstalledFiles(name, folder.name, tuple(sorted(record)), hashes))
    return distributions


def _hexadecimal(value: str) -> str:
    """Return a hash of RECORD, which is base64 without padding behind its name, in hexadecimal."""
    text = value.removeprefix("sha256=")
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
