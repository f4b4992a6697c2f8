"""Builds from source, with a backend of their own and this machine's Python in the place of the target's."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING

import pytest
from packaging.utils import canonicalize_name

from castiron_common.errors import DependencyError, InputError
from castiron_common.progress import SilentReporter
from castiron_runtime import packs
from castiron_wheels import build
from castiron_wheels.build_stack import DEEPEST, NOTHING_UNDER_WAY, Build, BuildContext
from castiron_wheels.built_wheels import project_wheel, sdist_wheel
from castiron_wheels.errors import BuildError
from castiron_wheels.known_distributions import known_distributions
from castiron_wheels.model import LocalProject, Requirements
from castiron_wheels.requirements import from_lines
from castiron_wheels.resolve import resolve
from castiron_wheels.source_tree import source_files, tree_hash, unpack
from castiron_wheels.wheel_metadata import read_metadata
from tests.support import needs
from tests.unit.wheels.indexes import BACKEND, Index, make_sdist
from tests.unit.wheels.making import make_wheel

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget


PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "my-app"
version = "1.5"
"""


@pytest.fixture(autouse=True)
def _stand_in(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    tools = SimpleNamespace(version="0", linker=("/nonexistent/zig", "ld.lld"))
    version = ".".join(map(str, sys.version_info[:3]))
    pack = SimpleNamespace(id="stand-in", python_version=version, toolchain=tools)
    python = Path(getattr(sys, "_base_executable", sys.executable))
    monkeypatch.setattr(build, "target_pack", lambda *_, **__: pack)
    monkeypatch.setattr(packs, "interpreter", lambda *_, **__: python, raising=False)


@pytest.fixture
def context(target: PythonTarget) -> BuildContext:
    """What a build is given whose requirements are all here: the empty list."""

    def provision(requirements: Requirements, stack: object) -> list[Path]:
        assert not requirements, stack
        return []

    return BuildContext(target=target, provision=provision, reporter=SilentReporter())


def project(folder: Path, text: str = PROJECT) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(text)
    (folder / "backend.py").write_text(BACKEND)
    (folder / "my_app.py").write_text("x = 1\n")
    return folder


def test_project_is_built_once_and_left_untouched(tmp_path: Path, context: BuildContext) -> None:
    folder = project(tmp_path / "app")
    before = sorted(path.name for path in folder.iterdir())
    first = project_wheel(LocalProject(path=folder), context).path
    assert sorted(path.name for path in folder.iterdir()) == before
    assert (read_metadata(first).name, read_metadata(first).version) == ("my-app", "1.5")
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__" / "x.pyc").write_bytes(b"x")
    stamp = first.stat().st_mtime_ns
    assert project_wheel(LocalProject(path=folder), context).path == first
    assert first.stat().st_mtime_ns == stamp
    (folder / "my_app.py").write_text("x = 2\n")
    assert project_wheel(LocalProject(path=folder), context).path != first


def test_same_sources_give_the_same_bytes_anywhere(
    tmp_path: Path, context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheels = []
    for place in ("one", "another/place"):
        monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / place / "cache"))
        folder = project(tmp_path / place / "app")
        wheels.append(project_wheel(LocalProject(path=folder), context).path)
    assert wheels[0].read_bytes() == wheels[1].read_bytes()
    with zipfile.ZipFile(wheels[0]) as archive:
        assert archive.read("my_app_built.py") == b"epoch = '315532800'\n"


def test_sdist(tmp_path: Path, context: BuildContext) -> None:
    sdist = make_sdist(tmp_path, "thing", "3.0")
    wheel = sdist_wheel(sdist, "thing", "3.0", context).path
    assert read_metadata(wheel).version == "3.0"


def test_resolved_project_is_embedded(tmp_path: Path, target: PythonTarget) -> None:
    folder = project(tmp_path / "app")
    found = resolve(
        from_lines(["-e ./app"], target, origin="t", folder=folder.parent), target, reporter=SilentReporter()
    )
    assert [(item.name, item.wheel.embedded, item.direct) for item in found.distributions] == [("my-app", True, True)]


