"""Folders of the application that are put on the path, listed or run from: sources that no import statement finds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.unit.trace.making import install, site_of
from tests.unit.trace.test_own_files import STUB, data, traced
from tests.unit.trace.tracing import own

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import TargetPython
    from tests.unit.trace.tracing import Tracer

FINDERS = {
    "listed": "for p in (HERE / '{}').glob('*.py'): importlib.util.spec_from_file_location(p.stem, p)",
    "run": "runpy.run_path(str(HERE / '{}' / 'part.py'))",
}


@pytest.mark.parametrize("folder", ["profile", "v1.0", "json", "parts"])
@pytest.mark.parametrize("how", FINDERS)
def test_sources_in_a_folder_whose_name_leads_elsewhere(
    how: str, folder: str, tmp_path: Path, python: TargetPython
) -> None:
    """A module of Python is called as the folder is, or no name can lead there: they go in as files."""
    start = "import importlib.util, runpy\nfrom pathlib import Path\nHERE = Path(__file__).parent\n"
    files = {
        "app.py": start + FINDERS[how].format(folder),
        f"{folder}/part.py": "import beside, colorsys\nfrom shop import prices",
        f"{folder}/beside.py": "import wave",
        "shop/__init__.py": "",
        "shop/prices.py": "",
    }
    outcome = traced(tmp_path, python, files)
    modules = {module.name for module in outcome.manifest.modules}
    assert {"colorsys", "wave", "shop.prices"} <= modules
    assert (f"{folder}.part" in modules) == (folder == "parts")
    assert (f"{folder}/part.py" in data(outcome)) == (folder != "parts")


LOOP = """
import importlib.util, os, shop
FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "{}")
for name in os.listdir(FOLDER):
    spec = importlib.util.spec_from_file_location(name[:-3], os.path.join(FOLDER, name))
    spec.loader.exec_module(importlib.util.module_from_spec(spec))
