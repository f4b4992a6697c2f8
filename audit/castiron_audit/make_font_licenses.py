"""Makes ``data/font_licenses.json.zst``: licenses of the families of fonts that Google Fonts offers, by their names.

``python -m castiron_audit.make_font_licenses ARCHIVE``

ARCHIVE: the package ``google-font-metadata`` of npm as ``npm pack`` leaves it, which has them as Google Fonts states
them.  A family whose license has no identifier gets no row.
"""

from __future__ import annotations

import json
import re
import sys
import tarfile
from pathlib import Path
from typing import Any

from castiron_audit.names import normalised
from castiron_audit.tables import write_document

NAME = "font_licenses"
_LICENSES = (
    (re.compile(r"open font license|\bOFL\b", re.IGNORECASE), "OFL-1.1"),
    (re.compile(r"apache", re.IGNORECASE), "Apache-2.0"),
    (re.compile(r"ubuntu font", re.IGNORECASE), "Ubuntu-font-1.0"),
)


def main(archive: Path) -> None:
    """Write the file."""
    with tarfile.open(archive) as tar:
        manifest = _document(tar, "package/package.json")
        families = families_of(_document(tar, "package/data/licenses.json"))
    write_document(NAME, {"source": f"google-font-metadata {manifest['version']} (npm)", "families": families})


def families_of(rows: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the licenses by normalised names of families."""
    found = {}
    for name, row in rows.items():
        said = row.get("license", {}).get("type", "")
        expression = next((expression for pattern, expression in _LICENSES if pattern.search(said)), None)
        if expression is not None:
            found[normalised(name)] = expression
    return found


def _document(tar: tarfile.TarFile, name: str) -> dict[str, Any]:
    file = tar.extractfile(name)
    if file is None:
        sys.exit(f"{name} is not in the package.")
    content: dict[str, Any] = json.loads(file.read())
    return content


if __name__ == "__main__":
    main(Path(sys.argv[1]))
