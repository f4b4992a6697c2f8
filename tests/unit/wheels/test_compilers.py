"""What the compilers of builds do with options of GCC and clang that zig does not know."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest

from castiron_wheels.build_environment import rust_homes
from castiron_wheels.compilers import write_compilers

if TYPE_CHECKING:
    from pathlib import Path


def passed_on(folder: Path, *options: str) -> list[str]:
    """Return what a program in the place of zig gets of the options."""
    zig = folder / "zig"
    zig.write_text("#!/bin/sh\nfor word do printf '%s\\n' \"$word\"; done\n")
    zig.chmod(0o755)
    write_compilers(folder / "tools", zig, "x86_64-linux-musl")
    done = subprocess.run([folder / "tools" / "cc", "-c", *options], capture_output=True, check=True, text=True)
    words = done.stdout.splitlines()
    return words[words.index("-c") + 1 :]


@pytest.mark.parametrize(
    "option",
    [
        "-mtune=generic",
        "-mtune=native",
        "-fno-var-tracking-assignments",
        "-fipa-pta",
        "-Wl,--exclude-libs,ALL",
        "-Wl,-Map=a",
        "-I/usr/include",
        "-L/usr/lib/x86_64-linux-gnu",
        "-I/usr/local/include/openssl",
    ],
)
def test_options_that_no_wheel_may_depend_on_are_left_out_and_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, option: str
) -> None:
    assert passed_on(tmp_path, option, "a.c") == ["a.c"]
    monkeypatch.setenv("CASTIRON_NOTES", str(tmp_path))
    assert passed_on(tmp_path, option, "a.c") == ["a.c"]
    assert (tmp_path / "options-left-out").read_text() == f"{option}\n"


@pytest.mark.parametrize(
    ("option", "other"),
    [
        ("-march=x86-64-v2", "-march=x86_64_v2"),
        ("-march=haswell", "-march=haswell"),
        ("-flto=auto", "-flto"),
        ("-flto=thin", "-flto=thin"),
        ("-Wp,-D_FORTIFY_SOURCE=2", "-D_FORTIFY_SOURCE=2"),
        ("-Wl,-rpath,/a", "-Wl,-rpath,/a"),
        ("-DNAME=a b", "-DNAME=a b"),
        ("-I/usr/src/include", "-I/usr/src/include"),
        ("-Llib", "-Llib"),
    ],
)
def test_options_that_zig_writes_otherwise_are_translated(tmp_path: Path, option: str, other: str) -> None:
    assert passed_on(tmp_path, option) == [other]


def test_builds_see_the_callers_rust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("RUSTUP_HOME", raising=False)
    monkeypatch.delenv("CARGO_HOME", raising=False)
    assert rust_homes() == {}
    (tmp_path / ".rustup").mkdir()
    (tmp_path / "cargo").mkdir()
    monkeypatch.setenv("CARGO_HOME", str(tmp_path / "cargo"))
    assert rust_homes() == {"RUSTUP_HOME": str(tmp_path / ".rustup"), "CARGO_HOME": str(tmp_path / "cargo")}
