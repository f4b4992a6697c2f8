"""CONTRIBUTING.md, "Add a hint", walked through: what it says to write has the effect that it promises."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import InputError
from castiron_trace.entry import resolve_plan
from castiron_trace.graph import analyse
from castiron_trace.hints import reader
from castiron_trace.plan import read_plan
from tests.support.pages import blocks
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from castiron_trace.hints.model import Hints
    from castiron_trace.model import TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph

SHELVES = {
    "shelves/__init__.py": "",
    "shelves/loader.py": "def load(settings):\n    return settings['backend']()\n",
    "shelves/backends/__init__.py": "",
    "shelves/backends/disk.py": "import colorsys",
}


def with_the_hint(folder: Path, text: str) -> Hints:
    copy = folder / "hints"
    shutil.copytree(Path(reader.__file__).parent, copy)
    (copy / "shelves.toml").write_text(text)
    return reader.hints_in(copy)


def test_add_a_hint(tmp_path: Path, python: TargetPython, stdlib: StdlibGraph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    (text,) = blocks("Add a hint")
    site = site_of(tmp_path, install(tmp_path, "shelves", SHELVES))
    wanted = options(write(tmp_path / "app", {"app.py": "import shelves.loader"}), "app.py")
    entry = resolve_plan(read_plan(wanted), site)

    def modules(hints: Hints) -> set[str]:
        return {*analyse(python, stdlib, entry, site, wanted, hints=hints, cache=tmp_path / "scans").modules}

    before, after = modules(reader.shipped_hints()), modules(with_the_hint(tmp_path, text))
    assert after - before == {"shelves.backends", "shelves.backends.disk", "colorsys"}
    assert before <= after


def test_a_hint_needs_its_source(tmp_path: Path) -> None:
    (text,) = blocks("Add a hint")
    with pytest.raises(InputError, match=r"shelves\.toml: hidden-import\[0\]\.source is missing"):
        with_the_hint(tmp_path, "".join(line for line in text.splitlines(keepends=True) if "source" not in line))
