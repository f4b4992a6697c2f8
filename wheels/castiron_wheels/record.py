"""``RECORD``: the files of a distribution with their hashes, read and written in one place.

Source: Recording installed projects, packaging.python.org specifications (PEP 376, PEP 427).
"""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_SHA256 = "sha256="


@dataclass(frozen=True, slots=True, kw_only=True)
class InstalledRecord:
    """What ``RECORD`` of an installed distribution says."""

    dist_info: str
    """Name of the folder that it lies in."""
    files: tuple[str, ...]
    """Paths relative to ``site-packages``, sorted."""
    sha256: dict[str, str]
    """Path -> hash in hexadecimal, of the files that have one."""


def parse_record(data: bytes) -> dict[str, tuple[str, str]]:
    """Return ``RECORD`` as a map from path to (hash, size), as written.  Raises ValueError if it is no CSV in UTF-8."""
    try:
        rows = list(csv.reader(io.StringIO(data.decode("utf-8"), newline="")))
    except csv.Error as error:
        raise ValueError(str(error)) from error
    return {row[0]: (row[1], row[2]) for row in rows if len(row) >= 3}


def format_record(rows: Iterable[tuple[str, str, str]]) -> bytes:
    """Return a ``RECORD`` file of the rows, sorted by path."""
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(sorted(rows))
    return out.getvalue().encode("utf-8")


def recorded_hash(sha256: bytes) -> str:
    """Return a hash as ``RECORD`` writes it."""
    return _SHA256 + base64.urlsafe_b64encode(sha256).rstrip(b"=").decode()


def hash_of(content: bytes) -> str:
    """Return the hash of a file's content as ``RECORD`` writes it."""
    return recorded_hash(hashlib.sha256(content).digest())


def installed_records(site_packages: Path) -> dict[str, InstalledRecord]:
    """Return what each distribution's ``RECORD`` says, by normalised name.

    For folders that `castiron_wheels.install` made: every distribution has its ``RECORD``.
    """
    from packaging.utils import canonicalize_name  # not for whoever has no distributions

    records: dict[str, InstalledRecord] = {}
    for folder in sorted(site_packages.glob("*.dist-info")):
        rows = parse_record((folder / "RECORD").read_bytes())
        name = canonicalize_name(folder.name.removesuffix(".dist-info").rpartition("-")[0])
        records[name] = InstalledRecord(
            dist_info=folder.name,
            files=tuple(sorted(rows)),
            sha256={path: _hexadecimal(said) for path, (said, _) in rows.items() if said.startswith(_SHA256)},
        )
    return records


def _hexadecimal(recorded: str) -> str:
    text = recorded.removeprefix(_SHA256)
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).hex()
