"""Measures how well licenses are found in labelled texts: python -m tests.long.license_detection FILE [--wrong N]

FILE is JSON lines, plain or .zst, each with `id`, `text` and `spdx`, the identifiers that must be found; "-only" and
"-or-later" count as one.  Exact is the share of texts for which just these are found.  Times are of the processor,
without the one of reading the rules.
"""

from __future__ import annotations

import argparse
import json
import re
import time
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import zstandard

from castiron_audit.license_rules.index import rule_index
from castiron_audit.license_rules.licenses import find_licenses

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = ("texts", "notices", "phrases", "addresses", "all")


@dataclass(slots=True)
class Row:
    count: int = 0
    exact: int = 0
    right: int = 0
    found: int = 0
    expected: int = 0

    def add(self, found: set[str], expected: set[str]) -> None:
        self.count += 1
        self.exact += found == expected
        self.right += len(found & expected)
        self.found += len(found)
        self.expected += len(expected)


def kind_of(text: str) -> str:
    """Return the kind of a text by its length: a phrase has less than 25 words, a notice less than 170."""
    words = text.split()
    if len(words) == 1 and "//" in text:
        return "addresses"
    return "phrases" if len(words) < 25 else "notices" if len(words) < 170 else "texts"


def base(names: set[str]) -> set[str]:
    return {re.sub(r"-(?:only|or-later)$", "", name) for name in names}


def licenses_in(text: str) -> set[str]:
    """Return the identifiers that SPDX lists."""
    found = " ".join(item.expression for item in find_licenses(text).found)
    names = set(re.findall(r"[\w.+-]+", found)) - {"AND", "OR", "WITH"}
    return {name for name in names if not name.startswith("LicenseRef-")}


def rows_of(path: Path) -> Iterator[dict[str, Any]]:
    content = path.read_bytes()
    if path.suffix == ".zst":
        content = zstandard.ZstdDecompressor().decompressobj().decompress(content)
    return map(json.loads, content.decode().splitlines())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--wrong", type=int, default=0, metavar="N", help="show the first N texts with another answer")
    arguments = parser.parse_args()
    started = time.process_time()
    rule_index()
    print(f"rules read in {1000 * (time.process_time() - started):.0f} ms")
    table: dict[str, Row] = defaultdict(Row)
    seconds = 0.0
    for item in rows_of(arguments.file):
        started = time.process_time()
        find_licenses(item["text"])
        seconds += time.process_time() - started
        found, expected = base(licenses_in(item["text"])), base(set(item["spdx"]))
        for kind in (kind_of(item["text"]), "all"):
            table[kind].add(found, expected)
        if found != expected and arguments.wrong:
            arguments.wrong -= 1
            print(f"{item['id']}: too many {sorted(found - expected)}, missing {sorted(expected - found)}")
    print("| kind | texts | exact | precision | recall |\n| --- | --- | --- | --- | --- |")
    for kind in KINDS:
        row = table[kind]
        exact, precision, recall = (
            part / max(1, whole)
            for part, whole in ((row.exact, row.count), (row.right, row.found), (row.right, row.expected))
        )
        print(f"| {kind} | {row.count} | {exact:.3f} | {precision:.3f} | {recall:.3f} |")
    print(f"{1000 * seconds / max(1, table['all'].count):.2f} ms a text")


if __name__ == "__main__":
    main()
