"""GCC's run-time libraries: the pins of every target, what is taken out of the pinned file, what is said of it."""

from __future__ import annotations

import posixpath
import tomllib
import zipfile
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_common.files import sha256_bytes, sha256_file
from castiron_common.progress import SilentReporter
from castiron_common.target import GccRuntime, Target
from castiron_runtime.target_files import load_target, target_names
from castiron_wheels import gcc_runtime as module
from castiron_wheels.compiler_libraries import PROVIDED, copy_version
from castiron_wheels.gcc_runtime import gcc_component, gcc_libraries
from tests.support.targets import TARGET

if TYPE_CHECKING:
    from pathlib import Path

CONTENTS = {"w.libs/libgcc_s-0cd532bd.so.1": b"gcc", "w.libs/libstdc++-5d72f927.so.6.0.33": b"c++"}


@pytest.mark.parametrize("name", target_names())
def test_every_target_pins_all_libraries_by_hash(name: str) -> None:
    runtime = load_target(name).wheels.gcc_runtime
    assert runtime is not None
    names = [posixpath.basename(path) for path in runtime.libraries]
    for soname in PROVIDED:
        assert [file for file in names if file == soname or copy_version(file, soname) is not None], soname
    for digest in (runtime.sha256, runtime.source_sha256, *runtime.libraries.values()):
        assert len(bytes.fromhex(digest)) == 32
    assert runtime.file.startswith(f"{runtime.distribution}-{runtime.release}-cp{runtime.python.replace('.', '')}-")


def test_what_the_report_says() -> None:
    runtime = TARGET.wheels.gcc_runtime
    assert runtime is not None
    component = gcc_component(runtime)
    assert component.name == "GCC runtime libraries"
    known = tomllib.loads(files("castiron_audit.data").joinpath("suppliers.toml").read_text())["suppliers"]
    assert {component.name.lower(), f"{component.name.lower()} of debian"} <= known.keys()
    assert component.license == "GPL-3.0-or-later WITH GCC-exception-3.1"
    assert component.purl.startswith(f"pkg:generic/gcc@{runtime.version}?checksum=sha256:{runtime.source_sha256}&")
    assert component.source_sha256 == runtime.source_sha256
    texts = {text.path: text.text for text in component.texts}
    assert "GNU GENERAL PUBLIC LICENSE" in texts["COPYING3"]
    assert "GCC RUNTIME LIBRARY EXCEPTION" in texts["COPYING.RUNTIME"]
    assert "END OF TERMS AND CONDITIONS" in texts["COPYING3"]
    said = " ".join([component.name, component.purl, component.cpe, component.evidence, *texts.values()])
    assert runtime.distribution not in said


@pytest.fixture
def target(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Target:
    """A target whose pinned file is one made here, and an index that has it."""
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    wheel = tmp_path / "w-1-cp313-cp313-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in {**CONTENTS, "w.py": b"import nothing"}.items():
            archive.writestr(name, content)
    monkeypatch.setattr(module, "fetch", lambda *_arguments, **_options: wheel)
    runtime = GccRuntime(
        version="1",
        source="https://example.invalid/gcc.tar.xz",
        source_sha256="",
        distribution="w",
        release="1",
        python="3.13",
        file=wheel.name,
        sha256=sha256_file(wheel),
        libraries={name: sha256_bytes(content) for name, content in CONTENTS.items()},
    )
    return replace(TARGET, wheels=replace(TARGET.wheels, gcc_runtime=runtime))


def test_the_libraries_alone_are_taken_out(target: Target) -> None:
    libraries = gcc_libraries(target, libc=TARGET.libc.name, needed="libstdc++.so.6", reporter=SilentReporter())
    assert [(item.name, item.location.read_bytes()) for item in libraries] == [
        ("libgcc_s-0cd532bd.so.1", b"gcc"),
        ("libstdc++-5d72f927.so.6.0.33", b"c++"),
    ]
    assert {path.name for path in libraries[0].location.parent.iterdir()} == {item.name for item in libraries}
    assert gcc_libraries(target, libc=TARGET.libc.name, needed="libstdc++.so.6", reporter=SilentReporter()) == libraries


def test_another_library_than_the_pinned_one_is_refused(target: Target) -> None:
    runtime = target.wheels.gcc_runtime
    assert runtime is not None
    wrong = replace(runtime, libraries=dict.fromkeys(runtime.libraries, "0" * 64))
    with pytest.raises(DependencyError, match="another SHA-256"):
        gcc_libraries(
            replace(target, wheels=replace(target.wheels, gcc_runtime=wrong)),
            libc=TARGET.libc.name,
            needed="",
            reporter=SilentReporter(),
        )


def test_a_file_that_cannot_be_had_says_what_for_and_what_else(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(*_arguments: object, **_options: object) -> Path:
        raise DependencyError("no such file.", hint="Use another index.")

    monkeypatch.setattr(module, "fetch", fetch)
    with pytest.raises(DependencyError, match="GCC's run-time libraries 1 cannot be had: no such file") as caught:
        gcc_libraries(target, libc=TARGET.libc.name, needed="libstdc++.so.6", reporter=SilentReporter())
    assert caught.value.hint == (
        f"Use another index. Add a distribution to the application that brings libstdc++.so.6 for {target}."
    )


def test_a_target_without_says_so(target: Target) -> None:
    without = replace(target, wheels=replace(target.wheels, gcc_runtime=None))
    with pytest.raises(DependencyError, match=r"libstdc\+\+\.so\.6 of GCC is needed"):
        gcc_libraries(without, libc=TARGET.libc.name, needed="libstdc++.so.6", reporter=SilentReporter())
