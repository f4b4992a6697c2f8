"""Names of modules in the application's configuration, and the files in which they are looked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from castiron_trace.analyser.configured_names import configured_names, listed_names
from castiron_trace.hints.model import Hints, OwnFiles
from tests.unit.trace.tracing import own

if TYPE_CHECKING:
    from tests.unit.trace.tracing import Tracer

VALUES = {
    "pyproject.toml": '[tool.x]\npackage_name = "flows"  # ours\n',
    "a list of TOML": 'plugins = [\n  "other",\n  "flows",\n]\n',
    "yaml": "package: flows\n",
    "a list of YAML": "steps:\n  - flows\n",
    "a short list of YAML": "steps: [other, flows]\n",
    "json": '{"a": {"package": "flows"}}',
    "ini": "[x]\npackage = flows\n",
    "lines of INI": "[x]\npackages =\n    other\n    flows\n",
    "properties": "package=flows\r\n",
    "xml": "<x><package> flows </package></x>",
}


@pytest.mark.parametrize("text", VALUES.values(), ids=VALUES)
def test_a_whole_value_is_a_word(text: str) -> None:
    assert "flows" in configured_names(text).words


@pytest.mark.parametrize(
    "text", ["title: many flows\n", "# flows\n", "url: http://flows/x\n", "flows: x\n", "file: flows.csv\n", "a = 3\n"]
)
def test_what_is_part_of_a_value_is_none(text: str) -> None:
    assert "flows" not in configured_names(text).words


def test_names_of_every_kind_once_and_in_order() -> None:
    names = configured_names("x: b.c\ny: a.b\nz: b.c\n'.inner.Part'\nrun: tasks:clean\n")
    assert names.dotted == ("b.c", "a.b", "inner.Part")
    assert (names.relative, names.objects) == (("inner.Part",), ("tasks",))


@pytest.mark.parametrize(
    ("text", "dotted", "words"),
    [
        ("# ours\nshop.parts\n  shop.other:Part  \n", ("shop.parts", "shop.other"), ()),
        (
            "name,class\nred,shop.red.Red\nblue, 'shop.blue.Blue' , 3\r\n",
            ("shop.red.Red", "shop.blue.Blue"),
            ("name", "class", "red", "blue"),
        ),
        ("red\tshop.red", ("shop.red",), ("red",)),
        ("- shop.parts\npart = shop.other\n", ("shop.parts", "shop.other"), ()),
        ("See shop.parts for more.\nshop.parts is here\n3.5\nhttp://shop.example/x.y\n", (), ()),
    ],
)
def test_names_that_a_text_lists(text: str, dotted: tuple[str, ...], words: tuple[str, ...]) -> None:
    names = listed_names(text)
    assert (names.dotted, names.words) == (dotted, words)


@pytest.mark.parametrize(
    ("place", "taken"), [("HERE / 'plugins.txt'", True), ("'plugins.txt'", True), ("'x.txt'", False)]
)
def test_a_list_that_the_code_names(tracer: Tracer, place: str, taken: bool) -> None:
    files = {"app.py": f"{HERE}open({place})", "plugins.txt": "flows.parts.one\n", **FLOWS}
    assert ("flows.parts.one" in own(tracer(files))) == taken


FLOWS = {"flows/__init__.py": "", "flows/parts/__init__.py": "", "flows/parts/one.py": "import colorsys"}
HERE = "from pathlib import Path\nHERE = Path(__file__).parent\n"
PLACES = {
    "in full": ("open('conf/x.yaml')", "conf/x.yaml"),
    "the end of its path": ("frame.load('x.yaml')", "deep/conf/x.yaml"),
    "computed": ("open(HERE / 'conf' / 'x.yaml')", "conf/x.yaml"),
    "computed in part": ("open(HERE / 'conf' / frame.stage / 'x.yaml')", "conf/test/x.yaml"),
    "one level above": ("open(HERE.parent / 'etc' / 'x.yaml')", "../etc/x.yaml"),
    "its folder": ("frame.start(HERE / 'conf')", "conf/deep/x.yaml"),
    "a pattern": ("HERE.glob(f'stage_{frame.stage}.yaml')", "stage_test.yaml"),
}


@pytest.mark.parametrize(("source", "place"), PLACES.values(), ids=PLACES)
def test_where_configuration_is_looked_for(tracer: Tracer, source: str, place: str) -> None:
    files = {"app.py": f"{HERE}import frame\n{source}", "frame.py": "", place: "package: flows\n", **FLOWS}
    reached = tracer(files)
    assert {"flows", "flows.parts.one"} <= own(reached)
    assert "colorsys" in reached.modules


def test_configuration_that_nothing_names(tracer: Tracer) -> None:
    files = {"app.py": "open('other.yaml')", "conf/x.yaml": "package: flows\n", **FLOWS}
    assert own(tracer(files)) == {"__main__"}


def test_configuration_that_a_framework_looks_for(tracer: Tracer) -> None:
    hint = OwnFiles(reason="", source="", module="frame", files=("settings.toml", "conf"))
    files = {"settings.toml": 'package_name = "flows"\n', "conf/a.yaml": "class: shelf.Shelf\n", "shelf.py": ""}
    reached = tracer({"app.py": "import frame", "frame.py": "", **files, **FLOWS}, hints=Hints(own_files=(hint,)))
    assert {"flows.parts.one", "shelf"} <= own(reached)
    assert own(tracer({"app.py": "", "frame.py": "", **files, **FLOWS}, hints=Hints(own_files=(hint,)))) == {"__main__"}


def test_configuration_that_another_file_names(tracer: Tracer) -> None:
    files = {"app.py": "open('a.toml')", "a.toml": 'more = "more/b.ini"\n', "more/b.ini": "[x]\npackage = flows\n"}
    assert "flows.parts.one" in own(tracer({**files, **FLOWS}))


def test_configuration_that_the_user_includes(tracer: Tracer) -> None:
    files = {"app.py": "", "etc/b.ini": "[x]\npackage = flows\n", **FLOWS}
    folder = tracer.folder / "app" / "etc"
    assert "flows.parts.one" in own(tracer(files, include_data=(folder,)))


def test_words_that_are_no_modules_of_the_program(tracer: Tracer) -> None:
    """The program itself, what tools of developers run, and modules of Python are named by other words."""
    text = "a: app\nb: tests\nc: setup\nd: conftest\ne: json\n"
    beside = {"tests/__init__.py": "", "setup.py": "", "conftest.py": "", "x.yaml": text}
    reached = tracer({"app.py": "open('x.yaml')", **beside})
    assert own(reached) == {"__main__"}
    assert "json" not in reached.modules
