"""Programs with extension modules that were examined end as under CPython, and early where nobody can notice it.

``end_examined/examined.py`` ends with objects of NumPy and pandas alive.  It is linked twice: as a user would, to
compare output and files with an ordinary interpreter's; and with a witness, an extension module that tells of its
objects' destruction and that the linker is told to trust, which shows whether objects were destroyed at all.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_common.progress import SilentReporter
from castiron_link.provision import site_of
from castiron_manifest.reader import read_manifest
from tests.integration.test_ends import Peers, build_wheel, peers
from tests.support.linking import COMMANDS, run, trace_and_link
from tests.support.patience import PATIENCE
from tests.support.shared import made_once
from tests.support.stub_programs import UTF8, marked

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).parent / "end_examined" / "examined.py"
REQUIREMENTS = ("numpy==2.2.4", "pandas==2.2.3")
EARLY, FULL, ALIKE = (marked(PROGRAM, kind) for kind in ("early", "full", "alike"))
TRUSTED = """
[[distribution]]
name = "witness"
files = ["witness.*"]
"""


@pytest.fixture(scope="module")
def examined(each_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the program and of what is made of it: ``plain``, and ``told``, in which the witness is trusted."""

    def make(work: Path) -> None:
        shutil.copy(PROGRAM, work)
        wheels = work / "wheels"
        wheels.mkdir()
        requirements = [*REQUIREMENTS, f"./wheels/{build_wheel(each_pack, wheels).name}"]
        arguments = ["--python", each_pack.feature, PROGRAM.name]
        trace_and_link(arguments, cwd=work, name="plain", requirements=requirements, options=["--no-report"])
        (work / "trusted.toml").write_text(TRUSTED)
        options = ["plain.manifest", "-o", "told", "--examined", "trusted.toml", "--no-report"]
        linked = run([COMMANDS / "link", *options], cwd=work)
        assert linked.status == 0, linked.stderr

    return made_once(tmp_path_factory, f"examined-{each_pack.feature}", make)


@pytest.fixture(scope="module")
def as_file(examined: Path, each_pack: Pack, each_python: Path) -> Peers:
    site = site_of(read_manifest(examined / "plain.manifest"), each_pack, SilentReporter())
    interpreted = [each_python, "-s", examined / PROGRAM.name]
    found = peers(interpreted, examined / "plain", examined, PYTHONPATH=str(site), OPENBLAS_NUM_THREADS="1")
    libraries = f"{examined}/plain/lib/{each_python.name}/site-packages"
    return Peers(
        interpreted=found.interpreted,
        linked=found.linked,
        places={libraries: "SITE", str(site): "SITE", **found.places},
        environment=found.environment,
    )


@pytest.mark.parametrize("name", [*EARLY, *FULL, *ALIKE])
def test_end(as_file: Peers, tmp_path: Path, name: str) -> None:
    expected, actual = as_file.run(name, tmp_path)
    assert actual == expected


@pytest.mark.parametrize("name", [*EARLY, *FULL])
def test_objects_are_destroyed_where_it_is_noticed(examined: Path, tmp_path: Path, name: str) -> None:
    environment = {**UTF8, "OPENBLAS_NUM_THREADS": "1", "WITNESS": "1"}
    ended = run([examined / "told", name], cwd=tmp_path, env=environment, stdin="", timeout=PATIENCE)
    assert ("capsule: the witness" in ended.stderr) == (name in FULL)


def test_an_unexamined_module_is_destroyed_beside_examined_ones(examined: Path, tmp_path: Path) -> None:
    environment = {**UTF8, "OPENBLAS_NUM_THREADS": "1", "WITNESS": "1"}
    ended = run([examined / "plain", EARLY[0]], cwd=tmp_path, env=environment, stdin="", timeout=PATIENCE)
    assert ended.stderr == "capsule: the witness\nmodule: freed\nstatic object: destroyed\n"


def test_the_link_tells_what_ends_in_full(examined: Path) -> None:
    shown = run([COMMANDS / "link", "-v", "plain.manifest", "-o", "shown", "--no-report"], cwd=examined)
    assert "destroys every object at its end once witness 1.0 was used: not examined" in shown.stderr
    assert "pandas 2.2.3 was used" not in shown.stderr
