"""Source distributions of wheels: found, verified and never built."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_common.files import sha256_file
from castiron_common.progress import SilentReporter
from castiron_manifest.model import Distribution, Wheel
from castiron_wheels.source_archives import SourceArchive, fetch_sdists
from tests.unit.wheels.indexes import make_sdist
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from tests.unit.wheels.indexes import Index

BROKEN = "raise SystemExit('it was executed')"


def described(path: Path, *, embedded: bool = False) -> Distribution:
    name, version = path.name.split("-")[:2]
    wheel = Wheel(filename=path.name, sha256=sha256_file(path), size=path.stat().st_size, embedded=embedded)
    return Distribution(name=name, version=version, wheel=wheel, purl="")


def fetched(items: list[Distribution], target: PythonTarget, *, largest: int = 1_000_000) -> tuple[SourceArchive, ...]:
    return fetch_sdists(items, target, largest=largest, reporter=SilentReporter())


def test_they_are_fetched_and_not_executed(index: Index, target: PythonTarget) -> None:
    items = [described(make_wheel(index.folder, "one")), described(make_wheel(index.folder, "two"))]
    made = make_sdist(index.folder, "one", "1.0", metadata_version="2.1", backend=BROKEN)
    one, two = fetched(items, target)
    assert one.path is not None
    assert one.path.read_bytes() == made.read_bytes()
    assert one.key == f"{sha256_file(made)}/{made.name}"
    assert (two.path, two.lacking) == (None, "the index has none of this version")
    index.asked.clear()
    assert fetched(items, target)[0] == one
    assert not any(path.endswith(made.name) for path in index.asked)


def test_wheels_for_another_libc_are_not_built(index: Index, target: PythonTarget) -> None:
    item = described(make_wheel(index.folder, "a", tag="cp313-cp313-manylinux_2_17_x86_64"))
    make_sdist(index.folder, "a", "1.0", metadata_version="2.1", backend=BROKEN)
    assert fetched([item], target)[0].path is not None


def test_one_that_is_gone_does_not_hide_the_others(index: Index, target: PythonTarget) -> None:
    gone = described(make_wheel(index.folder, "gone"))
    (index.folder / gone.wheel.filename).unlink()
    there = described(make_wheel(index.folder, "there"))
    make_sdist(index.folder, "there", "1.0")
    found = fetched([gone, there], target)
    assert found[0].lacking == "the index does not have this version"
    assert found[1].path is not None


def test_what_is_no_file_of_the_index(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    own = described(make_wheel(tmp_path, "own"), embedded=True)
    assert fetched([own], target)[0].lacking == "its wheel is not from an index"
    assert index.asked == []


def test_another_file_than_the_index_says_is_refused(index: Index, target: PythonTarget) -> None:
    item = described(make_wheel(index.folder, "a"))
    made = make_sdist(index.folder, "a", "1.0")
    index.broken[made.name] = b"other"
    with pytest.raises(DependencyError, match="cannot be fetched"):
        fetched([item], target)


def test_an_index_that_cannot_be_reached_is_an_error(
    index: Index, target: PythonTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    item = described(make_wheel(index.folder, "a"))
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(DependencyError, match="cannot be resolved"):
        fetched([item], target)
