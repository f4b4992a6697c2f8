"""Packages of the application that a function gets: all that is in them goes in."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from castiron_trace.analyser.syntax.given_modules import given_modules
from castiron_trace.hints.reader import shipped_hints
from tests.unit.trace.test_own_files import traced

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("import shop\nscan(shop)", ["shop"]),
        ("import shop.views\nx.scan(only=[1, (shop.views,)])", ["shop.views"]),
        ("import shop.views as v\nscan(*[v])", ["shop.views"]),
        ("from shop import views\nscan(views)", ["shop.views"]),
        ("from . import views\nscan(views)", [".views"]),
        ("from ..shop import views\nscan(views)", ["..shop.views"]),
        ("import shop\nprint(shop)\ngetattr(shop, 'x')\nfiles(shop)\nscan(other)\nscan(shop())", []),
    ],
)
def test_modules_that_functions_get(source: str, names: list[str]) -> None:
    assert [text for text, _line in given_modules(ast.parse(source))] == names


@pytest.mark.parametrize(
    ("call", "names"),
    [
        ("config.scan()", ["."]),
        ("config.scan(package=None)", ["."]),
        ("config.scan('.')", ["."]),
        ("config.scan(ignore='x')", ["."]),
        ("config.scan('.views')\nconfig.scan(views)\nother.scan()\nscan()\nconfig.commit()", []),
    ],
)
def test_functions_that_take_the_package_of_their_caller(call: str, names: list[str]) -> None:
    hints = shipped_hints().sources.caller_package_functions
    assert [text for text, _line in given_modules(ast.parse(call), hints)] == names


def test_a_package_that_is_scanned_by_its_own_module(tmp_path: Path, python: TargetPython) -> None:
    files = {
        "app.py": "import shop.inner",
        "shop/__init__.py": "",
        "shop/inner/__init__.py": "def main(config): config.scan()",
        "shop/inner/deep/__init__.py": "",
        "shop/inner/deep/views.py": "import colorsys",
        "shop/outer.py": "",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {"shop.inner.deep.views", "colorsys"} <= modules
    assert "shop.outer" not in modules


@pytest.mark.parametrize(
    ("how", "taken"),
    [
        ("from shop import parts\nscan(parts)", {"shop.parts.cup"}),
        ("from . import parts\nscan(parts)", {"shop.parts.cup"}),
        ("import shop.parts\nscan(shop.parts.NAME)", set()),
        ("from shop.parts import NAME\nscan(NAME)", set()),
        ("include('.routes')", {"shop.routes", "shop.parts.cup"}),
        ("include('..shop.routes:main')", set()),
        ("include('.parts')", {"shop.parts.cup"}),
        ("include('.nowhere')", set()),
        ("include('...routes')", set()),
        ("include('.py')", set()),
    ],
)
def test_what_own_modules_give_to_functions(how: str, taken: set[str], tmp_path: Path, python: TargetPython) -> None:
    """A name of a module brings its package, as a string without dots before it does."""
    files = {
        "app.py": "import shop.start",
        "shop/__init__.py": "",
        "shop/start.py": f"from library import include, scan\n{how}",
        "shop/routes.py": "",
        "shop/parts/__init__.py": "NAME = 1",
        "shop/parts/cup.py": "",
        "shop/parts/tests/test_cup.py": "",
        "library.py": "def include(text): ...\ndef scan(what): ...",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {name for name in modules if name.startswith("shop.")} - {"shop.start", "shop.parts"} == taken
