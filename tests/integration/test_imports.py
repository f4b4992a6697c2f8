"""The import system, resources and metadata in a linked binary, as libraries use them: import_app/imports.py."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import command, run
from tests.support.shared import made_once
from tests.support.stub_programs import UTF8, marked

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = [pytest.mark.integration, pytest.mark.network]

APP = Path(__file__).parent / "import_app"
REQUIREMENTS = ("./shop", "-e ./edit", "setuptools==80.9.0")
ZIPPED = {
    "zipped/__init__.py": "",
    "zipped/inner.py": "VALUE = 5\n",
    "zipped/data.txt": "in the archive\n",
    "zipped_dist-3.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: zipped-dist\nVersion: 3.0\n",
}


NEED_SOURCES = {
    "editable_distribution",
    "files_of_distributions",
    "finders_that_wrap",
    "lazy_modules",
    "running_folders_and_modules",
    "sources_of_objects",
    "traversables",
}
"""Checks that read a source file or ask for it, which `link --sources none` leaves out."""


@pytest.fixture
def binary(request: pytest.FixtureRequest, pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    del pack

    def make(folder: Path) -> None:
        app = folder / "app"
        shutil.copytree(APP, app, ignore=shutil.ignore_patterns("__pycache__"))
        (app / "requirements.txt").write_text("".join(f"{line}\n" for line in REQUIREMENTS))
        wanted = ["--include", "many.*", "--include", "runnable.*", "--include", "pkg_resources", "--include", "json.*"]
        wanted += ["--include-data", "many/data", "--include-data", "runnable"]
        traced = command("trace", "-r", "requirements.txt", *wanted, "-o", "imports.manifest", "imports.py", cwd=app)
        assert traced.status == 0, traced.stderr
        places = ["--sys-path", "$ORIGIN/plugins", "--sys-path", "$ORIGIN/extra.zip"]
        for sources in ("all", "none"):
            options = ["--sources", sources, "--no-report", "-o", folder / sources]
            linked = command("link", "imports.manifest", *places, *options, cwd=app)
            assert linked.status == 0, linked.stderr

    return made_once(tmp_path_factory, "imports", make) / request.param


CHECKS = [
    (sources, name)
    for sources in ("all", "none")
    for name in marked(APP / "imports.py", "check")
    if sources == "all" or name not in NEED_SOURCES
]


@pytest.mark.parametrize(("binary", "name"), CHECKS, indirect=["binary"])
def test_check(binary: Path, tmp_path: Path, name: str) -> None:
    own = tmp_path / "imports"
    shutil.copyfile(binary, own)
    own.chmod(0o755)
    (tmp_path / "plugins").mkdir()
    with zipfile.ZipFile(tmp_path / "extra.zip", "w") as archive:
        for path, text in ZIPPED.items():
            archive.writestr(path, text)
    done = run([own, name], cwd=tmp_path, env=UTF8, timeout=120)
    assert done.status == 0, done.stderr
