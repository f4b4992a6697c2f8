"""Zip archives with modules: on the path of an application, named by its script, and as the application."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import EntryError, InputError
from castiron_trace.archives import is_archive, named_archives, unpacked
from castiron_trace.plan import PlanKind, read_plan
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))


def archive(path: Path, *names: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as made:
        for name in names:
            made.writestr(name, f"# {name}\n")
    return path


def test_equal_archives_are_unpacked_once(tmp_path: Path) -> None:
    first, second = archive(tmp_path / "a.zip", "p/x.py"), archive(tmp_path / "b.egg", "p/x.py")
    assert unpacked(first) == unpacked(second)
    assert (unpacked(first) / "p/x.py").read_text() == "# p/x.py\n"


def test_names_stay_inside_the_folder(tmp_path: Path) -> None:
    folder = unpacked(archive(tmp_path / "a.zip", "../../out.py", "/absolute.py"))
    assert sorted(path.name for path in folder.rglob("*.py")) == ["absolute.py", "out.py"]
    assert not [path for path in tmp_path.rglob("out.py") if not path.is_relative_to(folder)]


def test_a_damaged_archive_is_told(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.zip", "p/x.py")
    data = path.read_bytes()
    path.write_bytes(data.replace(b"# p/x.py", b"# p/y.py"))
    with pytest.raises(InputError, match=r"a\.zip cannot be read"):
        unpacked(path)


def test_archives_that_a_script_names(tmp_path: Path) -> None:
    lib, deep = archive(tmp_path / "lib.zip", "p/x.py"), archive(tmp_path / "libs" / "own.whl", "one.py")
    archive(tmp_path / "data.zip", "table.csv")
    archive(tmp_path / "unnamed.zip", "p/x.py")
    (tmp_path / "broken.egg").write_text("no archive")
    script = tmp_path / "app.py"
    script.write_text("sys.path[:0] = ['lib.zip', 'libs/own.whl', 'data.zip', 'broken.egg']")
    assert named_archives(script, [tmp_path]) == [lib, deep]


def test_a_zipapp_is_an_application(tmp_path: Path) -> None:
    archive(tmp_path / "tool.pyz", "__main__.py", "helper.py")
    plan = read_plan(options(tmp_path, "tool.pyz"))
    assert (plan.kind, plan.name, plan.program) == (PlanKind.SCRIPT, "__main__.py", "tool")
    assert (plan.roots[0] / "helper.py").is_file()


def test_an_archive_without_a_program(tmp_path: Path) -> None:
    archive(tmp_path / "lib.zip", "p/x.py")
    with pytest.raises(EntryError, match="without __main__"):
        read_plan(options(tmp_path, "lib.zip"))


def test_an_archive_on_the_path(tmp_path: Path) -> None:
    write(tmp_path, {"app.py": ""})
    path = archive(tmp_path / "more.egg", "p/x.py")
    assert is_archive(path)
    assert unpacked(path) in read_plan(options(tmp_path, "app.py", paths=("more.egg",))).roots
    with pytest.raises(InputError, match="no folder and no zip archive"):
        read_plan(options(tmp_path, "app.py", paths=("gone",)))