"""


@pytest.mark.parametrize(("folder", "severity"), [("parts.d", "info"), ("parts", "info"), ("texts", "warning")])
def test_sources_of_a_folder_loaded_in_a_loop(folder: str, severity: str, tmp_path: Path, python: TargetPython) -> None:
    """All of them go in, which is no reason for a warning; of a folder without any it is one. Whoever comes second."""
    source = LOOP.format(folder)
    files = {
        "app.py": source,
        "shop.py": source.replace(", shop", ""),
        "parts.d/10-first.py": "import wave",
        "parts/second.py": "import wave",
        "texts/note.txt": "",
    }
    outcome = traced(tmp_path, python, files)
    found = {item.subject: item for item in outcome.manifest.findings if item.code == "computed-import"}
    assert {place: item.severity for place, item in found.items()} == {"app.py:5": severity, "shop.py:5": severity}
    if severity == "info":
        assert found["app.py:5"].message == f"spec_from_file_location: all sources in {folder} go in."
        assert "wave" in {module.name for module in outcome.manifest.modules}


SKELETON = {
    "skeleton/README.md": "",
    "skeleton/setup.py": "import wave",
    "skeleton/{{ name }}/__init__.py": "",
    "skeleton/{{ name }}/{{ name }}.py": "NAME = {{ name }}\n{% if x %}",
    "skeleton/hooks/after.py": "import colorsys, beside\nprint('{{ name }}')",
    "skeleton/.venv/lib/x.py": "",
    "skeleton/hooks/__pycache__/after.cpython-313.pyc": "",
}


@pytest.mark.parametrize("how", ["shutil.copytree(SKELETON, 'new')", "runpy.run_path(str(SKELETON / 'setup.py'))"])
def test_sources_of_a_folder_that_the_code_names(how: str, tmp_path: Path, python: TargetPython) -> None:
    """Whoever names a folder may copy it: a skeleton of a project has sources, which need not even be Python.

    Where sources are run, those further down may be, too: what they import goes in.
    """
    source = "import runpy, shutil\nfrom pathlib import Path\nSKELETON = Path(__file__).parent / 'skeleton'\n" + how
    outcome = traced(tmp_path, python, {"app.py": source, "beside.py": "", **SKELETON})
    modules = {module.name for module in outcome.manifest.modules}
    wanted = {name for name in SKELETON if ".venv" not in name and "__pycache__" not in name}
    assert wanted - data(outcome) == (set() if "copytree" in how else {"skeleton/setup.py"})
    assert not [name for name in data(outcome) if ".venv" in name or "__pycache__" in name]
    runs = {"wave", "colorsys", "beside", "skeleton.setup"}
    assert modules & runs == (set() if "copytree" in how else runs)
    assert not [item for item in outcome.manifest.findings if item.subject.startswith("skeleton")]


@pytest.mark.parametrize("folder", ["code", "html", "v1.0", "parts"])
def test_a_folder_on_the_path_whose_name_leads_elsewhere(folder: str, tmp_path: Path, python: TargetPython) -> None:
    source = f"import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), '{folder}'))\nimport inner"
    files = {"app.py": source, f"{folder}/inner.py": "import wave", f"{folder}/unused.py": ""}
    manifest = traced(tmp_path, python, files).manifest
    modules = {module.name for module in manifest.modules}
    assert "wave" in modules
    assert ("inner" in modules) == (folder != "parts")
    assert ("parts.inner" in modules) == (folder == "parts")


def test_path_files_of_an_added_folder(tmp_path: Path, python: TargetPython) -> None:
    """`site.addsitedir` reads them: they name further folders, and have code."""
    source = "import site\nfrom pathlib import Path\nsite.addsitedir(Path(__file__).parent / 'libs')\nimport named"
    files = {
        "app.py": source,
        "libs/more.pth": "deeper\nimport colorsys; colorsys.started = True\n# nothing\n",
        "libs/deeper/named.py": "import wave",
    }
    outcome = traced(tmp_path, python, files)
    assert {"libs.deeper.named", "wave", "colorsys"} <= {module.name for module in outcome.manifest.modules}
    assert "libs/more.pth" in data(outcome)


def test_modules_of_an_added_folder_import_each_other(tmp_path: Path, python: TargetPython) -> None:
    """Whoever has added it: a copy of a library imports the copy of another one."""
    source = (
        "import sys\nfrom pathlib import Path\nsys.path.insert(0, str(Path(__file__).parent / 'vendor'))\nimport one"
    )
    files = {
        "app.py": source,
        "vendor/one/__init__.py": "from one.deep import use",
        "vendor/one/deep/__init__.py": "",
        "vendor/one/deep/use.py": "import two",
        "vendor/two.py": "import wave",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {"vendor.one.deep.use", "vendor.two", "wave"} <= modules


def test_a_folder_on_the_path_whose_name_is_computed(tmp_path: Path, python: TargetPython) -> None:
    source = "import os, sys\nhere = os.path.dirname(__file__)\n"
    source += "sys.path.append(os.path.join(here, 'lib', 'py%d' % sys.version_info[0]))\nimport versioned"
    files = {"app.py": source, "lib/py3/versioned.py": "import wave"}
    assert "wave" in {module.name for module in traced(tmp_path, python, files).manifest.modules}


def test_a_package_that_several_added_folders_have(tmp_path: Path, python: TargetPython) -> None:
    extends = "from pkgutil import extend_path\n__path__ = extend_path(__path__, __name__)"
    source = "import sys\nfrom pathlib import Path\nHERE = Path(__file__).parent\n"
    source += "sys.path[:0] = [str(HERE / 'lib' / 'a'), str(HERE / 'lib' / 'b')]\nimport shared.one, shared.two, free.x"
    files = {
        "app.py": source,
        "lib/a/shared/__init__.py": extends,
        "lib/a/shared/one.py": "",
        "lib/b/shared/__init__.py": extends,
        "lib/b/shared/two.py": "import wave",
        "lib/b/free/x.py": "",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {"shared.one", "shared.two", "wave", "free.x"} <= modules


@pytest.mark.parametrize("source", ["import tool.part", "import tool", "from tool import run"])
def test_a_module_of_the_name_of_its_folder_which_is_put_on_the_path(
    tmp_path: Path, python: TargetPython, source: str
) -> None:
    """``tool`` may be the folder, as it has no ``__init__.py``, or the module in it: both go in."""
    start = "import os, sys\nsys.path.append(os.path.join(os.path.dirname(__file__), 'tool'))\n"
    files = {"app.py": start + source, "tool/tool.py": "import wave\ndef run(): ...", "tool/part.py": ""}
    result = traced(tmp_path, python, files)
    assert {"tool", "tool.tool", "wave"} <= {module.name for module in result.manifest.modules}
    assert [item.code for item in result.manifest.findings if item.severity != "info"] == []


def test_plugins_in_a_folder_of_the_name_of_a_package_that_looks_everywhere(tmp_path: Path, tracer: Tracer) -> None:
    """``twisted/plugins/*.py`` beside the application."""
    path = "from host.find import places\n__path__.extend(places(__name__))\n"
    host = {"host/__init__.py": "", "host/find.py": "", "host/plugins/__init__.py": path, "host/plugins/a.py": ""}
    site = site_of(tmp_path, install(tmp_path, "host", host))
    files = {
        "app.py": "import host.plugins",
        "host/plugins/mine.py": "import beside",
        "host/plugins/tests/__init__.py": "",
        "host/other/far.py": "",
        "beside.py": "",
    }
    reached = tracer(files, site)
    assert own(reached) == {"__main__", "host.plugins.mine", "beside"}
    assert "mine of the application go in" in "".join(finding.message for finding in reached.findings)


ADDED = "import sys\nfrom pathlib import Path\nsys.path.append(str(Path(__file__).parent / 'lib'))\n"


def test_a_package_beside_the_script_that_an_added_folder_has_more_of(tmp_path: Path, python: TargetPython) -> None:
    """It extends its path, and so does one below it."""
    extends = "__path__ = __import__('pkgutil').extend_path(__path__, __name__)"
    files = {
        "app.py": ADDED + "import old.style.left, old.style.right",
        "old/__init__.py": extends,
        "old/style/__init__.py": extends,
        "old/style/left.py": "",
        "lib/old/__init__.py": extends,
        "lib/old/style/__init__.py": extends,
        "lib/old/style/right.py": "import wave",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {"old.style.left", "old.style.right", "wave"} <= modules


def test_a_namespace_package_beside_the_script_and_in_an_added_folder(tmp_path: Path, python: TargetPython) -> None:
    """Also what a loop over its path finds."""
    found = "for item in pkgutil.walk_packages(acme.__path__, 'acme.'):\n    __import__(item.name)"
    files = {
        "app.py": f"{ADDED}import pkgutil\nimport acme\nimport acme.core\n{found}",
        "acme/core.py": "",
        "lib/acme/mail/__init__.py": "",
        "lib/acme/mail/server.py": "import wave",
    }
    outcome = traced(tmp_path, python, files)
    assert {"acme.core", "acme.mail.server", "wave"} <= {module.name for module in outcome.manifest.modules}
    assert not [finding for finding in outcome.manifest.findings if finding.severity == "warning"]


def test_path_files_name_folders_elsewhere_in_the_application(tmp_path: Path, python: TargetPython) -> None:
    files = {
        "app.py": "import os, site\nsite.addsitedir(os.path.join(os.path.dirname(__file__), 'libs'))\nimport named",
        "libs/more.pth": "../vendor\n../..\n",
        "vendor/named.py": "import wave",
    }
    assert {"vendor.named", "wave"} <= {module.name for module in traced(tmp_path, python, files).manifest.modules}


@pytest.mark.parametrize("runner", ["doctest", "textwrap"])
def test_examples_in_documents_and_docstrings(runner: str, tmp_path: Path, python: TargetPython) -> None:
    """They are run, and import, only with `doctest`."""
    files = {
        "app.py": f"import {runner}, shop\nGUIDE = 'guide/first.rst'",
        "shop.py": 'def f():\n    """\n    >>> from helpers.inner import x\n    >>> import absent\n    """',
        "guide/first.rst": "Title\n=====\n\n>>> import beside\n>>> if beside:\n...     import wave\n\nimport other\n",
        "helpers/__init__.py": "",
        "helpers/inner.py": "",
        "beside.py": "",
        "other.py": "",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    examples = {"helpers.inner", "beside", "wave"}
    assert modules & {*examples, "other", "absent"} == (examples if runner == "doctest" else set())


ANCHORS = {
    "its name": "from importlib.resources import files\nFOLDER = files('shop') / 'skeleton'",
    "the package": "import importlib.resources, shop\nFOLDER = importlib.resources.files(shop).joinpath('skeleton')",
    "a package by a relative import": "from importlib import resources\nfrom .. import tools\n"
    "FOLDER = resources.files(tools) / '..' / 'skeleton'",
    "the backport": "from importlib_resources import as_file, files\nwith as_file(files('shop')) as here:\n"
    "    FOLDER = here / 'skeleton'",
    "the package around": "from importlib.resources import files\nFOLDER = files(__spec__.parent) / '..' / 'skeleton'",
    "a distribution's": "from importlib.resources import files\nFOLDER = files('other') / 'skeleton'",
}


@pytest.mark.parametrize("anchor", ANCHORS)
def test_a_folder_of_a_package_goes_in_with_its_sources(anchor: str, tmp_path: Path, python: TargetPython) -> None:
    """As one that is computed from ``__file__`` does."""
    files = {
        "app.py": "import shop.tools.make",
        "shop/__init__.py": "",
        "shop/tools/__init__.py": "",
        "shop/tools/make.py": ANCHORS[anchor] + "\nfor path in FOLDER.iterdir(): print(path.read_text())\n",
        "shop/skeleton/main.py": "import wave\n",
        "shop/skeleton/README.md": "",
        "shop/other/main.py": "",
    }
    if anchor == "the backport":
        files["importlib_resources.py"] = ""
    taken = data(traced(tmp_path, python, files))
    assert "shop/skeleton/README.md" in taken  # data of a package do
    assert ("shop/skeleton/main.py" in taken) == (anchor != "a distribution's")
    assert "shop/other/main.py" not in taken


def test_sources_whose_names_have_dots_bring_what_they_import(tmp_path: Path, python: TargetPython) -> None:
    """Rules and scripts that a program compiles itself: ``for path in RULES.glob("*.rule.py"): exec(...)``."""
    files = {
        "app.py": "from pathlib import Path\nimport runpy\nRULES = Path(__file__).parent / 'rules'\n"
        "for path in RULES.glob('*.rule.py'): runpy.run_path(path)",
        "rules/adult.rule.py": "import colorsys\nfrom shop import ages",
        "shop/__init__.py": "",
        "shop/ages.py": "",
    }
    outcome = traced(tmp_path, python, files)
    assert {"colorsys", "shop.ages"} <= {module.name for module in outcome.manifest.modules}
    assert "rules/adult.rule.py" in data(outcome)


@pytest.mark.parametrize(
    ("pattern", "taken"),
    [
        ("'parts/*_i18n.py'", {"conf.parts.own_i18n"}),
        ("'parts/*.py'", {"conf.parts.base", "conf.parts.own_i18n"}),
        ("'*_extra.py'", {"conf.one_extra"}),
        ("f'parts/{name}.py'", {"conf.parts.base", "conf.parts.own_i18n"}),
        ("'conf/[a-p]*/ba?e.py'", {"conf.parts.base"}),
        ("'*.py'", set()),
        ("'*/*.py'", set()),
        ("f'{name}.py'", set()),
        ("'/etc/*_extra.py'", set()),
        ("'write parts/*.py, please'", set()),
    ],
)
def test_patterns_that_name_sources_of_the_application(
    pattern: str, taken: set[str], tmp_path: Path, python: TargetPython
) -> None:
    """``include("parts/*.py")``: a function of a library executes them; what they import goes in, tests stay out."""
    files = {
        "app.py": "import conf",
        "conf/__init__.py": f"from library import include\nname = input()\ninclude({pattern})",
        "conf/one_extra.py": "",
        "conf/parts/base.py": "import colorsys",
        "conf/parts/own_i18n.py": "import nowhere_at_all",
        "conf/parts/test_base.py": "",
        "library.py": "def include(text): ...",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {name for name in modules if name.startswith("conf.")} - {"conf.parts"} == taken
    assert ("colorsys" in modules) == ("conf.parts.base" in taken)


def test_sources_that_are_run_by_path_bring_their_imports(tmp_path: Path, python: TargetPython) -> None:
    files = {
        **STUB,
        "app.py": "import runpy, streamlit\nrunpy.run_path('jobs/nightly.py')",
        "jobs/nightly.py": "if __name__ == '__main__':\n    import wave",
        "pages/2_More.py": "import chunky",
        "pages/deeper/one.py": "",
        "chunky.py": "",
    }
    modules = {module.name for module in traced(tmp_path, python, files).manifest.modules}
    assert {"jobs.nightly", "wave", "pages.2_More", "chunky"} <= modules
    assert "pages.deeper.one" not in modules
    files["app.py"] = files["app.py"].replace("streamlit", "dash")
    modules = {module.name for module in traced(tmp_path / "dash", python, files).manifest.modules}
    assert {"pages.2_More", "chunky", "pages.deeper.one"} <= modules


def test_the_application_that_a_frameworks_command_imports_goes_in(tmp_path: Path, python: TargetPython) -> None:
    files = {**STUB, "start.py": "import flask", "wsgi.py": "import chunky", "chunky.py": "", "other.py": ""}
    modules = {module.name for module in traced(tmp_path, python, files, application="start.py").manifest.modules}
    assert {"wsgi", "chunky"} <= modules
    assert "other" not in modules
