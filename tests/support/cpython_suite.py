"""CPython's own tests in a linked binary: `build` makes it."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING

from castiron_common.progress import SilentReporter
from castiron_runtime import sources
from castiron_runtime.recipe import load_recipe
from castiron_runtime.source_archive import unpack
from castiron_trace.own.secrets import is_secret
from tests.support.linking import COMMANDS

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

MODULES = (
    *("_testimportmultiple", "_testmultiphase", "_testsinglephase", "_ctypes_test", "_testbuffer", "_testcapi"),
    *("_testclinic", "_testclinic_limited", "_testexternalinspection", "_testinternalcapi", "_testlimitedcapi"),
    *("_xxtestfuzz", "xxlimited", "xxlimited_35"),
)
"""Extension modules that tests load: built from CPython's sources as a project's, and absorbed."""

SETUP = """
import re
from setuptools import Extension, setup
rows = re.findall(r"^@MODULE_\\w+@(\\w+) (.*\\.c)$", open("Setup.stdlib.in").read(), re.MULTILINE)
setup(
    packages=[],
    ext_modules=[
        Extension(
            name,
            ["Modules/" + source for source in sources.split()],
            include_dirs=["internal", "Modules"],
        )
        for name, sources in rows
        if name in {modules!r}
    ],
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


def build(pack: Pack, folder: Path) -> Path:
    """Link a binary called python3.13 with the whole standard library and its tests; ``folder`` is empty.

    Of `MODULES`, those that the series has go in.  The tests lie in ``folder / "test"``, too.
    """
    recipe = load_recipe(f"cpython-{pack.feature}")
    with SilentReporter().task("source of CPython") as task:
        tree = unpack(sources.fetch(recipe, task=task).path, folder / "source")
    shutil.move(tree / "Lib" / "test", folder / "test")
    project = folder / "modules"
    project.mkdir()
    shutil.copytree(tree / "Modules", project / "Modules")
    shutil.copy(tree / "Modules" / "Setup.stdlib.in", project)
    listed = re.findall(r"^@MODULE_\w+@(\w+) ", (project / "Setup.stdlib.in").read_text(), re.MULTILINE)
    modules = tuple(name for name in MODULES if name in listed)
    shutil.copytree(pack.internal_include, project / "internal")
    (project / "setup.py").write_text(SETUP.replace("{modules!r}", repr(modules)))
    (project / "pyproject.toml").write_text(PROJECT)
    (project / "MANIFEST.in").write_text("global-include *.h *.c *.inc *.in\n")
    (folder / "suite.py").write_text(SCRIPT)
    (folder / "requirements.txt").write_text("./modules\n")
    arguments = ["--python", pack.feature, "--no-data-guess", "--include-data", "test"]
    # Private keys and a .netrc that tests use: such files go in by their own names only.
    for path in sorted((folder / "test").rglob("*")):
        if path.is_file() and is_secret(path):
            arguments += ["--include-data", str(path.relative_to(folder))]
    for name in [*included(pack), *modules]:
        arguments += ["--include", name]
    call([COMMANDS / "trace", "suite.py", "-r", "requirements.txt", "-o", "suite.manifest", *arguments], cwd=folder)
    options = ["--children", "all", "--obey-environment", "--no-report"]
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
