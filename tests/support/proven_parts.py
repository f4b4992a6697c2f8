"""Looks for libraries in an executable by proofs of its own, and names those that its license report does not have."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_EVIDENCE = Path(__file__).parents[1] / "unit" / "audit" / "parts" / "evidence.toml"


def proven(data: bytes) -> dict[str, str]:
    """Return the libraries that ``data`` shows, each with the text that proves it."""
    found = {}
    for library, patterns in tomllib.loads(_EVIDENCE.read_text())["proof"].items():
        for pattern in patterns:
            if match := re.search(pattern.encode(), data, re.DOTALL):
                found[library] = match[0][:60].decode("ascii", "replace")
                break
    return found


def missing(data: bytes, names: Iterable[str]) -> dict[str, str]:
    """Return the libraries that ``data`` shows and that a report with these names of components does not have."""
    others = tomllib.loads(_EVIDENCE.read_text())["report"]
    listed = set(names)
    return {
        library: proof for library, proof in proven(data).items() if not listed & {library, *others.get(library, ())}
    }


def names_in(report: str) -> set[str]:
    """Return the names of the components of ``castiron audit --format json``."""
    return {item["name"] for item in json.loads(report)["components"]}


def crates_in(report: str) -> tuple[int, int]:
    """Return how many crates ``castiron audit --format json`` lists, and how many of them with their own texts.

    The others have the SPDX License List's text in the notices, without names.
    """
    crates = [item for item in json.loads(report)["components"] if item["kind"] == "crate"]
    return len(crates), sum(bool(item["texts"]) for item in crates)
