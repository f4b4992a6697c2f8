"""Installing wheels into the cached prefix folder."""

from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from importlib.metadata import distributions
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_wheels.fetch import keep
from castiron_wheels.install import SHEBANG, installation_prefix, site_packages
from tests.unit.wheels.making import WHEEL, make_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_common.target import PythonTarget


def tree(folder: Path) -> dict[str, tuple[bytes, bool]]:
    return {
        path.relative_to(folder).as_posix(): (path.read_bytes(), bool(path.stat().st_mode & 0o100))
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_no_wheels_give_an_empty_folder(cache: Path, target: PythonTarget) -> None:
    prefix = installation_prefix([], target)
    assert site_packages(prefix, target).is_dir()
    assert tree(prefix) == {}


def test_every_scheme_goes_to_its_place(cache: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = make_wheel(
        tmp_path,
        "demo",
        files={
            "demo/__init__.py": "def main(): return 3\n",
            "demo-1.0.data/scripts/old": "#!python\nprint('old')\n",
            "demo-1.0.data/scripts/shell": "#!/bin/sh\necho hi\n",
            "demo-1.0.data/data/share/demo/x.txt": "x",
            "demo-1.0.data/headers/demo.h": "int x;",
            "demo-1.0.data/purelib/pure.py": "",
            "demo-1.0.data/platlib/plat.py": "",
            "demo/tool.bin": "tool",
        },
        entry_points="[console_scripts]\ndemo = demo:main\nDemo-Sub = demo:main.__class__ [x]\n[other]\na = b:c\n",
        executables=["demo/tool.bin"],
    )
    prefix = installation_prefix([wheel], target)
    files = tree(prefix)
    root = "lib/python3.13/site-packages"
    assert files["bin/old"] == (SHEBANG + b"print('old')\n", True)
    assert files["bin/shell"] == (b"#!/bin/sh\necho hi\n", True)
    assert files["share/demo/x.txt"] == (b"x", False)
    assert files["include/python3.13/demo/demo.h"] == (b"int x;", False)
    assert files[f"{root}/demo/tool.bin"] == (b"tool", True)
    assert {f"{root}/pure.py", f"{root}/plat.py", "bin/demo", "bin/Demo-Sub"} <= set(files)
    done = subprocess.run(
        [sys.executable, prefix / "bin/demo"], env={"PYTHONPATH": str(site_packages(prefix, target))}, check=False
    )
    assert done.returncode == 3


def test_record_lists_what_is_there(cache: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = make_wheel(
        tmp_path,
        files={"demo.py": "x = 1\n", "demo-1.0.data/scripts/run": "#!python\n", "demo-1.0.data/data/etc/c": ""},
        entry_points="[console_scripts]\ndemo = demo:x\n",
    )
    packages = site_packages(installation_prefix([wheel], target), target)
    (found,) = distributions(path=[str(packages)])
    assert found.name == "demo"
    for file in found.files or ():
        assert file.locate().exists(), file
    rows = list(csv.reader((packages / "demo-1.0.dist-info/RECORD").open()))
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
    assert {"../../../bin/run", "../../../bin/demo", "../../../etc/c", "demo-1.0.dist-info/INSTALLER"} <= {
        row[0] for row in rows
    }
    import base64

    for path, digest, size in rows:
        if digest:
            data = (packages / path).read_bytes()
            assert digest == "sha256=" + base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode().rstrip("=")
            assert int(size) == len(data)


def test_order_of_wheels_and_place_of_the_cache_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: PythonTarget
) -> None:
    one = make_wheel(tmp_path / "w", "one", files={"shared/__init__.py": "one", "one.py": ""})
    two = make_wheel(tmp_path / "w", "two", files={"shared/__init__.py": "two", "two.py": ""})
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "first"))
    first = installation_prefix([one, two], target)
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "second"))
    second = installation_prefix([keep(two), keep(one)], target)
    assert first.name == second.name
    assert tree(first) == tree(second)
    assert (site_packages(first, target) / "shared/__init__.py").read_text() == "two"


def test_the_second_call_returns_the_same_folder(cache: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = keep(make_wheel(tmp_path))
    first = installation_prefix([wheel], target)
    wheel.unlink()
    assert installation_prefix([wheel], target) == first


@pytest.mark.parametrize("member", ["../evil.py", "/etc/evil", "demo-1.0.data/scripts/../../../evil"])
def test_nothing_is_written_outside(member: str, cache: Path, tmp_path: Path, target: PythonTarget) -> None:
    wheel = make_wheel(tmp_path / "w", files={member: "evil"})
    with pytest.raises(DependencyError, match="outside the target folder"):
        installation_prefix([wheel], target)
    assert not list(tmp_path.rglob("*evil*"))
    assert not [path for path in (cache / "2/sites").iterdir() if path.is_dir()]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"files": {"demo-1.0.data/strange/x": ""}}, "no known kind"),
        ({"entry_points": "[console_scripts]\nx = y z\n"}, "not an entry point"),
        ({"entry_points": "[console_scripts]\na/b = y:z\n"}, "not an entry point"),
        ({"entry_points": "[console_scripts]\na\0b = y:z\n"}, "not an entry point"),
        ({"entry_points": "x = y\n"}, "malformed"),
        ({"wheel": WHEEL.replace("1.0", "2.0")}, "format version"),
        ({"record": False}, "it has no demo-1.0.dist-info/RECORD"),
        ({"files": {"a": "", "a/b": ""}}, "both a file and a folder"),
    ],
)
def test_bad_wheels_are_refused(
    options: dict[str, object], message: str, cache: Path, tmp_path: Path, target: PythonTarget
) -> None:
    with pytest.raises(DependencyError, match=message):
        installation_prefix([make_wheel(tmp_path, **options)], target)  # type: ignore[arg-type]
