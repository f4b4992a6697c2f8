"""What is installed beside a Python of this machine."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from castiron_common.errors import InputError
from castiron_wheels.installed import Installed, from_installed, host_python, installed

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget


@pytest.fixture(scope="module")
def venv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment with hand-written distributions in it."""
    folder = tmp_path_factory.mktemp("venv")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


def site_packages(venv: Path) -> Path:
    return next((venv / "lib").glob("python*/site-packages"))


def add(venv: Path, name: str, version: str = "1.0", record: str = "", requires: str = "", **files: str) -> Path:
    info = site_packages(venv) / f"{name}-{version}.dist-info"
    info.mkdir(exist_ok=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{requires}")
    (info / "RECORD").write_text(record)
    for file, text in files.items():
        (info / file.replace("__", ".")).write_text(text)
    return info


def by_name(venv: Path) -> dict[str, Installed]:
    return {item.name: item for item in installed(venv / "bin" / "python")}


def test_names_versions_modules_and_programs(venv: Path) -> None:
    add(
        venv,
        "Some_Tool",
        "2.5",
        record="some_tool/__init__.py,,\nsingle.py,,\nnative.cpython-313-x86_64-linux-gnu.so,,\n"
        "__pycache__/x.pyc,,\n../../../bin/old-tool,,\nSome_Tool-2.5.dist-info/METADATA,,\n",
        requires='Requires-Dist: other>1; extra == "x"\n',
        entry_points__txt="[console_scripts]\ntool = some_tool:main\n",
    )
    found = by_name(venv)["some-tool"]
    assert (found.version, found.modules) == ("2.5", {"some_tool", "single", "native"})
    assert (dict(found.scripts), found.programs) == ({"tool": "some_tool:main"}, {"old-tool"})
    assert [item.name for item in found.requires] == ["other"]
    assert (found.folder, found.archive, found.url) == (None, None, None)


@pytest.mark.parametrize("editable", [True, False])
def test_projects_installed_from_a_folder(editable: bool, venv: Path, tmp_path: Path, target: PythonTarget) -> None:
    direct = {"url": tmp_path.as_uri(), "dir_info": {"editable": editable}}
    add(venv, "local", direct_url__json=json.dumps(direct))
    assert by_name(venv)["local"].folder == tmp_path
    wanted = from_installed(venv / "bin" / "python", target, roots=["local"])
    assert [(item.path, item.name) for item in wanted.projects] == [(tmp_path, "local")]
    assert not [line for line in wanted.lines if line.startswith("local")]


def test_modules_of_editable_projects(venv: Path, tmp_path: Path) -> None:
    for file in ("src/pkg/__init__.py", "src/spread/part/__init__.py", "src/single.py", "src/docs/readme.txt"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text("")
    packages = site_packages(venv)
    (packages / "by_path.pth").write_text(f"{tmp_path / 'src'}\n")
    finder = "__editable___by_hook_1_0_finder"
    (packages / f"{finder}.py").write_text(
        "MAPPING: dict[str, str] = {'deep.inner': '/x/inner',\n 'extra': '/x'}\nNAMESPACES: dict[str, list[str]] = {}\n"
    )
    (packages / "by_hook.pth").write_text(f"import {finder}; {finder}.install()\n")
    add(venv, "by_path", record="by_path.pth,,\n")
    add(venv, "by_hook", record=f"{finder}.py,,\nby_hook.pth,,\n__pycache__/x.pyc,,\n")
    found = by_name(venv)
    assert found["by-path"].modules == {"pkg", "spread", "single"}
    assert {"deep", "extra"} <= found["by-hook"].modules


def test_wheel_of_another_platform_is_looked_for_on_the_index(venv: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = tmp_path / "glibc-1.0-cp313-cp313-manylinux_2_17_x86_64.whl"
    wheel.write_bytes(b"")
    add(venv, "glibc", direct_url__json=json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    found = from_installed(venv / "bin" / "python", target, roots=["glibc"])
    assert "glibc==1.0" in found.lines
    assert found.archives == () or wheel not in dict(found.archives)


def test_folder_that_is_gone_leaves_the_version(venv: Path, target: PythonTarget) -> None:
    add(venv, "local", direct_url__json=json.dumps({"url": "file:///nonexistent/local", "dir_info": {}}))
    assert "local==1.0" in from_installed(venv / "bin" / "python", target).lines


def test_archives_and_repositories(venv: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = tmp_path / "own-1.0-py3-none-any.whl"
    wheel.write_bytes(b"")
    add(venv, "own", direct_url__json=json.dumps({"url": wheel.as_uri(), "archive_info": {}}))
    add(venv, "away", direct_url__json=json.dumps({"url": "https://h/away-1.0.tar.gz", "archive_info": {}}))
    vcs = {"url": "https://h/r.git", "subdirectory": "py", "vcs_info": {"vcs": "git", "commit_id": "abc"}}
    add(venv, "repo", direct_url__json=json.dumps(vcs))
    wanted = from_installed(venv / "bin" / "python", target, roots=["own", "away", "repo"])
    assert wanted.archives == ((wheel, ()),)
    assert {"away @ https://h/away-1.0.tar.gz", "repo @ git+https://h/r.git@abc#subdirectory=py"} <= set(wanted.lines)


@pytest.mark.parametrize(
    "text",
    ["no JSON", "[]", "{}", '{"url": 1, "dir_info": {}}', '{"url": "https://h/x", "dir_info": {}, "vcs_info": {}}'],
)
def test_an_origin_that_is_none(text: str, venv: Path, target: PythonTarget) -> None:
    add(venv, "odd", direct_url__json=text)
    assert "odd==1.0" in from_installed(venv / "bin" / "python", target).lines


def test_legacy_editable_install(venv: Path, tmp_path: Path) -> None:
    (tmp_path / "setup.py").write_text("")
    info = tmp_path / "Legacy.egg-info"
    info.mkdir()
    (info / "PKG-INFO").write_text("Metadata-Version: 1.0\nName: Legacy\nVersion: 3\n")
    (site_packages(venv) / "easy-install.pth").write_text(f"{tmp_path}\n")
    assert by_name(venv)["legacy"].folder == tmp_path
    (site_packages(venv) / "easy-install.pth").unlink()


def test_leftovers_are_ignored(venv: Path) -> None:
    (site_packages(venv) / "~broken-1.0.dist-info").mkdir(exist_ok=True)
    assert all(item.name for item in installed(venv / "bin" / "python"))


def made(name: str, *requires: str, modules: tuple[str, ...] = (), version: str = "1") -> Installed:
    return Installed(
        name=name,
        version=version,
        modules=frozenset(modules or (name,)),
        scripts={},
        programs=frozenset(),
        requires=tuple(Requirement(line) for line in requires),
        folder=None,
        archive=None,
        url=None,
    )


EVERYTHING = (
    made("app", "lib[fast]", "gone"),
    made("lib", "speed; extra == 'fast'", "old; python_version < '3'"),
    made("speed"),
    made("old"),
    made("plugin", "lib"),
    made("pip"),
    made("setuptools"),
    made("castiron", "rich", "lib"),
    made("rich"),
)


def test_everything_but_ourselves_and_tools(target: PythonTarget) -> None:
    found = from_installed(Path("p"), target, everything=EVERYTHING)
    assert found.lines == ("app==1", "lib==1", "old==1", "plugin==1", "speed==1")
    assert found.optional == frozenset()
    assert found.direct == {"app", "plugin"}
    assert found.exact


def test_imports_decide_what_must_be_had(target: PythonTarget) -> None:
    found = from_installed(Path("p"), target, imports=["app", "os"], everything=EVERYTHING)
    assert found.lines == ("app==1", "lib==1", "old==1", "plugin==1", "speed==1")
    assert found.optional == {"old", "plugin"}
    assert found.bystanders == {"old", "plugin"}
    assert found.direct == {"app"}


def test_what_an_extra_brought_is_no_bystander(target: PythonTarget) -> None:
    lib = made("lib", "fast; extra == 'speed'", "gone; extra == 'all'", "fast; extra == 'all'", "asked; extra == 'x'")
    everything = (
        replace(lib, extras=("all", "speed", "x")),
        replace(made("fast", "inner"), required_only=True),
        replace(made("inner"), required_only=True),
        made("asked"),  # somebody asked for it by name, so perhaps for no extra
        replace(made("stray"), required_only=True),
    )
    found = from_installed(Path("p"), target, imports=["lib"], everything=everything)
    assert found.optional == {"asked", "fast", "inner", "stray"}
    assert found.bystanders == {"asked", "stray"}


@pytest.mark.parametrize(
    ("installer", "requested", "known"), [("pip", False, True), ("pip", True, False), ("uv", False, False)]
)
def test_who_was_not_asked_for_by_name(installer: str, requested: bool, known: bool, venv: Path) -> None:
    more = {"REQUESTED": ""} if requested else {}
    add(venv, f"by-{installer}-{requested}", requires="Provides-Extra: A_b\n", INSTALLER=f"{installer}\n", **more)
    found = by_name(venv)[f"by-{installer}-{requested}".lower()]
    assert (found.required_only, found.extras) == (known, ("a-b",))


def test_what_we_also_need_is_kept_if_it_is_imported(target: PythonTarget) -> None:
    found = from_installed(Path("p"), target, imports=["rich", "setuptools"], everything=EVERYTHING)
    assert {"rich==1", "setuptools==1"} <= set(found.lines)
    assert {"rich", "setuptools"} == found.direct


def test_local_version_labels_are_no_index_versions(target: PythonTarget) -> None:
    found = from_installed(Path("p"), target, everything=(made("torch", version="2.1+cpu"),))
    assert found.lines == ("torch==2.1",)


def test_host_python(tmp_path: Path) -> None:
    assert host_python({}) == Path(sys.executable)
    assert host_python({"VIRTUAL_ENV": str(tmp_path)}) == Path(sys.executable)
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").touch()
    assert host_python({"VIRTUAL_ENV": str(tmp_path)}) == tmp_path / "bin" / "python"


def test_python_that_does_not_run(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be asked"):
        installed(tmp_path / "python")


def test_a_distribution_of_one_file_has_the_module_of_its_name(venv: Path) -> None:
    site = site_packages(venv)
    text = "Metadata-Version: 1.1\nName: Old-Style\nVersion: 1.2\n"
    (site / "Old_Style-1.2.egg-info").write_text(text)
    (site / "old_style.py").write_text("")
    (site / "beside.py").write_text("")
    found = by_name(venv)["old-style"]
    assert (found.version, found.modules) == ("1.2", {"old_style"})
