"""The own tests of importlib_resources and importlib_metadata, inside of a linked binary.

They are what CPython's importlib.resources and importlib.metadata are made from, and ask more of loaders, readers and
finders than the tests in CPython do (`test_cpython_suite`, which runs those).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
import uv

from castiron_common.progress import SilentReporter
from castiron_runtime import sources
from castiron_runtime.packs import interpreter
from castiron_runtime.recipe import load_recipe
from castiron_runtime.source_archive import unpack
from tests.support.linking import command, run
from tests.support.source_distributions import unpack_source

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network]

REQUIREMENTS = (
    *("importlib-resources==7.1.0", "importlib-metadata==10.2.0", "zipp==3.23.0", "jaraco.test==5.6.0"),
    *("packaging==25.0", "pyfakefs==5.10.2", "setuptools==80.9.0"),
)

SCRIPT = """
import importlib.abc  # the tests expect that somebody has
import json, sys, unittest

class Result(unittest.TextTestResult):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        self.passed = []

    def addSuccess(self, test):
        super().addSuccess(test)
        self.passed.append(test)

suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[2:])
result = unittest.TextTestRunner(resultclass=Result, verbosity=2).run(suite)
wrong = [test for test, _ in result.failures + result.errors]
names = lambda tests: sorted({(getattr(test, "test_case", None) or test).id() for test in tests})
with open(sys.argv[1], "w") as file:
    json.dump({"passed": names(result.passed), "failed": names(wrong)}, file)
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    modules: tuple[str, ...]
    least: int
    """Tests that pass."""
    different: Mapping[str, str]
    """Tests that fail, with the reason."""


SUITES = {
    "resources": Suite(
        modules=tuple(
            f"importlib_resources.tests.test_{name}"
            for name in (
                *("compatibilty_files", "contents", "custom", "files", "functional", "open", "path", "read", "reader"),
                *("resource", "util"),
            )
        ),
        least=200,
        different={},
    ),
    "metadata": Suite(
        modules=tuple(f"tests.test_{name}" for name in ("api", "integration", "main", "protocols", "zip")),
        least=100,
        different={},
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    binary: Path
    reference: list[str]
    """The command for the same under the target interpreter."""
    environment: Mapping[str, str]
    """For the latter."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Programs:
    folder = tmp_path_factory.mktemp("importlib")
    with SilentReporter().task("source of CPython") as task:
        tree = unpack(sources.fetch(load_recipe(f"cpython-{pack.feature}"), task=task).path, folder / "source")
    (folder / "test").mkdir()
    shutil.copy(tree / "Lib" / "test" / "__init__.py", folder / "test")
    shutil.copytree(tree / "Lib" / "test" / "support", folder / "test" / "support")
    own = unpack_source(REQUIREMENTS[1], pack.python_target, folder / "sdist")
    shutil.copytree(own / "tests", folder / "tests")
    (folder / "suite.py").write_text(SCRIPT)
    (folder / "requirements.txt").write_text("".join(f"{line}\n" for line in REQUIREMENTS))
    modules = [name for suite in SUITES.values() for name in suite.modules]
    wanted = ["--include", "tests.*", "--include-data", "tests", "--include", "test.*"]
    for name in modules:
        wanted += ["--include", name]
    traced = command("trace", "suite.py", "-r", "requirements.txt", *wanted, "-o", "suite.manifest", cwd=folder)
    assert traced.status == 0, traced.stderr
    linked = command("link", "suite.manifest", "-o", "suite", "--no-report", cwd=folder)
    assert linked.status == 0, linked.stderr
    site = folder / "site"
    install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--target", site, "--python-version", pack.feature]
    subprocess.run([*install, *REQUIREMENTS], check=True)
    python = interpreter(pack, full=True, reporter=SilentReporter())
    return Programs(
        binary=folder / "suite",
        reference=[str(python), str(folder / "suite.py")],
        environment={"PYTHONPATH": str(site)},
    )


@pytest.mark.parametrize("name", SUITES)
def test_suite(programs: Programs, name: str, tmp_path: Path, plain_environment: dict[str, str]) -> None:
    suite = SUITES[name]
    results = {}
    for who, start in (("binary", [str(programs.binary)]), ("reference", programs.reference)):
        report = tmp_path / f"{who}.json"
        environment = {**plain_environment, **(programs.environment if who == "reference" else {})}
        done = run([*start, report, *suite.modules], cwd=tmp_path, env=environment, timeout=600)
        assert report.is_file(), done.stderr[-3000:]
        results[who] = (json.loads(report.read_text()), done.stderr)
    binary, shown = results["binary"]
    reference, _ = results["reference"]
    wrong = set(binary["failed"]) - set(reference["failed"])
    assert wrong == set(suite.different), shown[-20000:]
    assert set(binary["passed"]) | wrong >= set(reference["passed"])
    assert len(binary["passed"]) >= suite.least
