"""CONTRIBUTING.md, walked through: what it says to write is written, and has the effect that it promises.

"Add a hint" is in ``trace/test_contributing.py``.
"""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING

import pytest

from castiron_audit import catalogue, signatures, tables
from tests.support.pages import CONTRIBUTING, ROOT, blocks

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# --- a license rule ---


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A copy of the audit's tables, which is read in their place."""
    copy = tmp_path / "data"
    shutil.copytree(ROOT / "audit" / "castiron_audit" / "data", copy)
    forget()
    monkeypatch.setattr(tables, "files", lambda _: copy)
    yield copy
    forget()


def forget() -> None:
    for kept in (tables.table, catalogue._libraries, signatures.known_signatures):
        kept.cache_clear()


def append(file: Path, text: str) -> None:
    assert file.is_file()
    with file.open("a") as more:
        more.write(f"\n{text}")


def test_add_a_license_rule(data: Path) -> None:
    library, signature = blocks("Add a license rule")
    path, machine_code = "shelves.libs/libfrobnicate-0123abcd.so.2.1", b"\0frobnicate 2.1 by its authors\0"
    assert catalogue.library_of_file(path) is None
    assert signatures.find(machine_code).libraries == ()
    forget()
    append(data / "libraries.toml", library)
    append(data / "signatures.toml", signature)
    found = catalogue.library_of_file(path)
    assert found is not None
    assert found is catalogue.library_of_name("Frobnicate")
    assert found.evidence().expression == "BSL-1.0"
    assert found.evidence().where == "frobnicate: LICENSE_1_0.txt"
    assert [(item.name, item.version) for item in signatures.find(machine_code).libraries] == [("libfrobnicate", "2.1")]


# --- the page itself ---


def test_every_anchor_is_a_heading() -> None:
    for file, anchor in re.findall(r"\]\(([^)#]+)#([^)]+)\)", CONTRIBUTING):
        headings = re.findall(r"^#+ (.+)$", (ROOT / file).read_text(), re.MULTILINE)
        assert anchor in {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
