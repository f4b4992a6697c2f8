"""Which wheels of pure Python stand in for those that an interpreter cannot load: real uv, an index here."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_wheels.errors import ResolutionError
from castiron_wheels.model import Requirements
from castiron_wheels.pure_wheels import needs_emulation, pure_wheels
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget
    from tests.unit.wheels.indexes import Index

GLIBC = "cp313-cp313-manylinux_2_17_x86_64"
WANTED = Requirements(origin="test")


def found(target: PythonTarget, **versions: str) -> set[str]:
    return {path.name for path in pure_wheels(versions, WANTED, target, reporter=SilentReporter()).values()}


def test_of_exactly_the_same_version(index: Index, any_target: PythonTarget) -> None:
    for name, version, tag in (
        ("twin", "1.0", GLIBC),
        ("twin", "1.0", "py3-none-any"),
        ("twin", "0.9", "py3-none-any"),
        ("older", "1.0", GLIBC),
        ("older", "0.9", "py3-none-any"),
    ):
        make_wheel(index.folder, name, version, tag=tag)
    assert found(any_target, twin="1.0", older="1.0") == {"twin-1.0-py3-none-any.whl"}


def test_also_if_another_of_the_versions_comes_from_no_index(index: Index, any_target: PythonTarget) -> None:
    make_wheel(index.folder, "twin", "1.0")
    assert found(any_target, twin="1.0", local="1.0") == {"twin-1.0-py3-none-any.whl"}
    assert found(any_target, local="1.0") == set()


def test_an_index_that_cannot_be_reached_is_an_error(
    index: Index, any_target: PythonTarget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    with pytest.raises(ResolutionError):
        found(any_target, twin="1.0")


@pytest.mark.parametrize(
    ("tag", "files", "needed"),
    [
        ("py3-none-any", {"demo.py": ""}, False),
        (GLIBC, {"demo.py": ""}, False),
        (GLIBC, {"demo.cpython-313-x86_64-linux-gnu.so": b"\x7fELF"}, True),
        ("cp313-cp313-musllinux_1_2_x86_64", {"demo.so": b"\x7fELF"}, False),
    ],
)
def test_what_needs_it(
    tmp_path: Path, any_target: PythonTarget, tag: str, files: dict[str, str | bytes], needed: bool
) -> None:
    assert needs_emulation(make_wheel(tmp_path, files=files, tag=tag), any_target) is needed