def test_failure_names_distribution_log_and_choices(tmp_path: Path, cache: Path, context: BuildContext) -> None:
    folder = project(tmp_path / "app", f'{PROJECT}description = "broken"\n')
    with pytest.raises(DependencyError) as caught:
        project_wheel(LocalProject(path=folder, name="my-app"), context)
    log = cache / "2/logs" / "my-app.log"
    assert "my-app" in caught.value.what
    assert str(log) in caught.value.what
    assert "this project cannot be built" in caught.value.what
    assert "musllinux" in caught.value.hint
    assert "building my_app" in log.read_text()
    assert not [path for path in (cache / "2/built").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[build-system]\nrequires = 'x'\n", "not a list of strings"),
        ("[build-system]\nrequires = []\nbuild-backend = 'b'\nbackend-path = ['..']\n", "is outside"),
        ("build-system = 1\n", "build-system is not a table"),
        ("[build-system]\nrequires = []\nbackend-path = 1\n", "backend-path is not a list of strings"),
        ("[build-system]\nrequires = []\nbuild-backend = 1\n", "build-backend is not a string"),
        ("[build-system]\nrequires = []\nbuild-backend = 'nosuchbackend'\n", "No module named 'nosuchbackend'"),
    ],
)
def test_bad_build_systems(text: str, message: str, tmp_path: Path, context: BuildContext) -> None:
    folder = project(tmp_path / "app", text)
    with pytest.raises((InputError, DependencyError), match=message):
        project_wheel(LocalProject(path=folder), context)


@pytest.mark.parametrize(("requires", "expected"), [("Setuptools_SCM>=8", True), ("setuptools", False)])
def test_a_backend_that_reads_the_history_gets_it(
    requires: str, expected: bool, tmp_path: Path, context: BuildContext
) -> None:
    folder = project(tmp_path / "app", PROJECT.replace("requires = []", f"requires = ['{requires}']"))
    see = "pathlib.Path('my_app.py').write_text(f'history = {pathlib.Path(\".git\").exists()}')\n    "
    (folder / "backend.py").write_text(BACKEND.replace("    project = tomllib", f"    {see}project = tomllib"))
    for words in ("init --quiet", "add .", "-c user.name=me -c user.email=m@e commit --quiet -m one"):
        subprocess.run([needs.tool("git"), "-C", str(folder), *words.split()], check=True)
    wheel = project_wheel(LocalProject(path=folder), replace(context, provision=lambda *_: [])).path
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("my_app.py").decode() == f"history = {expected}"


def test_what_is_known_of_distributions_is_by_normalised_names() -> None:
    known = known_distributions()
    for table in (known.reads_history, known.comes_with_environments):
        assert table
        assert all(name == canonicalize_name(name) and reason for name, reason in table.items())


