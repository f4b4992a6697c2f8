"""Collects what each distribution says about its license, as evidence; each text once."""

from __future__ import annotations

import re
from email.parser import HeaderParser
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from castiron_common.files import sha256_bytes
from castiron_manifest.model import LicenseEvidence, LicenseFile

if TYPE_CHECKING:
    from collections.abc import Iterable
    from email.message import Message
    from pathlib import Path

_FILE_NAME = re.compile(r"(?i)^(?:un)?(?:licen[cs]e|copying|notice|copyright|authors|patents|eula|ofl)s?(?:[._\-].*)?$")
_NOT_TEXT = (
    ".py",
    ".pyc",
    ".pyi",
    ".so",
    ".json",
    ".html",
    ".js",
    ".css",
    ".h",
    ".c",
    ".toml",
    ".png",
    ".svg",
    ".pyx",
    ".xml",
)
_LARGEST = 4_000_000
"""Bytes; a longer file is not a license text."""


def read_metadata(dist_info: Path) -> Message:
    """Return the headers of ``METADATA``."""
    return HeaderParser().parsestr((dist_info / "METADATA").read_text(encoding="utf-8", errors="replace"))


def evidence(site: Path, dist_info: str, files: Iterable[str], texts: dict[str, str]) -> LicenseEvidence:
    """Return the evidence of one distribution and add the texts to ``texts``, by the SHA-256 of their UTF-8 form.

    ``dist_info`` and ``files`` are relative to ``site``.

    Source: core metadata 2.4 (PEP 639: License-Expression, License-File), PEP 770 (``.dist-info/sboms``); before them,
    the License field, ``License ::`` classifiers, and files whose names say what they are.
    """
    metadata = read_metadata(site / dist_info)
    declared = {PurePosixPath(name).as_posix() for name in metadata.get_all("License-File", [])}
    licenses: list[LicenseFile] = []
    sboms: list[LicenseFile] = []
    for path in sorted(set(files)):
        if path.startswith(f"{dist_info}/"):
            inner = path[len(dist_info) + 1 :]
            if inner.startswith("sboms/"):
                _add(site, path, sboms, texts)
            elif (
                inner.startswith(("licenses/", "license_files/"))
                or inner in declared
                or PurePosixPath(inner).name in {PurePosixPath(name).name for name in declared}
                or _looks_like_license(inner)
            ):
                _add(site, path, licenses, texts)
        elif _looks_like_license(path):
            _add(site, path, licenses, texts)
    text = metadata.get("License")
    return LicenseEvidence(
        expression=metadata.get("License-Expression") or None,
        text=text if text and text.strip() and text.strip().upper() != "UNKNOWN" else None,
        classifiers=tuple(sorted(c for c in metadata.get_all("Classifier", []) if c.startswith("License ::"))),
        files=tuple(licenses),
        sboms=tuple(sboms),
    )


def _looks_like_license(path: str) -> bool:
    name = PurePosixPath(path).name
    return bool(_FILE_NAME.match(name)) and not name.lower().endswith(_NOT_TEXT)


def _add(site: Path, path: str, files: list[LicenseFile], texts: dict[str, str]) -> None:
    file = site / path
    if not file.is_file() or file.stat().st_size > _LARGEST:
        return
    data = file.read_bytes()
    if b"\0" in data:
        return
    text = data.decode("utf-8", errors="replace")
    digest = sha256_bytes(text.encode("utf-8"))
    texts[digest] = text
    files.append(LicenseFile(path=path, sha256=digest))
