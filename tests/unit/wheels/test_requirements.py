"""Projects, scripts, lock files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import InputError
from castiron_wheels.requirements import from_files, from_lock, from_project, from_script

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget


PROJECT = """
[project]
name = "My.App"
version = "1"
requires-python = ">=3.12"
dependencies = ["requests>=2", "lib"]
[project.optional-dependencies]
Fast = ["uvloop"]
[dependency-groups]
dev = ["pytest", {include-group = "Lint"}]
lint = ["ruff"]
loop = [{include-group = "loop"}]
"""


def project(folder: Path, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    return folder


def test_project_without_build_system_gives_its_dependencies(tmp_path: Path, target: PythonTarget) -> None:
    found = from_project(project(tmp_path, PROJECT), target, extras=["fast"], groups=["dev"])
    assert found.lines == ("requests>=2", "lib", "uvloop", "pytest", "ruff")
    assert found.projects == ()
    assert found.requires_python == ">=3.12"


def test_project_with_build_system_is_installed(tmp_path: Path, target: PythonTarget) -> None:
    text = PROJECT + "[build-system]\nrequires = ['hatchling']\nbuild-backend = 'hatchling.build'\n"
    found = from_project(project(tmp_path, text), target, extras=["fast"], groups=["lint"])
    assert found.lines == ("ruff",)
    assert [(item.path, item.name, item.extras) for item in found.projects] == [(tmp_path, "my-app", ("fast",))]
    assert from_project(tmp_path, target, install=False).lines == ("requests>=2", "lib")


def test_dynamic_dependencies_need_the_build(tmp_path: Path, target: PythonTarget) -> None:
    found = from_project(project(tmp_path, "[project]\nname='a'\ndynamic=['dependencies']\n"), target, install=False)
    assert [item.name for item in found.projects] == ["a"]


def test_setup_py_alone_is_a_project(tmp_path: Path, target: PythonTarget) -> None:
    (tmp_path / "setup.py").write_text("")
    assert [item.path for item in from_project(tmp_path, target).projects] == [tmp_path]


def test_uv_sources_replace_names(tmp_path: Path, target: PythonTarget) -> None:
    project(tmp_path / "libs" / "lib", "[project]\nname='lib'\n")
    project(tmp_path / "other", "[project]\nname='other'\n")
    text = """
[project]
name = "app"
dependencies = ["lib[x]", "other", "third>1; sys_platform == 'linux'", "fourth"]
[tool.uv.sources]
lib = {workspace = true}
other = {path = "other", editable = true}
third = {git = "https://h/third.git", tag = "v2", subdirectory = "py"}
[tool.uv.workspace]
members = ["libs/*"]
"""
    found = from_project(project(tmp_path, text), target)
    assert [(item.path, item.name, item.extras) for item in found.projects] == [
        (tmp_path / "libs" / "lib", "lib", ("x",)),
        (tmp_path / "other", "other", ()),
    ]
    assert found.lines == (
        "fourth",
        'third @ git+https://h/third.git@v2#subdirectory=py ; sys_platform == "linux"',
    )


def test_uv_indexes_of_sources(tmp_path: Path, target: PythonTarget) -> None:
    text = """
