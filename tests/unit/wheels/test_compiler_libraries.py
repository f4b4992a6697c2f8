"""GCC's libraries: whose copy is whose, and when one is lacking."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_wheels.compiler_libraries import copy_version, is_compiler_library, lacking

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("filename", "soname", "version"),
    [
        ("libstdc++-5d72f927.so.6.0.33", "libstdc++.so.6", (6, 0, 33)),
        ("libstdc++-1b2c0963.so.6", "libstdc++.so.6", (6,)),
        ("libgcc_s-0cd532bd-c8f934f9.so.1", "libgcc_s.so.1", (1,)),
        ("libstdc++-5d72f927.so.60", "libstdc++.so.6", None),
        ("libgcc_s-0cd532bd.so.1", "libstdc++.so.6", None),
        ("libstdc++.so.6", "libstdc++.so.6", None),
    ],
)
def test_copies(filename: str, soname: str, version: tuple[int, ...] | None) -> None:
    assert copy_version(filename, soname) == version


def test_only_the_compilers_libraries_are_of_that_kind() -> None:
    assert is_compiler_library("libgomp.so.1")
    assert not is_compiler_library("libcurl.so.4")


def test_lacking(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a/module.so").write_bytes(b"\x7fELF\0libgcc_s.so.1\0libstdc++.so.6\0libstdc++.so.6x\0")
    assert lacking(tmp_path) == ("libgcc_s.so.1", "libstdc++.so.6")
    (tmp_path / "b.libs").mkdir()
    (tmp_path / "b.libs/libstdc++-5d72f927.so.6.0.33").write_bytes(b"\x7fELF")
    assert lacking(tmp_path) == ("libgcc_s.so.1",)
    (tmp_path / "a/libgcc_s.so.1").write_bytes(b"\x7fELF")
    assert lacking(tmp_path) == ()
