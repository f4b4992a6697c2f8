"""GCC's libraries: whose copy is whose, and when one is lacking."""

from __future__ import annotations

import pytest

from castiron_manifest.model import Native
from castiron_wheels.compiler_libraries import compiler_library, copy_version, lacking
from tests.support.targets import TARGET


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
    assert compiler_library("libgomp.so.1") == compiler_library("libgomp.so.1.0.0") == "libgomp.so.1"
    assert compiler_library("libcurl.so.4") is None


def native(path: str, *needed: str, soname: str | None = None, libc: str = "musl", machine: str = "X86_64") -> Native:
    return Native(
        path=path, distribution="d", soname=soname, sha256="", size=1, needed=needed, machine=machine, libc=libc
    )


USER = native("a/module.so", "libgcc_s.so.1", "libstdc++.so.6")


@pytest.mark.parametrize(
    ("others", "lacks"),
    [
        ([], ("libgcc_s.so.1", "libstdc++.so.6")),
        ([native("b.libs/libstdc++-5d72f927.so.6.0.33")], ("libgcc_s.so.1",)),
        ([native("a/libgcc_s.so.1")], ("libstdc++.so.6",)),
        ([native("a/gcc", soname="libgcc_s.so.1"), native("a/libstdc++.so.6")], ()),
        ([native("a/libgcc_s.so.1", libc="glibc")], ("libgcc_s.so.1", "libstdc++.so.6")),
    ],
)
def test_lacking(others: list[Native], lacks: tuple[str, ...]) -> None:
    assert lacking([USER, *others], TARGET, TARGET.libc.name) == lacks


def test_what_cannot_run_on_the_target_needs_nothing() -> None:
    foreign = [
        native("a.so", "libstdc++.so.6", libc="glibc"),
        native("b.so", "libstdc++.so.6", machine="AARCH64"),
        native("c.so", "libgomp.so.1"),
    ]
    assert lacking(foreign, TARGET, TARGET.libc.name) == ()


def test_libraries_for_the_emulated_c_library_lack_their_own() -> None:
    emulated = native("a.so", "libstdc++.so.6", "libgomp.so.1", libc="glibc")
    assert lacking([USER, emulated], TARGET, "glibc") == ("libgomp.so.1", "libstdc++.so.6")
    assert lacking([emulated, native("b/libgomp.so.1", libc="musl")], TARGET, "glibc") == (
        "libgomp.so.1",
        "libstdc++.so.6",
    )
    assert lacking([emulated, native("b/libgomp-a1b2c3d4.so.1.0.0", libc="glibc")], TARGET, "glibc") == (
        "libstdc++.so.6",
    )
