"""Every end of a program is CPython's: status, output and files are those of an ordinary interpreter.

``stub_app/ends.py`` and its modules end in many ways with nothing but Python and the standard library,
``end_natives/natives.py`` with objects of an extension module that tells of their destruction.
"""

from __future__ import annotations

import base64
import hashlib
import shutil
import signal
import subprocess
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.compilers import shared_object
from tests.support.linking import COMMANDS, Outcome, run, trace_and_link
from tests.support.patience import PATIENCE
from tests.support.shared import made_once
from tests.support.stub_programs import APP, UTF8, copied_app, marked, normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

NATIVES = Path(__file__).parent / "end_natives"
PROGRAMS = ("ends.py", "end_statuses.py", "end_files.py", "end_threads.py")
ENDS = [name for program in PROGRAMS for name in marked(APP / program, "case")]
CRASHES = "daemon_never_waits"
"""CPython itself crashes there now and then: the thread reads a state that was freed."""

UNORDERED = "one_file_twice"
"""Which of the two is flushed first depends, under CPython 3.11, on the collections of garbage that there were before:
`gc.collect()` at its start turns it round (docs/decisions/028-what-modules-define-is-old.md)."""

HANGS = "daemon_holds_standard_output"
"""Run as a file, it waits for ever in CPython, too: the file's output is flushed while the thread may still go on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Peers:
    """A program under the pack's interpreter, and linked."""

    interpreted: tuple[str | Path, ...]
    linked: tuple[str | Path, ...]
    places: dict[str, str]
    environment: dict[str, str]

    def run(self, name: str, cwd: Path) -> tuple[tuple[Outcome, dict[str, bytes]], tuple[Outcome, dict[str, bytes]]]:
        """Run both at once; return of each what came out and the ends of the files that it left."""

        def one(start: Sequence[str | Path], number: int) -> tuple[Outcome, dict[str, bytes]]:
            own = cwd / str(number)
            own.mkdir()
            outcome = run([*start, name], cwd=own, env=self.environment, stdin="some input", timeout=PATIENCE)
            left = {path.name: path.read_bytes()[-32:] for path in own.iterdir() if path.is_file()}
            if name == UNORDERED:
                left = {file: bytes(sorted(content)) for file, content in left.items()}
            return normal(outcome, self.places), left

        with ThreadPoolExecutor() as pool:
            expected = pool.submit(one, self.interpreted, 0)
            actual = one(self.linked, 1)
            return expected.result(), actual


def peers(interpreted: Sequence[str | Path], binary: Path, folder: Path, **environment: str) -> Peers:
    interpreter = Path(interpreted[0])
    asked = [interpreter, "-I", "-c", "import os; print(os.path.dirname(os.__file__))"]
    library = subprocess.run(asked, capture_output=True, text=True, check=True).stdout.strip()
    places = {f"{binary}/app": "APP", f"{binary}/lib/{interpreter.name}": "LIB", str(folder): "APP", library: "LIB"}
    return Peers(interpreted=tuple(interpreted), linked=(binary,), places=places, environment={**UTF8, **environment})


# --- programs of Python alone ---


