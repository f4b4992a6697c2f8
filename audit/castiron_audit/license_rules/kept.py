"""What was found in each text is kept in the cache, by the hash of the text and of the rules.

An application's texts are those of its distributions, which hardly change from one link to the next, and most are those
of other applications, too.  The rules need not even be read if all texts are known.
"""

from __future__ import annotations

import json
from contextlib import suppress
from functools import cache, lru_cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from castiron_audit import expressions, spdx_list
from castiron_audit.license_rules.found import FoundLicense, LicensedText
from castiron_audit.license_rules.index import FILE_NAME, Kind
from castiron_audit.license_rules.kept_rows import kept_rows
from castiron_audit.license_rules.licenses import find_licenses
from castiron_common.files import sha256_bytes
from castiron_common.source_key import source_key

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

_FOLDER = Path(__file__).parent


@lru_cache(maxsize=512)
def licenses_of(text: str) -> LicensedText:
    """Return what `find_licenses` finds in a text; looked for once.

    Raises `OutputError` if the cache cannot be written.
    """
    key = f"{_rules_key()}:{sha256_bytes(text.encode('utf-8', 'surrogatepass'))}"
    with kept_rows() as rows:
        if (known := rows.get(key)) is not None:
            # What does not fit was written by no code of ours: it is made again.
            with suppress(ValueError, TypeError, KeyError):
                return decode(known)
        found = find_licenses(text)
        rows.add(key, encode(found))
        return found


def encode(read: LicensedText) -> bytes:
    """Return what was found as JSON."""
    rows = [
        [item.expression, int(item.kind), item.specific, item.exception, item.line, item.words, item.similarity]
        for item in read.found
    ]
    return json.dumps({"found": rows, "words": read.words, "open_words": read.open_words}).encode()


def decode(data: bytes) -> LicensedText:
    """Return what `encode` was given.  Raises ValueError, TypeError or KeyError for anything else."""
    content: dict[str, Any] = json.loads(data)
    found = []
    for expression, kind, specific, exception, line, words, similarity in content["found"]:
        found.append(
            FoundLicense(
                expression=expression,
                kind=Kind(kind),
                specific=specific,
                exception=exception,
                line=line,
                words=words,
                similarity=similarity,
            )
        )
    return LicensedText(found=tuple(found), words=content["words"], open_words=content["open_words"])


@cache
def _rules_key() -> str:
    """Return a hash of what finds licenses: the rules, SPDX's list, and the code."""
    data = files("castiron_audit.data")
    tables = [_hash(data.joinpath(name)) for name in (FILE_NAME, spdx_list.FILE_NAME, "names.toml")]
    sources = [*_FOLDER.glob("*.py"), Path(expressions.__file__), Path(spdx_list.__file__)]
    return source_key(sources, libraries=("license-expression",), also=" ".join(tables))


def _hash(table: Traversable) -> str:
    return sha256_bytes(table.read_bytes())
