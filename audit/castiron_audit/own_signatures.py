"""Reads a project's own signatures: texts that show libraries which Castiron's tables do not have.

::

    [[tool.castiron.licenses.signature]]
    library = "libfrobnicate"
    license = "BSD-3-Clause"                          # may be left out for a library that Castiron knows
    source = "frobnicate 2.1: COPYING"                # where the license was read
    strings = ["frobnicate: cannot open %s"]          # any of them shows it
    at_least = 1                                      # how many different ones must be there
    pattern = 'frobnicate ([0-9.]+)'                  # must match around one; its group is the version
    unless = ["frobnicate-ng"]                        # what shows it to be something else
    text = "licenses/frobnicate.txt"                  # for the notices; relative to the policy's file

The keys of a row are those of ``data/signatures.toml``, whose first lines explain them.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from castiron_audit.catalogue import CatalogueEntry, library_of_name
from castiron_audit.expressions import license_ids, normalise
from castiron_audit.signatures import Signature, signature
from castiron_audit.spelling import did_you_mean
from castiron_common.frozen import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from typing import Any, TypeAlias

    from castiron_common.errors import InputError

    Wrong: TypeAlias = "Callable[[str], InputError]"

KEYS = {"library", "strings", "license", "source", "at_least", "pattern", "version", "unless", "text"}
_SHORTEST = 6
"""Bytes: shorter texts stand in other libraries' machine code by chance."""
_LARGEST_TEXT = 4_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnSignature:
    """A row of the project's."""

    signature: Signature
    entry: CatalogueEntry
    """The library as the catalogue would have it."""
    texts: tuple[tuple[str, str], ...] = ()
    """(path, license text)."""


def parse_signatures(rows: object, source: str, folder: Path, wrong: Wrong) -> tuple[OwnSignature, ...]:
    """Return the rows of ``signature`` in a policy; ``source`` names its file, which lies in ``folder``.

    Raises what ``wrong`` makes of the first mistake.
    """
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise wrong("signature is not a list of tables")
    return tuple(_row(row, f"signature[{index}]", source, folder, wrong) for index, row in enumerate(rows))


def _row(row: Mapping[str, Any], name: str, source: str, folder: Path, wrong: Wrong) -> OwnSignature:
    for key in sorted(set(row) - KEYS):
        raise wrong(f"{name} has an unknown key {key!r}{did_you_mean(key, KEYS)}")
    for key in ("library", "strings"):
        if key not in row:
            raise wrong(f"{name} lacks {key!r}")
    for key in ("library", "license", "source", "pattern", "text"):
        if key in row and (not isinstance(row[key], str) or not row[key].strip()):
            raise wrong(f"{name}: {key} is not a text")
    _check_strings(row, name, wrong)
    at_least = row.get("at_least", 1)
    if not isinstance(at_least, int) or isinstance(at_least, bool) or not 1 <= at_least <= len(row["strings"]):
        raise wrong(f"{name}: at_least is {at_least!r}; there are {len(row['strings'])} strings")
    version = row.get("version")
    if version is not None and (not _texts(version) or len(version) != 2):
        raise wrong(f"{name}: version is not a list of a text and a pattern")
    for pattern in (row.get("pattern"), version[1] if version else None):
        _check_pattern(pattern, name, wrong)
    return OwnSignature(
        signature=signature({key: row[key] for key in row if key not in {"license", "source", "text"}}),
        entry=_entry(row, name, source, wrong),
        texts=_license_text(row.get("text"), name, folder, wrong),
    )


def _texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(item, str) for item in values)


def _check_strings(row: Mapping[str, Any], name: str, wrong: Wrong) -> None:
    for key in ("strings", "unless"):
        if not _texts(row.get(key, [])) or (key == "strings" and not row[key]):
            raise wrong(f"{name}: {key} is not a list of texts")
    short = [text for text in row["strings"] if len(text.encode()) < _SHORTEST]
    if short:
        raise wrong(f"{name}: {short[0]!r} is too short to show a library, {_SHORTEST} bytes are the least")


def _check_pattern(pattern: str | None, name: str, wrong: Wrong) -> None:
    try:
        re.compile((pattern or "").encode())
    except re.error as error:
        raise wrong(f"{name}: {pattern!r} is no regular expression: {error}") from error


def _entry(row: Mapping[str, Any], name: str, source: str, wrong: Wrong) -> CatalogueEntry:
    """Return the library; one that Castiron knows keeps its license unless the row names another."""
    known = library_of_name(row["library"])
    said = row.get("license")
    if said is None:
        if known is None:
            raise wrong(f"{name} lacks 'license': Castiron knows no library {row['library']!r}")
        return known
    expression = normalise(said)
    if expression is None:
        raise wrong(f"{name}: {said!r} is not an SPDX expression{did_you_mean(said, license_ids())}")
    return CatalogueEntry(
        name=known.name if known is not None else row["library"].strip(),
        file_or_family="(?!)" if known is None else known.file_or_family,
        license=expression,
        source=row.get("source") or source,
        cpe=known.cpe if known is not None else None,
    )


def _license_text(path: str | None, name: str, folder: Path, wrong: Wrong) -> tuple[tuple[str, str], ...]:
    if path is None:
        return ()
    try:
        data = (folder / path).read_bytes()[:_LARGEST_TEXT]
        return ((path, data.decode("utf-8")),)
    except (OSError, UnicodeDecodeError) as error:
        raise wrong(f"{name}: the text {path} cannot be read: {getattr(error, 'strerror', None) or error}") from error


def signatures_of(rows: Iterable[OwnSignature]) -> tuple[Signature, ...]:
    """Return what is looked for."""
    return tuple(row.signature for row in rows)
