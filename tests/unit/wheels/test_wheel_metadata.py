"""Reading wheels, and making built ones reproducible."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from castiron_common.errors import DependencyError
from castiron_wheels.record import format_record, parse_record
from castiron_wheels.reproducible import normalise_wheel
from castiron_wheels.wheel_metadata import read_metadata, split_filename
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path


def test_metadata(tmp_path: Path) -> None:
    wheel = make_wheel(
        tmp_path,
        "Some.Thing",
        "2.0",
        {"a.py": ""},
        requires=["other>=1 ; extra == 'x'", "third"],
        metadata="Requires-Python: >=3.9\nProvides-Extra: X\n",
    )
    found = read_metadata(wheel)
    assert (found.name, found.version, found.extras) == ("some-thing", "2.0", ("x",))
    assert [item.name for item in found.requires] == ["other", "third"]
    assert str(found.requires_python) == ">=3.9"


def test_invalid_requirement_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(DependencyError, match="invalid requirement"):
        read_metadata(make_wheel(tmp_path, requires=["what is this ==="]))


@pytest.mark.parametrize("length", [0, 10, 200, 400])
def test_truncated_wheel_is_one_clear_error(length: int, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path)
    wheel.write_bytes(wheel.read_bytes()[:length])
    with pytest.raises(DependencyError, match="cannot be used"):
        read_metadata(wheel)


def test_wheel_without_dist_info(tmp_path: Path) -> None:
    path = tmp_path / "x-1-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("x.py", "")
    with pytest.raises(DependencyError, match="dist-info"):
        read_metadata(path)


def test_split_filename() -> None:
    assert split_filename("Foo_Bar-1.0-py3-none-any.whl") == ("foo-bar", "1.0")
    with pytest.raises(DependencyError):
        split_filename("foo.zip")


def test_normalised_wheels_do_not_depend_on_times_or_order(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {"b.py": "1", "a/__init__.py": "", "run.sh": "#!/bin/sh"}
    first = make_wheel(tmp_path / "1", files=files, executables=["run.sh"])
    second = tmp_path / "2" / first.name
    second.parent.mkdir()
    with zipfile.ZipFile(first) as source, zipfile.ZipFile(second, "w", zipfile.ZIP_STORED) as out:
        for member in reversed(source.infolist()):
            info = zipfile.ZipInfo(member.filename, (2001, 2, 3, 4, 5, 6))
            info.external_attr = member.external_attr
            out.writestr(info, source.read(member))
    normalise_wheel(first, tmp_path / "one.whl")
    normalise_wheel(second, tmp_path / "two.whl")
    assert (tmp_path / "one.whl").read_bytes() == (tmp_path / "two.whl").read_bytes()
    with zipfile.ZipFile(tmp_path / "one.whl") as archive:
        names = archive.namelist()
        assert names[:3] == ["a/__init__.py", "b.py", "run.sh"]
        assert all(".dist-info/" in name for name in names[3:])
        assert (archive.getinfo("run.sh").external_attr >> 16) & 0o111


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)


@given(st.dictionaries(_TEXT, st.tuples(_TEXT, st.integers(0).map(str))))
def test_record_round_trip(rows: dict[str, tuple[str, str]]) -> None:
    data = format_record((path, *rest) for path, rest in rows.items())
    assert parse_record(data) == rows
    assert data == format_record((path, *rest) for path, rest in reversed(rows.items()))
