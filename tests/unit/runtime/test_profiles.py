from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import HostToolError, RuntimePackError
from castiron_runtime import profile_runtime
from castiron_runtime.profile_runtime import find_llvm
from castiron_runtime.profiles import COUNTING, PLAIN, compilation, profile_of, read_profile
from castiron_runtime.recipe import load_recipe, supported_pythons
from castiron_runtime.target_files import chosen_target, defaults
from castiron_runtime.toolchain import compiling_key, toolchain_key
from castiron_runtime.zig import find_zig

if TYPE_CHECKING:
    from pathlib import Path

TARGET = chosen_target(defaults().target)


def test_the_series_that_is_the_default_has_a_profile() -> None:
    profile = profile_of(f"cpython-{defaults().python}")
    assert profile is not None
    assert profile.sha256 == hashlib.sha256(profile.path.read_bytes()).hexdigest()
    assert f"-fprofile-use={profile.path}" in profile.compilation.flags


def test_what_has_no_profile_is_compiled_without() -> None:
    assert profile_of("cpython-2.7") is None
    assert compilation(None) is PLAIN


def test_a_key_depends_on_the_content_of_a_profile_and_not_on_its_place(tmp_path: Path) -> None:
    shipped = profile_of(f"cpython-{defaults().python}")
    assert shipped is not None
    copy, other = tmp_path / "copy.profdata", tmp_path / "other.profdata"
    copy.write_bytes(shipped.path.read_bytes())
    other.write_bytes(shipped.path.read_bytes() + b"\0")
    plain = toolchain_key(find_zig(), TARGET)
    keys = [compiling_key(plain, read_profile(path).compilation) for path in (shipped.path, copy, other)]
    assert keys[0] == keys[1] != keys[2]
    assert compiling_key(plain, PLAIN) == plain
    assert len({plain, *keys, compiling_key(plain, COUNTING)}) == 4


@pytest.mark.parametrize("content", [None, b"", b"no profile", b"\xfflprofr\x81"])
def test_what_is_no_profile_is_refused(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "x.profdata"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(RuntimePackError) as caught:
        read_profile(path)
    assert str(path) in caught.value.what
    assert "castiron runtime train" in caught.value.hint


def llvm(folder: Path, *, program: bool = True) -> Path:
    (folder / "bin").mkdir(parents=True)
    if program:
        (folder / "bin" / "llvm-profdata").write_text("")
        (folder / "bin" / "llvm-profdata").chmod(0o755)
    library = folder / "lib" / "clang" / "x" / "lib" / "linux" / f"libclang_rt.profile-{TARGET.machine}.a"
    library.parent.mkdir(parents=True)
    library.write_text("")
    return folder


@pytest.mark.parametrize(("name", "program"), [("other", True), ("llvm-20", False), ("llvm-9", True)])
def test_an_llvm_that_lacks_something_is_told_with_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, program: bool
) -> None:
    monkeypatch.setattr(profile_runtime, "_FOLDERS", tmp_path)
    llvm(tmp_path / name, program=program)
    with pytest.raises(HostToolError) as caught:
        find_llvm(TARGET.machine)
    assert "apt-get install llvm-19 libclang-rt-19-dev" in caught.value.hint
    assert "--llvm" in caught.value.hint


def test_the_newest_llvm_is_taken_and_a_named_one_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile_runtime, "_FOLDERS", tmp_path)
    for version in (19, 21, 20):
        llvm(tmp_path / f"llvm-{version}")
    assert find_llvm(TARGET.machine).profdata.parent.parent.name == "llvm-21"
    own = llvm(tmp_path / "own")
    assert find_llvm(TARGET.machine, own).profdata.parent.parent == own


@pytest.mark.parametrize("python", supported_pythons())
def test_objects_that_stay_apart_hold_what_the_stub_replaces(python: str) -> None:
    assert "Modules/getpath.o" in load_recipe(f"cpython-{python}").cpython.apart