def test_leftovers_are_no_sources(tmp_path: Path) -> None:
    folder = project(tmp_path / "app")
    plain = tree_hash(folder, history=False)
    for name in (".git/x", "build/lib/y.py", "dist/z.whl", ".venv/pyvenv.cfg", "env/pyvenv.cfg", "a.egg-info/PKG-INFO"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("")
    assert tree_hash(folder, history=False) == plain
    assert {path.name for path in source_files(folder, history=False)} == {"pyproject.toml", "backend.py", "my_app.py"}
    (folder / "app").write_bytes(b"\x7fELF our own executable")
    (folder / "app.licenses.txt").write_text("report")
    (folder / "app.manifest").write_bytes(b"\x8a...")
    assert tree_hash(folder, history=False) == plain
    (folder / "text.manifest").write_text("a text")
    assert tree_hash(folder, history=False) != plain
    (folder / "text.manifest").unlink()
    (folder / "src" / "build").mkdir(parents=True)
    (folder / "src" / "build" / "__init__.py").write_text("")
    assert tree_hash(folder, history=False) != plain


def test_executable_bits_and_links_count(tmp_path: Path) -> None:
    folder = project(tmp_path / "app")
    plain = tree_hash(folder, history=False)
    (folder / "my_app.py").chmod(0o755)
    executable = tree_hash(folder, history=False)
    (folder / "link").symlink_to("my_app.py")
    assert len({plain, executable, tree_hash(folder, history=False)}) == 3


def test_sdists_that_are_not(tmp_path: Path) -> None:
    bad = tmp_path / "a-1.tar.gz"
    bad.write_bytes(b"no archive")
    (tmp_path / "out").mkdir()
    with pytest.raises(DependencyError, match=r"source distribution a-1\.tar\.gz cannot be used"):
        unpack(bad, tmp_path / "out")


def test_installed_project_that_may_be_missing_is_left_out(tmp_path: Path, target: PythonTarget) -> None:
    folder = project(tmp_path / "app", f'{PROJECT}description = "broken"\n')
    wanted = Requirements(
        origin="beside",
        projects=(LocalProject(path=folder, name="my-app"),),
        exact=True,
        optional=frozenset({"my-app"}),
    )
    found = resolve(wanted, target, reporter=SilentReporter())
    assert found.distributions == ()
    assert [(item.code, item.subject) for item in found.findings] == [("left-out", "my-app")]


def test_build_that_needs_itself(tmp_path: Path, target: PythonTarget, index: Index) -> None:
    make_sdist(index.folder, "ouroboros", "1.0", build_requires=("ouroboros",))
    with pytest.raises(DependencyError, match=r"needs ouroboros 1\.0 itself"):
        resolve(from_lines(["ouroboros"], target, origin="t"), target, reporter=SilentReporter())


def test_builds_that_need_each_other(tmp_path: Path, target: PythonTarget, index: Index) -> None:
    make_sdist(index.folder, "hen", "1.0", build_requires=("egg",))
    make_sdist(index.folder, "egg", "2.0", build_requires=("hen",))
    with pytest.raises(DependencyError, match=r"itself \(hen 1\.0 needs egg 2\.0, which needs hen 1\.0\)"):
        resolve(from_lines(["hen"], target, origin="t"), target, reporter=SilentReporter())


def test_a_stack_of_builds_has_a_limit(tmp_path: Path) -> None:
    stack = NOTHING_UNDER_WAY
    for number in range(DEEPEST):
        stack = stack.pushed(Build(label=f"a{number}", entry=tmp_path / str(number)), "x86_64-linux-musl")
    assert [build.label for build in stack.builds][:2] == ["a0", "a1"]
    with pytest.raises(DependencyError, match=r"12 builds from source wait .*a0 needs a1, which needs a2"):
        stack.pushed(Build(label="last", entry=tmp_path / "last"), "x86_64-linux-musl")
    assert NOTHING_UNDER_WAY.builds == ()


def test_failures_tell_what_could_not_be_imported(tmp_path: Path, context: BuildContext) -> None:
    folder = project(tmp_path / "app")
    (folder / "backend.py").write_text("import _no_such_thing\n")
    with pytest.raises(BuildError) as caught:
        project_wheel(LocalProject(path=folder), context)
    assert caught.value.missing_modules == {"_no_such_thing"}
    assert caught.value.what.startswith(f"{caught.value.summary}\nThe log is ")


def test_a_backend_that_gives_no_list(tmp_path: Path, context: BuildContext) -> None:
    folder = project(tmp_path / "app")
    (folder / "backend.py").write_text(f"{BACKEND}\ndef get_requires_for_build_wheel(settings=None):\n    return 5\n")
    with pytest.raises(BuildError, match="did not give its build requirements as a list"):
        project_wheel(LocalProject(path=folder), context)


def test_small_interpreter_first_then_the_full_one(
    tmp_path: Path, context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[bool] = []

    def build_tree(source: Path, work: Path, destination: Path, *, full: bool, **_: object) -> build.Built:
        asked.append(full)
        if not full:
            raise BuildError("failed", "its log", hint="", missing_modules=frozenset({"_ctypes"}))
        return build.Built(wheel=make_wheel(destination, "my-app"), wanted_libraries=frozenset())

    monkeypatch.setattr(build, "build_tree", build_tree)
    project_wheel(LocalProject(path=project(tmp_path / "app")), context)
    assert asked == [False, True]


def test_a_build_runs_again_with_the_libraries_that_it_wanted(
    tmp_path: Path, context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[set[str]] = []

    def build_tree(
        source: Path, work: Path, destination: Path, *, libraries: frozenset[str], **_: object
    ) -> build.Built:
        given.append(set(libraries))
        assert not list(destination.iterdir())
        wheel = make_wheel(destination, "my-app")
        if not libraries:  # one that it can do without
            return build.Built(wheel=wheel, wanted_libraries=frozenset({"zlib"}))
        if libraries == {"zlib"}:
            raise BuildError("failed", "its log", hint="", wanted_libraries=frozenset({"zlib", "openssl"}))
        return build.Built(wheel=wheel, wanted_libraries=libraries)

    monkeypatch.setattr(build, "build_tree", build_tree)
    project_wheel(LocalProject(path=project(tmp_path / "app")), context)
    assert given == [set(), {"zlib"}, {"zlib", "openssl"}]


def test_options_that_the_compilers_leave_out_are_told(tmp_path: Path, target: PythonTarget) -> None:
    text = BACKEND.replace(
        "def build_wheel(",
        "import os\nwith open(os.environ['CASTIRON_NOTES'] + '/options-left-out', 'a') as noted:\n"
        "    noted.write('-mtune=native\\n-Wl,-t\\n-mtune=native\\n')\ndef build_wheel(",
    )
    folder = project(tmp_path / "app")
    (folder / "backend.py").write_text(text)
    for _ in range(2):  # built, and from the cache
        found = resolve(
            from_lines(["./app"], target, origin="t", folder=folder.parent), target, reporter=SilentReporter()
        )
        assert [(item.code, item.subject) for item in found.findings] == [("options-left-out", "app")]
        assert found.findings[0].message.endswith(": -Wl,-t -mtune=native")
