"""The stub's rules for command lines, as C functions in a program of their own: letters_test.c."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import castiron_runtime
from tests.integration.security.guarded import EVIL, HELPER, INJECTED
from tests.support.linking import run

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def letters(place: Path, pack: Pack) -> Path:
    """The rules for command lines as a program of their own."""
    stub, toolchain = Path(castiron_runtime.__file__).parent / "stub", pack.toolchain
    rules = [stub / "process" / name for name in ("program_text.c", "helper_command.c")]
    sources = [Path(__file__).with_name("letters_test.c"), *rules]
    objects: list[Path | str] = [toolchain.crt1]
    for source in sources:
        done = run([*toolchain.cc, *toolchain.cflags, f"-I{stub}", "-c", source, "-o", f"{source.stem}.o"], cwd=place)
        assert done.status == 0, done.stderr
        objects.append(f"{source.stem}.o")
    group = ["--start-group", *toolchain.libraries, "--end-group"]
    done = run([*toolchain.linker, "-static", "-o", "letters", *objects, *group], cwd=place)
    assert done.status == 0, done.stderr
    return place / "letters"


PROGRAMS = [
    "print(1)",
    "import os",
    "from os import path",
    "import sys; print(sys.path)",
    "a = 1\nb = 2",
    "raise SystemExit",
    "raise",
    "pass",
    " pass ",
    "assert x",
    "del x",
    "while True: pass",
    "if x: y",
    "1/0",
    "1 / 0",
    "-1 // 2",
    "7 % 3",
    "x;y",
    EVIL,
    INJECTED,
]
VALUES = [
    "",
    " ",
    "app.cfg",
    "/etc/app.cfg",
    "../app.cfg",
    "path/to/pass",
    "3",
    "3.13",
    "1-3",
    "2024-01-01",
    "01/02",
    "color=never",
    "core.editor=vi",
    "key = value",
    "build all",
    "important",
    "import-map",
    "from",
    "for",
    "#fff",
    "a,b",
    "passwd",
    "raised",
    "*.py",
    "é",
]


def test_what_is_a_program(letters: Path, place: Path) -> None:
    shown = run([letters, *PROGRAMS, *VALUES], cwd=place).stdout.strip()
    judged = dict(zip([*PROGRAMS, *VALUES], shown, strict=True))
    assert judged == dict.fromkeys(PROGRAMS, "p") | dict.fromkeys(VALUES, "-")


SPAWN, FORK = "from multiprocessing.spawn import spawn_main; ", "from multiprocessing.forkserver import main; "
LONG = "import sys; from multiprocessing.forkserver import main; main(6, 7, ['__main__'], sys_argv=sys.argv[1:], "


@pytest.mark.parametrize(
    ("argv", "library"),
    [
        (["-c", HELPER, "--multiprocessing-fork"], "multiprocessing"),
        (["-Wignore", "-X", "dev", "-bb", "-I", "-c", HELPER, "--multiprocessing-fork"], "multiprocessing"),
        (["-c", f"{SPAWN}spawn_main(tracker_fd=None, pipe_handle=7)", "--multiprocessing-fork"], "multiprocessing"),
        (["-c", f"{FORK}main(6, 7, ['__main__', \"it's\"], **{{'sys_path': ['/a', '/b']}})"], "multiprocessing"),
        (["-c", f"{FORK}main(6, 7, [], **{{}})"], "multiprocessing"),
        (["-c", LONG + "**{'main_path': '/x\\'y.py'})", "any", "thing"], "multiprocessing"),
        (["-c", "from multiprocessing.resource_tracker import main;main(7)"], "multiprocessing"),
        (["-c", "from billiard.semaphore_tracker import main;main(7)"], "billiard"),
        (["-c", "from loky.backend.resource_tracker import main; main(7, False)"], "loky"),
        (["-c", "from joblib.externals.loky.backend.resource_tracker import main; main(7, True)"], "joblib"),
        (["-m", "loky.backend.popen_loky_posix", "--process-name", "LokyProcess-1", "--pipe", "11"], "loky"),
        (["-c", INJECTED, "--multiprocessing-fork"], None),
        (["-c", HELPER], None),
        (["-c", HELPER, "--multiprocessing-fork", "more"], None),
        (["-c", HELPER + "; evil()", "--multiprocessing-fork"], None),
        (["-c", f"{SPAWN}spawn_main()", "--multiprocessing-fork"], None),
        (["-c", f"{SPAWN}spawn_main(a=evil)", "--multiprocessing-fork"], None),
        (["-c", f"{FORK}main(6, 7, [evil()], **{{}})"], None),
        (["-c", f"{FORK}main(6, 7, ['a' + evil()], **{{}})"], None),
        (["-c", f"{FORK}main(6, 7, {'[' * 90}{']' * 90}, **{{}})"], None),
        (["-c", f"{FORK}main(6, 7, ['open, **{{}})"], None),
        (["-c", "from multiprocessing.resource_tracker import main;main(7)", "more"], None),
        (["-c", "from multiprocessing.resource_tracker import main;main()"], None),
        (["-m", "loky.backend.popen_loky_posix", "--pipe", "11", "--process-name", "x"], None),
        (["-m", "loky.backend.popen_loky_posix", "--process-name", "x", "--pipe", "1x"], None),
        (["-x", "-c", HELPER, "--multiprocessing-fork"], None),
        (["-c"], None),
        ([], None),
    ],
)
def test_what_is_a_helper(letters: Path, place: Path, argv: list[str], library: str | None) -> None:
    assert run([letters, "helper", "program", *argv], cwd=place).stdout == f"{library or '-'}\n"
