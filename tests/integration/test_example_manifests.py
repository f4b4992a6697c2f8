"""The golden manifests of manifests/examples: the analysis gives the same bytes today, and they link and run."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_runtime.recipe import load_recipe
from tests.support import needs
from tests.support.linking import COMMANDS, command, run

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

FOLDER = Path(__file__).parents[2] / "manifests" / "examples"


@pytest.fixture
def pinned(pack: Pack) -> None:
    """A manifest names the version of CPython that it was analysed with."""
    if pack.python_version != load_recipe(f"cpython-{pack.feature}").pins[0].version:
        needs.skip("the pinned CPython", pack.python_version)


@pytest.mark.quick
@pytest.mark.usefixtures("pinned")
def test_hello(tmp_path: Path) -> None:
    """The whole way in seconds: the script is traced to the golden bytes, linked and run."""
    folder = FOLDER / "hello"
    traced = command("trace", "hello.py", "-o", tmp_path / "hello.manifest", cwd=folder)
    assert traced.status == 0, traced.stderr
    assert (tmp_path / "hello.manifest").read_bytes() == (FOLDER / "hello.manifest").read_bytes()
    linked = command("link", "hello.manifest", "-o", "hello", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    done = run([tmp_path / "hello"], cwd="/", env={})
    assert (done.status, done.stdout, done.stderr) == (0, "hello\n", "")
    assert "\ncpython " in (tmp_path / "hello.licenses.txt").read_text()


@pytest.mark.network
@pytest.mark.usefixtures("pinned")
def test_they_are_what_the_analysis_gives(tmp_path: Path) -> None:
    subprocess.run(["sh", FOLDER / "make.sh", tmp_path], env={**os.environ, "BIN": str(COMMANDS)}, check=True)
    for path in sorted(FOLDER.glob("*.manifest")):
        different = command("castiron", "manifest", "diff", path, tmp_path / path.name, cwd=tmp_path).stdout
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), (
            f"{different}\nsee manifests/examples/README.md"
        )


RUNS = {
    "domain": (["münchen.example"], "", "xn--mnchen-3ya.example\n"),
    "escape": ([], '<a href="x">', "&lt;a href=&#34;x&#34;&gt;"),
    "greet": (["fr"], "", "<p><em>Bonjour</em>, &ldquo;le monde&rdquo;</p>\n"),
}


@pytest.mark.network
@pytest.mark.parametrize("name", sorted(RUNS))
@pytest.mark.usefixtures("pinned")
def test_they_link_and_run(tmp_path: Path, name: str) -> None:
    linked = command("link", FOLDER / f"{name}.manifest", "-o", name, "--no-report", cwd=tmp_path)
    assert linked.status == 0, linked.stderr
    arguments, given, expected = RUNS[name]
    done = run([tmp_path / name, *arguments], cwd=tmp_path, stdin=given, env={"LANG": "C.UTF-8"})
    assert (done.status, done.stdout, done.stderr) == (0, expected, "")
