"""Distributions from a real index, from sdists and from local projects, run in the target's interpreter."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
import zipfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import DependencyError
from castiron_common.progress import SilentReporter
from castiron_runtime.shared_objects import library_version
from castiron_wheels import built_wheels
from castiron_wheels.fetch import fetch
from castiron_wheels.install import installation_prefix, site_packages
from castiron_wheels.installed import from_installed
from castiron_wheels.requirements import from_lines
from castiron_wheels.resolve import resolve
from castiron_wheels.tags import with_wheels
from castiron_wheels.uv_client import uv_program
from tests.support import needs
from tests.support.targets import TARGET as DEFAULT
from tests.support.targets import target_for

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack
    from castiron_wheels.model import Environment, Requirements

pytestmark = [pytest.mark.integration, pytest.mark.network]

TARGET = replace(target_for(), target=with_wheels(DEFAULT, DEFAULT.libc.name))
"""With wheels for its own C library alone, as the target's interpreter loads no others."""


def solve(*lines: str, folder: Path | None = None) -> Environment:
    return resolve(from_lines(lines, TARGET, origin="test", folder=folder), TARGET, reporter=SilentReporter())


def run(pack: Pack, environment: Environment, code: str) -> str:
    """Run code in the target's interpreter with the environment's site folder; return its output."""
    from castiron_runtime.packs import interpreter

    python = interpreter(pack, full=True, reporter=SilentReporter())
    folder = site_packages(installation_prefix(environment.wheels, TARGET), TARGET)
    done = subprocess.run(
        [python, "-B", "-c", code],
        env={"PYTHONPATH": str(folder), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("lines", "code", "output"),
    [
        (
            ["requests"],
            "import requests; print(requests.Request('GET', 'http://h/', params={'a': 1}).prepare().url)",
            "http://h/?a=1\n",
        ),
        (
            ["pandas"],
            "import pandas, io; print(pandas.read_csv(io.StringIO('a,b\\n1,2\\n1,4')).groupby('a').b.sum().to_dict())",
            "{1: 6}\n",
        ),
        (
            ["pydantic"],
            "import pydantic; M = pydantic.create_model('M', x=(int, 1)); print(M.model_validate_json('{\"x\": 5}'))",
            "x=5\n",
        ),
        (["lxml"], "from lxml import etree; print(etree.fromstring('<a><b/></a>').xpath('count(//b)'))", "1.0\n"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_wheels_of_an_index(lines: list[str], code: str, output: str, pack: Pack) -> None:
    environment = solve(*lines)
    assert not any(item.wheel.embedded for item in environment.distributions)
    assert run(pack, environment, code) == output


def processor_seconds() -> float:
    """Return what this process and its children have used: nothing else that the machine does counts."""
    return sum(os.times()[:4])


def test_ten_cached_distributions_are_fast() -> None:
    first = solve("requests", "pydantic", "rich", "pyyaml")
    pins = [f"{item.name}=={item.version}" for item in first.distributions]
    assert len(pins) >= 10
    installation_prefix(solve(*pins).wheels, TARGET)
    best = float("inf")
    for _ in range(3):
        start = processor_seconds()
        found = solve(*pins)
        installation_prefix(found.wheels, TARGET)
        best = min(best, processor_seconds() - start)
    assert best < 0.5
    assert found.wheels == first.wheels


def test_another_machine_gets_the_same_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (item,) = solve("markupsafe").distributions
    monkeypatch.setenv("CASTIRON_CACHE", str(tmp_path / "cache"))
    path = fetch(item.name, item.version, item.wheel, TARGET, reporter=SilentReporter())
    assert path != item.path
    assert path.read_bytes() == item.path.read_bytes()
    assert "musllinux" in path.name


def test_extension_module_from_its_sdist(pack: Pack) -> None:
    environment = solve("lz4==4.4.5")
    (item,) = environment.distributions
    assert item.wheel.embedded
    assert [finding.code for finding in environment.findings] == ["built-from-sdist"]
    code = "import lz4.frame as f; d = f.compress(b'x' * 10**6); print(len(d) < 10**4, f.decompress(d) == b'x' * 10**6)"
    assert run(pack, environment, code) == "True True\n"


_SETUP = """
import os, subprocess
from setuptools import Extension, setup
words = subprocess.check_output([os.environ["PKG_CONFIG"], "--cflags", "--libs", "zlib"], text=True).split()
setup(ext_modules=[Extension("checks", ["checks.c"], extra_link_args=words, libraries=["bz2"])])
"""
_CHECKS = """
#include <Python.h>
#include <bzlib.h>
#include <zlib.h>
static PyObject *versions(PyObject *module, PyObject *none)
{
    return Py_BuildValue("ss", zlibVersion(), BZ2_bzlibVersion());
}
static PyMethodDef methods[] = {{"versions", versions, METH_NOARGS, ""}, {0}};
static PyModuleDef definition = {PyModuleDef_HEAD_INIT, "checks", "", -1, methods};
PyMODINIT_FUNC PyInit_checks(void) { return PyModule_Create(&definition); }
"""


def test_a_build_gets_the_packs_libraries_that_it_asks_for(tmp_path: Path, pack: Pack) -> None:
    project = tmp_path / "project"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\n[project]\nname = 'checks'\nversion = '1'\n"
    )
    (project / "setup.py").write_text(_SETUP)
    (project / "checks.c").write_text(_CHECKS)
    environment = solve("./project", folder=tmp_path)
    zlib, bzip2 = (library_version(name, TARGET.target) for name in ("zlib", "bzip2"))
    first, second = run(pack, environment, "import checks; print(*checks.versions(), sep='\\n')").splitlines()
    assert first == zlib
    assert second.startswith(bzip2)
    (item,) = environment.distributions
    with zipfile.ZipFile(item.path) as wheel:
        bill = json.loads(wheel.read("checks-1.dist-info/sboms/castiron-toolchain.cdx.json"))
    assert [(part["name"], part["version"]) for part in bill["components"]] == [("bzip2", bzip2), ("zlib", zlib)]


def test_pure_python_result_of_an_sdist(pack: Pack) -> None:
    environment = solve("docopt==0.6.2")
    (item,) = environment.distributions
    assert (item.wheel.filename, item.wheel.embedded) == ("docopt-0.6.2-py2.py3-none-any.whl", True)
    assert run(pack, environment, "import docopt; print(docopt.__version__)") == "0.6.2\n"


def test_pure_python_in_a_wheel_for_another_c_library(pack: Pack) -> None:
    environment = solve("watchdog==7.1.0")
    (item,) = environment.distributions
    assert item.wheel.filename == "watchdog-7.1.0-py3-none-manylinux2014_x86_64.whl"
    assert "portable-wheel" in [finding.code for finding in environment.findings]
    code = "import watchdog.observers; print(watchdog.observers.Observer.__name__)"
    assert run(pack, environment, code) == "InotifyObserver\n"


@needs.need("CASTIRON_SLOW_TESTS", "CASTIRON_SLOW_TESTS" in os.environ)
def test_scikit_learn_from_its_sdist(pack: Pack) -> None:
    environment = solve("scikit-learn")
    assert environment.get("scikit-learn").wheel.embedded  # type: ignore[union-attr]
    code = (
        "from sklearn.datasets import make_blobs; from sklearn.ensemble import RandomForestClassifier as F\n"
        "x, y = make_blobs(300, centers=3, random_state=1); print(F(random_state=0).fit(x, y).score(x, y))"
    )
    assert run(pack, environment, code) == "1.0\n"


def test_failing_build_says_what_to_do(tmp_path: Path) -> None:
    project = tmp_path / "broken"
    project.mkdir()
    (project / "pyproject.toml").write_text(
        "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
        "[project]\nname = 'broken'\nversion = '1'\n"
    )
    (project / "broken.c").write_text("this is not C\n")
    (project / "setup.py").write_text(
        "from setuptools import Extension, setup\nsetup(ext_modules=[Extension('broken', ['broken.c'])])\n"
    )
    with pytest.raises(DependencyError, match=r"broken(.|\n)*error(.|\n)*") as caught:
        solve("./broken", folder=tmp_path)
    assert "logs/broken.log" in caught.value.what
    assert "pin a version" in caught.value.hint


PROJECTS = {
    "flat": ("flit_core>=3.11", "flit_core.buildapi", {"spread/flat/__init__.py": "name = 'flat'\n"}, "spread.flat"),
    "mapped": ("setuptools>=77", "setuptools.build_meta", {"code/x/__init__.py": "name = 'mapped'\n"}, "spread.mapped"),
}


def project(folder: Path, name: str) -> Path:
    requires, backend, files, module = PROJECTS[name]
    text = f"[build-system]\nrequires = ['{requires}']\nbuild-backend = '{backend}'\n"
    text += f"[project]\nname = '{name}'\nversion = '1'\ndescription = 'x'\n"
    if name == "flat":
        text += f"[tool.flit.module]\nname = '{module}'\n"
    else:
        text += f"[tool.setuptools]\npackages = ['{module}']\n[tool.setuptools.package-dir]\n'{module}' = 'code/x'\n"
    for path, content in {**files, "pyproject.toml": text}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)
    return folder


@pytest.fixture(scope="module")
def beside(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A virtual environment of the host's Python with wheels for the host and editable projects of two kinds."""
    folder = tmp_path_factory.mktemp("beside")
    uv = uv_program()
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(folder / "venv")], check=True)
    projects = [project(folder / name, name) for name in PROJECTS]
    install = [uv, "pip", "install", "--quiet", "--python", str(folder / "venv" / "bin" / "python")]
    editable = [word for path in projects for word in ("-e", str(path))]
    subprocess.run([*install, "markupsafe", "jinja2", *editable], check=True)
    return folder / "venv"


def installed(beside: Path) -> Requirements:
    return from_installed(beside / "bin" / "python", TARGET)


def test_installed_wheels_map_to_the_targets(beside: Path, pack: Pack) -> None:
    native = list(beside.glob("lib/python*/site-packages/markupsafe/*.so"))
    assert native
    assert "musl" not in native[0].name
    environment = resolve(installed(beside), TARGET, reporter=SilentReporter())
    files = {item.name: item.wheel.filename for item in environment.distributions}
    assert set(files) == {"markupsafe", "jinja2", "flat", "mapped"}
    assert "cp313-cp313-musllinux" in files["markupsafe"]
    code = "import markupsafe._speedups, jinja2; print(jinja2.Template('{{ x }}').render(x='<'))"
    assert run(pack, environment, code) == "<\n"


def test_editable_projects_become_wheels(beside: Path, pack: Pack) -> None:
    environment = resolve(installed(beside), TARGET, reporter=SilentReporter())
    assert {item.name for item in environment.distributions if item.wheel.embedded} == {"flat", "mapped"}
    code = "import spread.flat, spread.mapped; print(spread.flat.name, spread.mapped.name)"
    assert run(pack, environment, code) == "flat mapped\n"


def test_extension_of_a_local_project_is_reproducible(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pack: Pack
) -> None:
    source = '#include <Python.h>\nstatic PyModuleDef d = {PyModuleDef_HEAD_INIT, "fast", __FILE__ " " __DATE__};\n'
    source += "PyMODINIT_FUNC PyInit_fast(void) { return PyModule_Create(&d); }\n"
    hashes = set()
    for place in ("a", "another"):
        folder = tmp_path / place / "fast"
        folder.mkdir(parents=True)
        (folder / "fast.c").write_text(source)
        (folder / "pyproject.toml").write_text(
            "[build-system]\nrequires = ['setuptools']\nbuild-backend = 'setuptools.build_meta'\n"
            "[project]\nname = 'fast'\nversion = '1'\n"
            "[[tool.setuptools.ext-modules]]\nname = 'fast'\nsources = ['fast.c']\n"
        )
        # So that no earlier build is taken.
        monkeypatch.setattr(built_wheels, "build_key", lambda *_: f"test {uuid.uuid4()}")
        environment = solve("./fast", folder=folder.parent)
        hashes.add(environment.distributions[0].wheel.sha256)
        assert run(pack, environment, "import fast; print(fast.__doc__)") == "fast.c Jan  1 1980\n"
    assert len(hashes) == 1