[project]
name = "app"
dependencies = ["a", "b", "c"]
[tool.uv.sources]
a = {index = "own"}
b = [{index = "win", marker = "sys_platform == 'win32'"}, {index = "own", marker = "sys_platform == 'linux'"}]
[[tool.uv.index]]
name = "own"
url = "https://h/simple"
explicit = true
"""
    found = from_project(project(tmp_path, text), target)
    assert found.lines == ("a", "b", "c")
    assert found.index_options == ("--index", "own=https://h/simple")


@pytest.mark.parametrize(
    ("text", "kwargs", "message"),
    [
        ("[project\n", {}, "not valid TOML"),
        ("[project]\ndependencies = 'x'\n", {}, "project.dependencies is not a list"),
        (PROJECT, {"extras": ["slow"]}, "no extra 'slow'"),
        (PROJECT, {"groups": ["none"]}, "'none' does not exist"),
        (PROJECT, {"groups": ["loop"]}, "includes itself"),
        ("[dependency-groups]\na = [{include-group = 'gone'}]\n", {"groups": ["a"]}, "'gone' not found"),
        ("[dependency-groups]\na = ['not a requirement']\n", {"groups": ["a"]}, "Expected"),
        ("[dependency-groups]\na = [{set = 'x'}]\n", {"groups": ["a"]}, "Invalid dependency group item"),
        ("dependency-groups = 1\n", {"groups": ["a"]}, "is not a table"),
        ("[project]\ndependencies=['a']\n[tool.uv.sources]\na={workspace=true}\n", {}, "no member of the workspace"),
        ("[project]\ndependencies=['a']\n[tool.uv.sources]\na={index='x'}\n", {}, "'x', which is not defined"),
        ("[project]\ndependencies=['a']\n[tool.uv.sources]\na={strange=1}\n", {}, "not understood"),
    ],
)
def test_project_errors(
    text: str, kwargs: dict[str, list[str]], message: str, tmp_path: Path, target: PythonTarget
) -> None:
    with pytest.raises(InputError, match=message):
        from_project(project(tmp_path, text), target, **kwargs)  # type: ignore[arg-type]


def test_folder_that_is_no_project(tmp_path: Path, target: PythonTarget) -> None:
    with pytest.raises(InputError, match="not a Python project"):
        from_project(tmp_path, target)


def script(folder: Path, text: str) -> Path:
    path = folder / "app.py"
    path.write_text(text)
    return path


def test_script_block(tmp_path: Path, target: PythonTarget) -> None:
    text = '# /// script\n# requires-python = ">=3.11"\n# dependencies = [\n#   "rich",\n#\n# ]\n# ///\n'
    text = f"#!/usr/bin/env python\n{text}"
    found = from_script(script(tmp_path, text), target)
    assert found is not None
    assert (found.lines, found.requires_python) == (("rich",), ">=3.11")


def test_script_block_may_be_empty_or_absent(tmp_path: Path, target: PythonTarget) -> None:
    found = from_script(script(tmp_path, "# /// script\n# dependencies = []\n# ///\n"), target)
    assert found is not None
    assert not found
    assert from_script(script(tmp_path, "# /// other\n# x = 1\n# ///\nimport os\n"), target) is None
    (tmp_path / "latin.py").write_bytes(b"# coding: latin-1\nx = '\xe4'\n")
    assert from_script(tmp_path / "latin.py", target) is None


def test_script_paths_are_relative_to_the_script(tmp_path: Path, target: PythonTarget) -> None:
    project(tmp_path / "lib", "[project]\nname='lib'\n")
    found = from_script(script(tmp_path, "# /// script\n# dependencies = ['./lib']\n# ///\n"), target)
    assert found is not None
    assert [item.path for item in found.projects] == [tmp_path / "lib"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# /// script\n# dependencies = [\n# ///\n", "not valid TOML"),
        ("# /// script\n# dependencies = 3\n# ///\n", "not a list of strings"),
        ("# /// script\n# a = 1\n# ///\n\n# /// script\n# b = 1\n# ///\n", "2 script blocks"),
    ],
)
def test_script_errors(text: str, message: str, tmp_path: Path, target: PythonTarget) -> None:
    with pytest.raises(InputError, match=message):
        from_script(script(tmp_path, text), target)


def test_lock_file_is_recognised_by_its_name(tmp_path: Path, target: PythonTarget) -> None:
    lock = tmp_path / "pylock.dev.toml"
    lock.write_text("")
    assert from_files([lock], target).lock == lock
    with pytest.raises(InputError, match="by itself"):
        from_files([lock, tmp_path / "r.txt"], target)
    with pytest.raises(InputError, match="no lock file"):
        from_lock(tmp_path / "pylock.toml")
