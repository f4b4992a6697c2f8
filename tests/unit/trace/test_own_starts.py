"""What is computed from other places than a source's own: folders for ``sys.path``, and ``sys.argv[0]``."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from castiron_trace.analyser.syntax.own_starts import folders_for_modules, started_paths
from tests.unit.trace.making import write
from tests.unit.trace.test_own_files import data, traced
from tests.unit.trace.tracing import codes

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython
    from tests.unit.trace.tracing import Tracer

HEAD = "import os, site, sys\nfrom pathlib import Path\nHERE = os.path.dirname(os.path.abspath(__file__))\n"


@pytest.mark.parametrize(
    ("source", "folders"),
    [
        ("sys.path.insert(0, os.path.dirname(HERE))", [".."]),
        ("sys.path.append(str(Path(__file__).resolve().parent.parent))", [".."]),
        ("sys.path[:0] = [HERE + '/../lib', str(Path(__file__).parents[1])]", ["..", "../lib"]),
        ("sys.path = [os.path.join(HERE, '..')] + sys.path", [".."]),
        ("site.addsitedir(os.path.join(HERE, os.pardir))", [".."]),
        ("sys.path.append('..')\nsys.path.append(os.getcwd())\nsys.path.append(f'{HERE}/lib/{x}')", []),
        ("other.append(os.path.dirname(HERE))", []),
        ("this is no Python", []),
    ],
)
def test_folders_for_modules(source: str, folders: list[str]) -> None:
    assert folders_for_modules((HEAD + source).encode()) == folders


@pytest.mark.parametrize("levels", [1, 2])
def test_a_script_that_puts_the_project_on_the_path(levels: int, tmp_path: Path, python: TargetPython) -> None:
    """``bin/run.py``: the packages beside its folder go in with their data, also what configuration names."""
    script = f"import sys, json\nfrom pathlib import Path\nROOT = Path(__file__).resolve().parents[{levels}]\n"
    script += "sys.path.insert(0, str(ROOT))\nimport shop, runpy\nrunpy.run_path(str(ROOT / 'jobs/nightly.py'))\n"
    script += "json.loads((ROOT / 'conf' / 'x.json').read_text())\n"
    files = {
        f"{'bin/' * levels}run.py": script,
        "shop/__init__.py": "from pathlib import Path\nTEXT = (Path(__file__).parent / 'x.txt').read_text()\n",
        "shop/x.txt": "hello",
        "shop/parts.py": "import colorsys",
        "jobs/nightly.py": "",
        "conf/x.json": '{"part": "shop.parts"}' if levels == 1 else "{}",
    }
    outcome = traced(tmp_path, python, files, application=f"{'bin/' * levels}run.py")
    modules = {module.name for module in outcome.manifest.modules}
    assert "shop" in modules
    assert "shop/x.txt" in data(outcome)
    assert levels == 2 or {"shop.parts", "colorsys"} <= modules
    # One level above the script, which is where the script and whom it gives the folder to look for them.
    above = {path for path in data(outcome) if path.startswith("../")}
    assert above == ({"../shop/x.txt", "../conf/x.json", "../jobs/nightly.py"} if levels == 1 else set())


def test_the_home_folder_is_no_application(
    tmp_path: Path, python: TargetPython, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies around it neither."""
    monkeypatch.setenv("HOME", str(tmp_path / "app" / "ada"))
    script = HEAD + "sys.path.insert(0, os.path.dirname(HERE))\nsys.path.insert(0, HERE + '/../..')\nNAME = 'letters'\n"
    outcome = traced(tmp_path, python, {"ada/tools/x.py": script, "ada/letters.py": ""}, application="ada/tools/x.py")
    assert "letters" not in {module.name for module in outcome.manifest.modules}


STARTED = "import os, sys\nfrom pathlib import Path\nbase = os.path.dirname(os.path.realpath(sys.argv[0]))\n"


@pytest.mark.parametrize(
    ("source", "paths"),
    [
        ("open(os.path.join(base, 'x.ini'))", ["x.ini"]),
        ("(Path(sys.argv[0]).resolve().parent / 'conf' / f'{name}.ini').open()", ["conf", "conf/*.ini"]),
        ("from sys import argv\nopen(os.path.dirname(argv[0]) + '/x.ini')", ["x.ini"]),
        ("os.chdir(base)", ["."]),
        ("print(os.path.basename(sys.argv[0]), Path(sys.argv[0]).name, Path(sys.argv[1]).parent / 'x.ini')", []),
        ("sys.path.insert(0, base)", []),
        ("open(os.path.join(os.path.dirname(__file__), 'x.ini'))", []),
    ],
)
def test_paths_from_the_name_of_the_start(source: str, paths: list[str]) -> None:
    whole = STARTED + source
    assert [text for text, _line in started_paths(whole.encode(), ast.parse(whole))] == paths


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("open(os.path.join(base, 'x.ini'))", True),
        ("open(f'{base}/conf/{name}.ini')", True),
        ("os.chdir(base)", True),
        ("open(os.path.join(base, 'made-by-the-user.ini'))", False),
        ("open(os.path.join(os.path.dirname(__file__), 'x.ini'))", False),
    ],
)
def test_files_that_are_not_beside_the_executable_are_told(source: str, told: bool, tracer: Tracer) -> None:
    write(tracer.folder / "app", {"x.ini": "", "conf/a.ini": ""})
    assert codes(tracer({"app.py": f"{STARTED}name = 'a'\n{source}\n{source}"})) == ["beside-executable"] * told
