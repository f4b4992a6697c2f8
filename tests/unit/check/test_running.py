"""What is compared of two runs."""

from __future__ import annotations

import hashlib
import sys
from typing import TYPE_CHECKING

from castiron.check import running
from castiron.check.model import Difference, Program
from castiron.check.running import differences
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path


def program(tmp_path: Path, name: str, text: str) -> Program:
    script = tmp_path / name / "script.py"
    script.parent.mkdir()
    script.write_text(text)
    return Program(command=(sys.executable, str(script)), python=(), places=((script.parent, "<program>"),))


def compared(tmp_path: Path, one: str, other: str, *arguments: str, given: Path | None = None) -> list[Difference]:
    actual, expected = program(tmp_path, "binary", one), program(tmp_path, "interpreter", other)
    return list(differences(actual, expected, arguments, tmp_path / "runs", given=given, seconds=PATIENCE))


def test_places_are_no_difference(tmp_path: Path) -> None:
    text = "import os, sys; print(__file__, os.getcwd(), os.environ['HOME'], sys.argv[1:])\nprint(1 / 0)"
    assert compared(tmp_path, text, text, "a", "b c") == []


def test_each_difference_is_named(tmp_path: Path) -> None:
    one = "import sys; open('both', 'w').write('1'); open('mine', 'w'); print('one'); sys.exit('no')"
    other = "import os; open('both', 'w').write('2'); os.symlink('x', 'link'); print('other')"
    found = {item.what: item.detail for item in compared(tmp_path, one, other)}
    assert found.pop("standard output").splitlines()[-2:] == ["-other", "+one"]
    assert found.pop("standard error").splitlines()[-1] == "+no"
    assert found == {
        "exit status": "1; under the interpreter 0",
        "file both": "has another content",
        "file link": "not there; under the interpreter link to x",
        "file mine": f"{hashlib.sha256().hexdigest()}; under the interpreter not there",
    }


def test_a_signal(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, "import os; os.abort()", "")
    assert found.detail == "SIGABRT; under the interpreter 0"


def test_a_run_without_end(tmp_path: Path) -> None:
    endless = program(tmp_path, "endless", f"import time; time.sleep({2 * PATIENCE})")
    found = running._run(endless, (), tmp_path / "runs", None, 0.5)
    assert found.status == "none: it ran longer than 0.5 seconds"


def test_each_works_in_a_copy(tmp_path: Path) -> None:
    given = tmp_path / "given"
    given.mkdir()
    (given / "input").write_text("x")
    text = "import os; print(open('input').read()); os.remove('input')"
    assert compared(tmp_path, text, text, given=given) == []
    assert (given / "input").read_text() == "x"


def test_long_differences_are_cut(tmp_path: Path) -> None:
    (found,) = compared(tmp_path, "print(*range(99), sep='\\n')", "")
    assert found.detail.splitlines()[-1] == "... and 82 more lines"
    assert len(found.detail.splitlines()) == 21
