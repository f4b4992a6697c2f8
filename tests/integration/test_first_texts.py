"""The package encodings and the module io wait until they are asked for; what programs do with texts shows no trace."""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import Outcome, run, trace_and_link
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

PROGRAM = Path(__file__).with_name("texts_app") / "first_texts.py"
PROGRAMS = re.findall(r"^def (\w+)", PROGRAM.read_text(encoding="utf-8"), re.MULTILINE)
TEXT = "".join(f"{number} Zeichen: ä, \u20ac und \U0001f600\n" for number in range(700))
STDIN = "first é\r\nsecond\n" + "".join(f"{number} \u20ac\n" for number in range(6))


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    assert pack.root.is_dir()
    folder = tmp_path_factory.mktemp("texts")
    shutil.copy(PROGRAM, folder)
    return trace_and_link([PROGRAM.name], cwd=folder, name="texts")


def _run(argv: list[str | Path], folder: Path) -> tuple[Outcome, dict[str, bytes]]:
    folder.mkdir()
    (folder / "ends.txt").write_bytes("one\r\ntwo\rthrée\n".encode())
    (folder / "long.txt").write_bytes(TEXT.encode())
    (folder / "broken.txt").write_bytes(b"a\xff\xe2\x82\n")
    done = run(argv, cwd=folder, stdin=STDIN, timeout=PATIENCE, env={"LC_ALL": "C.UTF-8"})
    return done, {file.name: file.read_bytes() for file in folder.iterdir()}


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_use_is_as_in_any_python(name: str, binary: Path, tmp_path: Path) -> None:
    done, files = _run([binary, name], tmp_path / "binary")
    expected, expected_files = _run([sys.executable, "-I", PROGRAM, name], tmp_path / "python")
    assert (done.status, done.stdout) == (expected.status, expected.stdout)
    assert done.stderr.splitlines()[:1] == expected.stderr.splitlines()[:1]
    assert done.stderr.splitlines()[-1:] == expected.stderr.splitlines()[-1:]
    assert files == expected_files


def test_hello_imports_neither(pack: Pack, tmp_path: Path) -> None:
    assert pack.root.is_dir()
    (tmp_path / "app.py").write_text(
        "import sys\nprint('grüße', *{'codecs', 'encodings', 'io', 'abc'} & {*sys.modules})\n"
    )
    done = run([trace_and_link(["app.py"], cwd=tmp_path, name="app")], cwd=tmp_path, timeout=PATIENCE)
    assert (done.status, done.stdout, done.stderr) == (0, "grüße\n", "")


def test_an_applications_own_modules_do_not_stand_for_what_python_has_imported(pack: Pack, tmp_path: Path) -> None:
    assert pack.root.is_dir()
    names = ("abc", "codecs", "encodings", "io", "os", "genericpath", "posixpath", "site", "stat")
    for name in names:
        (tmp_path / f"{name}.py").write_text("raise SystemExit('the own one')\n")
    lines = [*(f"import {name}" for name in names), f"print({', '.join(f'{name}.__name__' for name in names)})"]
    (tmp_path / "app.py").write_text("\n".join([*lines, "print('\u20ac'.encode('cp1252'), input())\n"]))
    expected = run([sys.executable, "app.py"], cwd=tmp_path, stdin="é\n", timeout=PATIENCE)
    done = run([trace_and_link(["app.py"], cwd=tmp_path, name="app")], cwd=tmp_path, stdin="é\n", timeout=PATIENCE)
    assert (done.status, done.stdout, done.stderr) == (0, expected.stdout, "")
