"""CPython's own tests, inside of a linked binary: what works under ``python`` works there.

The binary is called ``python3.13`` and linked with ``--as-python``, so the tests that start ``sys.executable`` start it
again.  ``docs/compatibility.md`` has the table of the whole suite; here is what fits into some minutes.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_runtime import sources
from castiron_runtime.archives import unpack
from castiron_runtime.recipe import load_recipe
from tests.integration.linking import COMMANDS

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network]

MODULES = ("_testimportmultiple", "_testmultiphase", "_testsinglephase")
"""Extension modules that tests of the import system load: built from CPython's sources as a project's, and absorbed."""

SETUP = f"""
from setuptools import Extension, setup
setup(
    packages=[],
    ext_modules=[Extension(name, [name + ".c"], include_dirs=["."]) for name in {MODULES!r}],
)
"""
PROJECT = """
[build-system]
requires = ["setuptools>=77"]
build-backend = "setuptools.build_meta"
[project]
name = "cpython-test-modules"
version = "1"
"""

SCRIPT = """
from test.libregrtest.main import main
main()
"""

SELECTION = (
    "test_builtin",
    "test_cmd_line_script",
    "test_fileio",
    "test_glob",
    "test_gzip",
    "test_httpservers",
    "test_import",
    "test_importlib",
    "test_inspect",
    "test_json",
    "test_linecache",
    "test_logging",
    "test_math",
    "test_multiprocessing_main_handling",
    "test_os",
    "test_pathlib",
    "test_pkgutil",
    "test_runpy",
    "test_shutil",
    "test_sqlite3",
    "test_subprocess",
    "test_tempfile",
    "test_threading",
    "test_urllib2_localnet",
    "test_zipimport",
    "test_zipimport_support",
    "test_zoneinfo",
)

DIFFERENT = (
    # Nothing but the import system itself is frozen.
    "*.test_importlib.frozen.*",
    # They compare the class of a loader itself; isinstance is answered as they expect.
    "*.SinglephaseInitTests.*",
    "*.SubinterpImportTests.*",
    # musl: pathconf never fails; fma rounds 0 upwards.
    "*.TestInvalidFD.test_fpathconf",
    "*.TestInvalidFD.test_pathconf_negative_fd_uses_fd_semantics",
    "*.FMATests.test_fma_zero_result",
    # They want _testcapi or _testinternalcapi, which are not here.
    "*.test_finalize_daemon_thread_hang",
    "*.CircularImportTests.test_singlephase_circular",
)
"""Patterns of tests that docs/compatibility.md explains."""


@pytest.fixture(scope="module")
def suite(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    """A binary called python3.13 with the whole standard library and its tests."""
    folder = tmp_path_factory.mktemp("suite")
    recipe = load_recipe(f"cpython-{pack.feature}")
    with SilentReporter().task("source of CPython") as task:
        tree = unpack(sources.fetch(recipe, task=task).path, folder / "source")
    shutil.move(tree / "Lib" / "test", folder / "test")
    project = folder / "modules"
    project.mkdir()
    for name in MODULES:
        shutil.copy(tree / "Modules" / f"{name}.c", project)
    shutil.copytree(tree / "Modules" / "clinic", project / "clinic")
    shutil.copytree(pack.internal_include, project, dirs_exist_ok=True)
    (project / "setup.py").write_text(SETUP)
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "MANIFEST.in").write_text("global-include *.h *.c\n")
    (folder / "suite.py").write_text(SCRIPT)
    (folder / "requirements.txt").write_text("./modules\n")
    arguments = ["--no-data-guess", "--include-data", "test"]
    for name in [*included(pack), *MODULES]:
        arguments += ["--include", name]
    call([COMMANDS / "trace", "suite.py", "-r", "requirements.txt", "-o", "suite.manifest", *arguments], cwd=folder)
    options = ["--as-python", "--obey-environment", "--no-report"]
    call([COMMANDS / "link", "suite.manifest", "-o", f"python{pack.feature}", *options], cwd=folder)
    return folder / f"python{pack.feature}"


def included(pack: Pack) -> list[str]:
    """Return every module of the standard library, packages as patterns."""
    left_out = {
        "__pycache__",
        "site-packages",
        "lib-dynload",
        "idlelib",
        "tkinter",
        "turtledemo",
        "turtle",
        "antigravity",
    }
    left_out |= {"antigravity", "_aix_support", "_android_support", "_apple_support", "_ios_support", "_osx_support"}
    found = [path for path in sorted(pack.stdlib.iterdir()) if path.stem not in left_out]
    names = [f"{path.name}.*" for path in found if path.is_dir()] + [
        path.stem for path in found if path.suffix == ".py"
    ]
    return [*names, *sorted(set(pack.extensions) - {"_curses", "_curses_panel", "readline"})]


def call(command: list[str | Path], *, cwd: Path) -> None:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-4000:]


def test_cpythons_tests_pass(suite: Path, plain_environment: dict[str, str]) -> None:
    # A short path: the tests make sockets in it, whose names have room for 107 bytes.
    with tempfile.TemporaryDirectory(prefix="cpy") as folder:
        ignored = Path(folder) / "different.txt"
        ignored.write_text("\n".join(DIFFERENT))
        options = ["-j2", "-W", "--timeout", "300", "--ignorefile", str(ignored)]
        done = subprocess.run(
            [suite, "-m", "test", *options, *SELECTION],
            cwd=folder,
            env=plain_environment | {"LANG": "C.UTF-8", "TMPDIR": folder},
            capture_output=True,
            text=True,
            check=False,
        )
    failed = [line for line in done.stdout.splitlines() if line.startswith(("FAIL:", "ERROR:", "Total test"))]
    assert done.returncode == 0, "\n".join(failed) + done.stdout[-2000:] + done.stderr[-2000:]
    assert "Result: SUCCESS" in done.stdout
