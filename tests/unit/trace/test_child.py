from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from castiron_common.errors import RuntimePackError
from castiron_trace.child import Analyser
from castiron_trace.entry import resolve_plan
from castiron_trace.graph import analyse
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.model import NO_SITE
from castiron_trace.plan import read_plan
from castiron_trace.protocol import StdlibAnswer, StdlibRequest
from tests.unit.trace.conftest import options
from tests.unit.trace.making import write

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from castiron_trace.model import Reached, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph

APPLICATIONS = (
    {"app.py": "import json, helper\n", "helper.py": "import base64\n"},
    # Another module of the same name, and one that the first application has and this one lacks.
    {"app.py": "import helper\ntry:\n    import other\nexcept ImportError: pass\n", "helper.py": "import csv\n"},
)


def test_one_analyser_answers_as_one_for_each_request(
    tmp_path: Path, python: TargetPython, stdlib: StdlibGraph
) -> None:
    def reached(number: int, analyser: Analyser | None) -> Reached:
        app = write(tmp_path / f"app{number}", APPLICATIONS[number])
        wanted = options(app, "app.py")
        entry = resolve_plan(read_plan(wanted), NO_SITE)
        return analyse(
            python, stdlib, entry, NO_SITE, wanted, hints=shipped_hints(), cache=tmp_path / "scans", analyser=analyser
        )

    alone = [reached(number, None) for number in (0, 1)]
    with Analyser() as analyser:
        assert [reached(number, analyser) for number in (0, 1, 0)] == [*alone, alone[0]]
    assert alone[0] != alone[1]


def test_what_an_analyser_says_when_it_fails(python: TargetPython, tmp_path: Path) -> None:
    request = StdlibRequest(root=str(tmp_path / "nowhere"), builtins=())
    with Analyser() as analyser, pytest.raises(RuntimeError, match=r"the analysis failed:\n(.*\n)*.*nowhere"):
        analyser.ask(python, request, StdlibAnswer)


def test_an_interpreter_that_cannot_be_started(python: TargetPython, tmp_path: Path) -> None:
    (tmp_path / "python").write_text("no program")
    broken = dataclasses.replace(python, interpreter=tmp_path / "python")
    message = r"The target interpreter .*/python cannot be run: Permission denied\."
    with Analyser() as analyser, pytest.raises(RuntimePackError, match=message):
        analyser.start(broken)


def test_an_analyser_ends_with_its_context(python: TargetPython) -> None:
    with Analyser() as analyser:
        process = analyser.start(python)
        assert process.poll() is None
    assert process.returncode == 0

    def fails() -> None:
        with Analyser() as other:
            processes.append(other.start(python))
            raise ZeroDivisionError

    processes: list[subprocess.Popen[bytes]] = []
    with pytest.raises(ZeroDivisionError):
        fails()
    assert processes[0].returncode is not None
