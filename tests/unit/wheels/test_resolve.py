"""Resolution against an index on the loopback: real uv, no network."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_common.files import sha256_file
from castiron_common.progress import SilentReporter
from castiron_manifest.model import Severity
from castiron_wheels import build, built_wheels
from castiron_wheels.fetch import keep
from castiron_wheels.model import Environment, Requirements
from castiron_wheels.requirements import from_files, from_lines, from_project
from castiron_wheels.resolve import resolve
from castiron_wheels.tags import fits, with_processors
from tests.unit.wheels.indexes import BACKEND, Index, make_sdist
from tests.unit.wheels.making import elf_program, make_wheel

if TYPE_CHECKING:
    from castiron_common.target import PythonTarget

MUSL = "cp313-cp313-musllinux_1_2_x86_64"
GLIBC = "cp313-cp313-manylinux_2_17_x86_64"


def run(target: PythonTarget, *lines: str, folder: Path | None = None) -> Environment:
    return resolve(from_lines(lines, target, origin="test", folder=folder), target, reporter=SilentReporter())


def versions(environment: Environment) -> dict[str, str]:
    return {item.name: item.version for item in environment.distributions}


def test_nothing_asked_for_starts_no_program(
    target: PythonTarget, monkeypatch: pytest.MonkeyPatch, cache: Path
) -> None:
    monkeypatch.setattr("subprocess.Popen", None)
    assert run(target) == Environment(target=target)
    assert not cache.exists()


def test_the_targets_files_are_chosen(index: Index, target: PythonTarget) -> None:
    for tag in (MUSL, GLIBC, "py3-none-any", "cp312-cp312-musllinux_1_2_x86_64"):
        make_wheel(index.folder, "native", "1.0", tag=tag)
    make_wheel(index.folder, "app", "2.0", requires=["native", "gone; sys_platform == 'win32'"])
    found = run(target, "app")
    assert [item.wheel.filename for item in found.distributions] == [
        "app-2.0-py3-none-any.whl",
        f"native-1.0-{MUSL}.whl",
    ]
    app = found.distributions[0]
    assert (app.requires, app.direct, app.wheel.embedded) == (("native",), True, False)
    assert not found.distributions[1].direct
    assert sha256_file(app.path) == app.wheel.sha256 == app.path.parent.name
    assert app.wheel.size == app.path.stat().st_size


def test_wheels_for_newer_processors_alone_are_not_chosen(index: Index, any_target: PythonTarget) -> None:
    """uv does not know such names (auditwheel makes them), and neither do we: the plain wheel runs everywhere."""
    newer = "cp313-cp313-manylinux_2_34_x86_64_v3"
    make_wheel(index.folder, "native", "1.0", tag=GLIBC)
    make_wheel(index.folder, "native", "1.0", tag=newer)
    make_wheel(index.folder, "native", "2.0", tag=newer)
    assert [item.wheel.filename for item in run(any_target, "native").distributions] == [f"native-1.0-{GLIBC}.whl"]
    assert not fits(f"native-1.0-{newer}.whl", any_target)


def test_extras_bring_their_distributions(index: Index, target: PythonTarget) -> None:
    make_wheel(
        index.folder,
        "app",
        requires=["a; extra == 'x'", "b; extra == 'y'"],
        metadata="Provides-Extra: x\nProvides-Extra: y\n",
    )
    make_wheel(index.folder, "a", requires=["app[y]"])
    make_wheel(index.folder, "b")
    assert set(versions(run(target, "app"))) == {"app"}
    found = run(target, "app[x]")
    assert found.get("app") is not None
    assert found.get("app").requires == ("a", "b")  # type: ignore[union-attr]


def test_cached_pins_need_no_index(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "a", requires=["b"])
    make_wheel(index.folder, "b")
    first = run(target, "a==1.0", "b==1.0")
    index.asked.clear()
    assert run(target, "a==1.0", "b==1.0") == first
    assert index.asked == []


def test_older_version_with_a_wheel_is_preferred(index: Index, target: PythonTarget) -> None:
    make_sdist(index.folder, "native", "2.0")
    make_wheel(index.folder, "native", "1.0", tag=MUSL)
    found = run(target, "native")
    assert versions(found) == {"native": "1.0"}
    assert [(item.code, item.subject) for item in found.findings] == [("older-version", "native")]


def test_a_version_of_long_ago_is_no_stand_in(index: Index, target: PythonTarget, built: list[str]) -> None:
    make_sdist(index.folder, "native", "4.0")
    make_wheel(index.folder, "native", "0.10", tag=MUSL)
    make_wheel(index.folder, "late")
    found = run(target, "native")
    assert versions(found) == {"native": "4.0", "late": "1.0"}
    assert [item.code for item in found.findings] == ["built-from-sdist"]
    assert built == ["native-4.0.tar.gz"]


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """Replace building by a finished wheel of the same name; return what was asked for."""
    asked: list[str] = []

    def fake(sdist: Path, name: str, version: str | None, context: object) -> built_wheels.BuiltWheel:
        asked.append(sdist.name)
        wheel = make_wheel(tmp_path / "built", name, version or "0", requires=["late"] if name == "native" else [])
        return built_wheels.BuiltWheel(path=keep(wheel), options_left_out=())

    monkeypatch.setattr(built_wheels, "sdist_wheel", fake)
    return asked


def test_no_other_distribution_gives_way_for_a_wheel(index: Index, target: PythonTarget, built: list[str]) -> None:
    make_wheel(index.folder, "app", "2.0", requires=["watcher>=2"])
    make_wheel(index.folder, "app", "1.0")
    make_sdist(index.folder, "watcher", "2.0")
    make_wheel(index.folder, "watcher", "1.0")
    found = run(target, "app")
    assert versions(found) == {"app": "2.0", "watcher": "2.0"}
    assert built == ["watcher-2.0.tar.gz"]
    assert found.get("watcher").wheel.embedded  # type: ignore[union-attr]
    assert [item.code for item in found.findings] == ["built-from-sdist"]


def test_exact_pins_are_kept(index: Index, target: PythonTarget, built: list[str]) -> None:
    make_sdist(index.folder, "pinned", "2.0")
    make_wheel(index.folder, "pinned", "1.0", tag=MUSL)
    assert versions(run(target, "pinned==2.0")) == {"pinned": "2.0"}
    assert built == ["pinned-2.0.tar.gz"]


@pytest.mark.parametrize("loader", [None, "/lib64/ld-linux-x86-64.so.2"])
def test_another_systems_wheel_of_programs_is_preferred_to_building(
    index: Index, target: PythonTarget, built: list[str], loader: str | None
) -> None:
    make_sdist(index.folder, "tool", "1.0")
    files = {"tool/__init__.py": "", "tool/run": elf_program(loader)}
    make_wheel(index.folder, "tool", "1.0", files, tag="py2.py3-none-manylinux_2_17_x86_64")
    found = run(target, "tool")
    assert built == []
    assert [(item.wheel.filename, item.wheel.embedded) for item in found.distributions] == [
        ("tool-1.0-py2.py3-none-manylinux_2_17_x86_64.whl", True)
    ]
    assert [item.code for item in found.findings] == ["portable-wheel"]


@pytest.mark.parametrize(
    ("member", "tag"),
    [
        ("tool/lib.so.1", "py3-none-manylinux_2_17_x86_64"),
        ("tool/run", "py3-none-manylinux_2_17_aarch64"),
        ("tool/run", "cp313-cp313-manylinux_2_17_x86_64"),
    ],
)
def test_another_systems_wheel_of_libraries_is_not_taken(
    index: Index, target: PythonTarget, built: list[str], member: str, tag: str
) -> None:
    make_sdist(index.folder, "tool", "1.0")
    make_wheel(index.folder, "tool", "1.0", {member: elf_program()}, tag=tag)
    run(target, "tool")
    assert built == ["tool-1.0.tar.gz"]


def test_what_a_built_wheel_needs_is_added(index: Index, target: PythonTarget, built: list[str]) -> None:
    make_sdist(index.folder, "native", "1.0")
    make_wheel(index.folder, "late", "3.0")
    found = run(target, "native")
    assert versions(found) == {"late": "3.0", "native": "1.0"}
    assert built == ["native-1.0.tar.gz"]
    assert found.get("native").requires == ("late",)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        (["nosuch"], "nosuch was not found"),
        (["app", "lib<1"], "lib>=2"),
        (["lib==9"], "no version of lib==9"),
        (["glibc"], "glibc"),
    ],
)
def test_one_error_with_reason_and_advice(lines: list[str], message: str, index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "app", requires=["lib>=2"])
    make_wheel(index.folder, "lib", "2.0")
    make_wheel(index.folder, "lib", "0.5")
    make_wheel(index.folder, "glibc", tag=GLIBC)
    with pytest.raises(DependencyError, match=message) as caught:
        run(target, *lines)
    assert caught.value.hint
    assert "warning:" not in caught.value.what


def test_unreachable_index(index: Index, target: PythonTarget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_DEFAULT_INDEX", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("UV_HTTP_RETRIES", "0")
    with pytest.raises(DependencyError, match="cannot be resolved") as caught:
        run(target, "app")
    assert "cannot be reached" in caught.value.hint


def test_hashes_of_the_user_are_kept(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    musl = make_wheel(index.folder, "a", tag=MUSL, files={"a.py": "native"})
    pure = make_wheel(index.folder, "a")
    file = tmp_path / "requirements.txt"
    file.write_text(f"a==1.0 --hash=sha256:{sha256_file(pure)}\n")
    found = resolve(from_files([file], target), target, reporter=SilentReporter())
    assert [item.wheel.filename for item in found.distributions] == [pure.name]
    file.write_text(f"a==1.0 --hash=sha256:{sha256_file(musl)}\n")
    found = resolve(from_files([file], target), target, reporter=SilentReporter())
    assert [item.wheel.filename for item in found.distributions] == [musl.name]
    file.write_text(f"a==1.0 --hash=sha256:{'0' * 64}\n")
    with pytest.raises(DependencyError, match="has one of the hashes"):
        resolve(from_files([file], target), target, reporter=SilentReporter())


def test_wheel_files_of_this_machine_are_embedded(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "own", "own", requires=["lib"])
    make_wheel(index.folder, "lib")
    found = run(target, "./own/own-1.0-py3-none-any.whl", folder=tmp_path)
    assert {item.name: (item.wheel.embedded, item.direct) for item in found.distributions} == {
        "own": (True, True),
        "lib": (False, False),
    }
    assert found.distributions[1].wheel.sha256 == sha256_file(wheel)


def test_wheel_file_for_another_platform_is_refused(target: PythonTarget, tmp_path: Path, cache: Path) -> None:
    make_wheel(tmp_path, "own", tag=GLIBC)
    with pytest.raises(DependencyError, match="does not fit"):
        run(target, f"./own-1.0-{GLIBC}.whl", folder=tmp_path)


def test_wheel_file_for_newer_processors_says_so(target: PythonTarget, tmp_path: Path, cache: Path) -> None:
    tag = "py3-none-musllinux_1_2_x86_64_v3"
    make_wheel(tmp_path, "own", tag=tag)
    with pytest.raises(DependencyError, match="does not fit") as caught:
        run(target, f"./own-1.0-{tag}.whl", folder=tmp_path)
    assert caught.value.hint == "It is for processors of level x86-64-v3: say --cpu x86-64-v3 if all machines have one."
    newer = replace(target, target=with_processors(target.target, 2))
    (found,) = run(newer, f"./own-1.0-{tag}.whl", folder=tmp_path).distributions
    assert found.wheel.filename == f"own-1.0-{tag}.whl"


def test_wheels_alone_need_no_index(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    make_wheel(tmp_path, "a", requires=["b"])
    make_wheel(tmp_path, "b")
    found = run(target, "./a-1.0-py3-none-any.whl", "./b-1.0-py3-none-any.whl", folder=tmp_path)
    assert [(item.name, item.requires) for item in found.distributions] == [("a", ("b",)), ("b", ())]
    assert index.asked == []


def test_index_named_in_a_requirements_file_makes_wheels_embedded(
    index: Index, target: PythonTarget, tmp_path: Path
) -> None:
    make_wheel(index.folder, "a")
    (tmp_path / "r.txt").write_text(f"--index-url {index.url}\na\n")
    found = resolve(from_files([tmp_path / "r.txt"], target), target, reporter=SilentReporter())
    assert [item.wheel.embedded for item in found.distributions] == [True]


def test_constraints_limit_without_asking(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    for version in ("1.0", "2.0"):
        make_wheel(index.folder, "a", version)
    (tmp_path / "c.txt").write_text("a<2\nunused==7\n")
    (tmp_path / "r.txt").write_text("-c c.txt\na\n")
    assert versions(resolve(from_files([tmp_path / "r.txt"], target), target, reporter=SilentReporter())) == {
        "a": "1.0"
    }


def test_lock_file_is_taken_as_it_is(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    wheel = make_wheel(index.folder, "a", "1.0", requires=["b"])
    make_wheel(index.folder, "a", "2.0")
    other = make_wheel(tmp_path / "files", "b", "5.0")
    base = index.url.removesuffix("/simple")
    lock = tmp_path / "pylock.toml"
    lock.write_text(f"""
