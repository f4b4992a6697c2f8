"""Collects what real wheels say about their licenses into ``evidence.json.zst``, so that tests need no network.

``python -m tests.unit.audit.truth.make_evidence SITE``: SITE is a folder into which the distributions of ``truth.toml``
were installed for the target.  Contents of modules and libraries are not kept, only names, sizes and license texts.
"""

import json
import re
import sys
import tomllib
from email.parser import HeaderParser
from pathlib import Path

import zstandard

FOLDER = Path(__file__).parent
WANTED = re.compile(r"licen[cs]e|copying|notice|authors", re.IGNORECASE)


def main(site: Path) -> None:
    wanted = set(tomllib.loads((FOLDER / "truth.toml").read_text())["distribution"])
    texts: dict[str, str] = {}
    rows = {}
    for path in sorted(site.glob("*.dist-info/METADATA")):
        headers = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"))
        name = re.sub(r"[-_.]+", "-", headers["Name"]).lower()
        if name in wanted:
            rows[name] = row(site, path, headers, texts)
    if missing := wanted - set(rows):
        sys.exit(f"not installed: {', '.join(sorted(missing))}")
    packed = json.dumps({"texts": texts, "distributions": rows}, sort_keys=True).encode()
    (FOLDER / "evidence.json.zst").write_bytes(zstandard.ZstdCompressor(level=19).compress(packed))


def row(site: Path, path: Path, headers, texts: dict[str, str]) -> dict:
    folder = path.parent
    files = sorted(item for item in folder.rglob("*") if item.is_file())
    license_files = [item for item in files if "licenses" in item.parts or WANTED.search(item.name)]
    sboms = [item for item in files if item.parent.name == "sboms" and item.stat().st_size < 100_000]
    recorded = [line.split(",")[0] for line in (folder / "RECORD").read_text().splitlines()]
    natives = [
        {"path": item, "size": (site / item).stat().st_size}
        for item in recorded
        if re.search(r"\.so(\.|$)", item) and (site / item).is_file()
    ]
    description = headers["Description"] or headers.get_payload() or ""
    about = [part for part in re.split(r"\n{3,}", description) if re.search("licen[cs]e", part, re.IGNORECASE)]
    return {
        "version": headers["Version"],
        "expression": headers["License-Expression"],
        "text": headers["License"],
        "classifiers": sorted(item for item in headers.get_all("Classifier", []) if item.startswith("License")),
        "files": [keep(site, item, texts) for item in license_files],
        "sboms": [keep(site, item, texts) for item in sboms],
        "natives": natives,
        "description": "\n\n\n".join(about)[:4000],
    }


def keep(site: Path, path: Path, texts: dict[str, str]) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    key = f"{len(texts)}"
    key = next((known for known, other in texts.items() if other == text), key)
    texts[key] = text
    return [path.relative_to(site).as_posix(), key]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