@pytest.fixture(scope="module")
def ends(each_pack: Pack, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the programs, and of what is made of them: ``ends``, ``full`` and ``module``."""

    def make(folder: Path) -> None:
        app = copied_app(folder)
        trace_and_link(["--python", each_pack.feature, "ends.py"], cwd=app, name="ends")
        options = ["ends.manifest", "-o", "full", "--full-finalize", "--no-report"]
        linked = run([COMMANDS / "link", *options], cwd=app)
        assert linked.status == 0, linked.stderr
        trace_and_link(["--python", each_pack.feature, "-m", "ends"], cwd=app, name="module")

    return made_once(tmp_path_factory, f"ends-{each_pack.feature}", make) / "app"


@pytest.fixture(scope="module")
def as_file(each_python: Path, ends: Path) -> Peers:
    return peers([each_python, "-Es", ends / "ends.py"], ends / "ends", ends)


@pytest.fixture(scope="module")
def as_module(each_python: Path, ends: Path) -> Peers:
    return peers([each_python, "-s", "-m", "ends"], ends / "module", ends, PYTHONPATH=str(ends))


@pytest.fixture(scope="module")
def in_full(as_file: Peers, ends: Path) -> Peers:
    return peers(as_file.interpreted, ends / "full", ends)


@pytest.mark.parametrize("name", [name for name in ENDS if name != HANGS])
def test_end(as_file: Peers, tmp_path: Path, name: str) -> None:
    expected, actual = as_file.run(name, tmp_path)
    assert actual == ((Outcome(status=0, stdout="", stderr=""), {}) if name == CRASHES else expected)


@pytest.mark.parametrize(
    "name", [HANGS, "output_before_exit_functions", "exit_three", "finalizers_in_order", "daemon_in_a_full_pipe"]
)
def test_end_of_a_module(as_module: Peers, tmp_path: Path, name: str) -> None:
    expected, actual = as_module.run(name, tmp_path)
    assert actual == expected
    assert (actual[0].status == -signal.SIGABRT) == (name == HANGS)


@pytest.mark.parametrize(
    "name", ["falls_off", "exit_three", "full_disk", "left_open", "finalizers_in_order", "daemon_in_c"]
)
def test_end_in_full(in_full: Peers, tmp_path: Path, name: str) -> None:
    expected, actual = in_full.run(name, tmp_path)
    assert actual == expected


def test_interrupted_by_the_terminal(as_file: Peers, tmp_path: Path) -> None:
    """A parent, such as a shell, sees that the signal ended the program."""
    done = subprocess.run(
        [*as_file.linked, "keyboard_interrupt"], cwd=tmp_path, env=UTF8, capture_output=True, check=False
    )
    assert done.returncode == -signal.SIGINT


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(as_file: Peers, tmp_path: Path, closed: str) -> None:
    shown = [
        normal(
            run(["sh", "-c", f'exec "$@" {closed}', "sh", *start, "no_streams"], cwd=tmp_path, env=UTF8), as_file.places
        )
        for start in (as_file.interpreted, as_file.linked)
    ]
    assert shown[1] == shown[0]


# --- programs with an extension module ---


def build_wheel(pack: Pack, folder: Path) -> Path:
    """Compile the extension module and pack it into a wheel for the target; the module stays in ``folder``, too."""
    tag = f"cp{pack.feature.replace('.', '')}"
    module = folder / f"witness.{tag.replace('cp', 'cpython-')}-x86_64-linux-musl.so"
    shared_object([f"-I{pack.include}", NATIVES / "witness.cc"], module)
    files = {
        module.name: module.read_bytes(),
        "witness-1.0.dist-info/METADATA": b"Metadata-Version: 2.1\nName: witness\nVersion: 1.0\nLicense: MIT\n",
        "witness-1.0.dist-info/WHEEL": (
            f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {tag}-{tag}-musllinux_1_2_x86_64\n"
        ).encode(),
    }
    record = "".join(
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b'=').decode()},{len(data)}\n"
        for name, data in files.items()
    )
    wheel = folder / f"witness-1.0-{tag}-{tag}-musllinux_1_2_x86_64.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
        archive.writestr("witness-1.0.dist-info/RECORD", record + "witness-1.0.dist-info/RECORD,,\n")
    return wheel


@pytest.fixture(scope="module")
def with_natives(each_pack: Pack, each_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Peers:

    def make(work: Path) -> None:
        shutil.copy(NATIVES / "natives.py", work)
        wheels = work / "wheels"
        wheels.mkdir()
        requirement = f"./wheels/{build_wheel(each_pack, wheels).name}"
        arguments = ["--python", each_pack.feature, "natives.py"]
        trace_and_link(arguments, cwd=work, name="natives", requirements=[requirement], options=["--no-report"])

    work = made_once(tmp_path_factory, f"natives-{each_pack.feature}", make)
    interpreted = [each_python, "-s", work / "natives.py"]
    return peers(interpreted, work / "natives", work, PYTHONPATH=str(work / "wheels"))


@pytest.mark.parametrize("name", marked(NATIVES / "natives.py", "case"))
def test_end_with_natives(with_natives: Peers, tmp_path: Path, name: str) -> None:
    expected, actual = with_natives.run(name, tmp_path)
    assert actual == expected
    told = actual[0].stderr
    assert ("static object: destroyed" in told) == (name not in {"capsule_that_aborts", "exits_at_once"})