lock-version = "1.0"
created-by = "test"
[[packages]]
name = "a"
version = "1.0"
wheels = [{{url = "{base}/files/{wheel.name}", hashes = {{sha256 = "{sha256_file(wheel)}"}}}}]
[[packages]]
name = "b"
version = "5.0"
wheels = [{{path = "files/{other.name}", hashes = {{sha256 = "{sha256_file(other)}"}}}}]
[[packages]]
name = "winonly"
version = "1"
marker = "sys_platform == 'win32'"
wheels = [{{url = "{base}/files/winonly-1-py3-none-any.whl", hashes = {{sha256 = "00"}}}}]
""")
    found = resolve(from_files([lock], target), target, reporter=SilentReporter())
    assert [(item.name, item.version, item.direct, item.wheel.embedded) for item in found.distributions] == [
        ("a", "1.0", True, False),
        ("b", "5.0", False, True),
    ]
    assert index.asked == [f"/files/{wheel.name}"]


def test_python_versions_are_checked(index: Index, target: PythonTarget, tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text("[project]\nname='a'\nrequires-python='<3.13'\ndependencies=['b']\n")
    with pytest.raises(DependencyError, match=r"requires Python <3\.13") as caught:
        resolve(from_project(tmp_path, target), target, reporter=SilentReporter())
    assert caught.value.hint == "Build it for one that fits: --python 3.11."


def test_what_is_for_older_pythons_alone_is_refused_with_what_to_add(index: Index, target: PythonTarget) -> None:
    """uv does not heed upper limits, so the newest version is what it names, though an older one has no limit."""
    make_wheel(index.folder, "app", requires=["backport"])
    make_wheel(index.folder, "backport", "1.2")
    make_wheel(index.folder, "backport", "1.3", metadata="Requires-Python: >=3.8,<3.11\n")
    with pytest.raises(DependencyError, match=r"backport 1\.3 requires Python <3\.11,>=3\.8") as caught:
        run(target, "app")
    assert "add backport<1.3 to the requirements" in caught.value.hint
    assert versions(run(target, "app", "backport<1.3")) == {"app": "1.0", "backport": "1.2"}


def test_the_last_number_of_the_targets_python_counts(target: PythonTarget) -> None:
    wanted = Requirements(origin="a", requires_python=">=3.13.3")
    assert resolve(wanted, target, reporter=SilentReporter()).distributions == ()
    with pytest.raises(DependencyError, match=r"requires Python >=3\.11\.99"):
        resolve(replace(wanted, requires_python=">=3.11.99,<3.12"), target, reporter=SilentReporter())


def test_a_python_that_no_target_has_is_refused_with_those_there_are(target: PythonTarget) -> None:
    with pytest.raises(DependencyError, match=r"requires Python >=3\.99") as caught:
        resolve(Requirements(origin="a", requires_python=">=3.99"), target, reporter=SilentReporter())
    assert "3.11, 3.13" in caught.value.hint


def exact(lines: tuple[str, ...], optional: frozenset[str] = frozenset()) -> Requirements:
    return Requirements(origin="beside", lines=lines, exact=True, optional=optional)


def test_installed_versions_that_nothing_has_are_left_out(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "a", requires=["b"])
    make_wheel(index.folder, "b")
    make_sdist(index.folder, "nowheel", "1.0")
    lines = ("a==1.0", "b==1.0", "nowheel==1.0", "private==3", "b2==1")
    found = resolve(exact(lines, frozenset({"nowheel", "private", "b2"})), target, reporter=SilentReporter())
    assert set(versions(found)) == {"a", "b"}
    assert [(item.code, item.subject, item.severity) for item in found.findings] == [
        ("left-out", "b2", Severity.WARNING),
        ("left-out", "nowheel", Severity.WARNING),
        ("left-out", "private", Severity.WARNING),
    ]
    with pytest.raises(DependencyError, match="private"):
        resolve(exact(lines), target, reporter=SilentReporter())


def test_contradicting_installed_versions_are_taken_as_they_are(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "a", requires=["b>=2"])
    make_wheel(index.folder, "b", "1.0")
    found = resolve(exact(("a==1.0", "b==1.0")), target, reporter=SilentReporter())
    assert versions(found) == {"a": "1.0", "b": "1.0"}
    assert [item.code for item in found.findings] == ["inconsistent-environment", "unmet-requirement"]


def test_what_only_the_target_needs_is_added_to_installed_versions(index: Index, target: PythonTarget) -> None:
    make_wheel(index.folder, "a", requires=["backport; python_version >= '3.13'"])
    make_wheel(index.folder, "backport", "7.0")
    assert versions(resolve(exact(("a==1.0",)), target, reporter=SilentReporter())) == {"a": "1.0", "backport": "7.0"}


def test_metadata_that_only_the_target_knows(
    index: Index, target: PythonTarget, tmp_path: Path, built: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = 'import os\nif os.environ.get("STAND_IN") != "1":\n    raise SystemExit("wrong Python")\n' + BACKEND
    make_sdist(index.folder, "thing", "1.0", metadata_version="1.0", backend=backend)

    def stand_in(target: PythonTarget, folder: Path, *, reporter: object) -> tuple[Path, dict[str, str]]:
        return Path(sys.executable), {**os.environ, "STAND_IN": "1"}

    monkeypatch.setattr(build, "metadata_build", lambda *_, **__: (Path(sys.executable), dict(os.environ)))
    with pytest.raises(DependencyError, match="wrong Python"):
        run(target, "thing")
    monkeypatch.setattr(build, "metadata_build", stand_in)
    assert versions(run(target, "thing")) == {"thing": "1.0"}
    assert built == ["thing-1.0.tar.gz"]


def test_index_that_gives_no_hashes(index: Index, target: PythonTarget) -> None:
    index.hashes = False
    made = make_wheel(index.folder, "a")
    (item,) = run(target, "a").distributions
    assert item.wheel.sha256 == sha256_file(made)
    assert item.path.parent.name == item.wheel.sha256
    assert run(target, "a").distributions == (item,)
