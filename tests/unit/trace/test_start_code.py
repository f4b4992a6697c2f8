"""``.pth`` files of distributions: which of them go in, what they bring, and the folders that they add to the path."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_trace.analyser.path_files import PathFile, read_path_file
from castiron_trace.distribution_contents import distribution_contents
from castiron_trace.hints.model import Alias, Hints
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Reached, Site
    from tests.unit.trace.tracing import Tracer

NAMESPACE = (
    "import sys, types, os;p = os.path.join(sys._getframe(1).f_locals['sitedir'], *('zope',));"
    "m = sys.modules.setdefault('zope', types.ModuleType('zope'));"
    "(p not in m.__dict__.setdefault('__path__', [])) and m.__path__.append(p)"
)


def path_files(reached: Reached, site: Site) -> set[str]:
    return {item.path for item in distribution_contents(site, reached, ()).resources if item.path.endswith(".pth")}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", PathFile(folders=(), code=())),
        ("# import os\n\n  \n", PathFile(folders=(), code=())),
        ("inner\ninner/\n./inner\nmissing\n..\n/usr\n.\n", PathFile(folders=("inner",), code=())),
        ("import os; os.x\nimport\tsys\nimported\n", PathFile(folders=(), code=("import os; os.x", "import\tsys"))),
        ("\ufeffinner\r\n", PathFile(folders=("inner",), code=())),
    ],
)
def test_lines_of_a_file(tmp_path: Path, text: str, expected: PathFile) -> None:
    write(tmp_path, {"site/inner/x.py": "", "site/x.pth": text})
    assert read_path_file(tmp_path / "site/x.pth") == expected


def test_a_file_that_is_no_text_adds_nothing(tmp_path: Path) -> None:
    write(tmp_path, {"x.pth": b"import os\n\xff\xfe"})
    assert read_path_file(tmp_path / "x.pth") == PathFile(folders=(), code=())


def test_code_that_only_makes_a_namespace_package_is_not_needed(tmp_path: Path) -> None:
    write(tmp_path, {"a-nspkg.pth": NAMESPACE, "b.pth": f"{NAMESPACE}\nimport os\n"})
    assert not read_path_file(tmp_path / "a-nspkg.pth").runs
    assert read_path_file(tmp_path / "b.pth").runs


def test_what_code_at_start_imports_goes_in_with_its_file(tracer: Tracer, tmp_path: Path) -> None:
    lines = (
        "import hooked; hooked.start()\nimport os; exec('from deep import inner')\nimport os; __import__('byname')\n"
    )
    files = {"start.pth": lines, "hooked.py": "import needed", "needed.py": "", "unused.py": "", "byname.py": ""}
    site = site_of(tmp_path, install(tmp_path, "start", {**files, "deep/__init__.py": "", "deep/inner.py": ""}))
    reached = tracer({"app.py": "import byname"}, site)
    assert {"hooked", "needed", "deep.inner", "byname", "site"} <= reached.modules.keys()
    assert "unused" not in reached.modules
    assert path_files(reached, site) == {"start.pth"}
    assert [(item.code, item.subject) for item in reached.findings if item.code == "start-code"] == [
        ("start-code", "start")
    ] * 3


def test_a_namespace_file_stays_out_and_brings_nothing(tracer: Tracer, tmp_path: Path) -> None:
    site = site_of(tmp_path, install(tmp_path, "zopes", {"z-nspkg.pth": NAMESPACE, "zope/one.py": ""}))
    reached = tracer({"app.py": "import zope.one"}, site)
    assert path_files(reached, site) == set()
    assert "site" not in reached.modules


def test_modules_in_folders_that_a_file_adds(tracer: Tracer, tmp_path: Path) -> None:
    files = {
        "src.pth": "place/src\n",
        "place/src/pkg/__init__.py": "",
        "place/src/pkg/leaf.py": "",
        "place/src/one.py": "",
    }
    site = site_of(tmp_path, install(tmp_path, "placed", files))
    reached = tracer({"app.py": "import pkg.leaf\nfrom one import x"}, site)
    assert {name: reached.modules[name].owner for name in ("pkg", "pkg.leaf", "one")} == dict.fromkeys(
        ("pkg", "pkg.leaf", "one"), "placed"
    )
    assert path_files(reached, site) == {"src.pth"}
    assert not reached.missing


@pytest.mark.parametrize(
    ("source", "taken"),
    [("import oldname.core", {"makes-name.pth"}), ("import holder.other", set())],
)
def test_a_file_that_makes_a_name_goes_in_if_that_is_imported(
    tracer: Tracer, tmp_path: Path, source: str, taken: set[str]
) -> None:
    files = {
        "makes-name.pth": "import os; __import__('_maker').add();",
        "_maker.py": "def spec(): import holder._real",
        "holder/__init__.py": "",
        "holder/other.py": "",
        "holder/_real/__init__.py": "",
        "holder/_real/core.py": "",
    }
    alias = Alias(
        module="oldname",
        stands_for="holder._real",
        distribution="holder",
        made_by="makes-name.pth",
        reason="A test.",
        source="None.",
    )
    site = site_of(tmp_path, install(tmp_path, "holder", files))
    reached = tracer({"app.py": source}, site, hints=Hints(aliases=(alias,)))
    assert path_files(reached, site) == taken
    assert ("_maker" in reached.modules) == bool(taken)
    assert ("holder._real.core" in reached.modules) == bool(taken)
