"""Where a program runs code that is no part of it."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import pytest

from castiron_trace.analyser.syntax.outside_code import outside_code
from castiron_trace.entry import resolve_plan
from castiron_trace.graph import analyse, chain
from castiron_trace.hints.reader import shipped_hints
from castiron_trace.model import NO_SITE, Stdlib
from castiron_trace.plan import read_plan
from castiron_trace.unavailable import unavailable
from tests.unit.trace.conftest import options
from tests.unit.trace.making import install, site_of, write

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_trace.model import Reached, TargetPython
    from castiron_trace.stdlib_graph import StdlibGraph

INPUT = "a program given to sys.executable on standard input"
PATH = "sys.path with folders from outside"


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        (
            "def f(path):\n    with open(path) as file:\n        exec(compile(file.read(), path, 'exec'), names)",
            "exec of a file",
        ),
        ("spec_from_file_location('x', place)", "spec_from_file_location"),
        ("runpy.run_path(script)", "run_path"),
        ("SourceFileLoader('config', path).load_module()", "SourceFileLoader"),
        ("code.interact(local=names)", "a prompt for Python"),
        ("class Shell(code.InteractiveConsole): pass\nShell()", None),
        ("InteractiveConsole(names)", "a prompt for Python"),
        ("sys.path.insert(0, os.getcwd())", PATH),
        ("sys.path.insert(0, folder)", PATH),
        ("sys.path[:0] = folders", PATH),
        ("site.addsitedir(folder)", PATH),
        ("subprocess.run([sys.executable, script, 'x'])", "a script run by sys.executable"),
        ("subprocess.run([sys.executable], input=program)", INPUT),
        ("subprocess.Popen([sys.executable, '-u', '-'], stdin=subprocess.PIPE)", INPUT),
        ("asyncio.create_subprocess_exec(sys.executable, '-', stdin=PIPE)", INPUT),
        # What is part of the program.
        ("subprocess.run([sys.executable], input='print(1)')", None),
        ("subprocess.Popen([sys.executable], stdin=subprocess.DEVNULL)", None),
        ("subprocess.run([sys.executable, '-V'], stdin=stream)", None),
        ("subprocess.run([sys.executable, '-m', 'json.tool'], input=text)", None),
        ("subprocess.run([git, '-'], input=text)", None),
        ("spec_from_file_location('x', os.path.join(os.path.dirname(__file__), 'x.py'))", None),
        ("HERE = dirname(__file__)\nsys.path.insert(0, HERE)", None),
        ("HERE = dirname(__file__)\nsys.path.insert(0, os.getcwd())", PATH),
        ("sys.path.append('lib')", None),
        ("subprocess.run([sys.executable, '-m', 'json.tool'])", None),
        ("subprocess.run([sys.executable, __file__])", None),
        ("subprocess.run([sys.executable, *arguments])", None),
        ("def f(names):\n    exec(template.format(names), names)", None),
        ("paths.insert(0, folder)\nsomething.interact()", None),
    ],
)
def test_outside_code_is_found(source: str, expected: str | None) -> None:
    found = outside_code(source.encode(), ast.parse(source))
    assert {what for _line, what in found} == ({expected} if expected else set())


@pytest.mark.parametrize(("choice", "whole"), [(Stdlib.AUTO, True), (Stdlib.USED, False), (Stdlib.ALL, True)], ids=str)
def test_a_tool_that_runs_outside_code_gets_all_that_is_asked_for(
    tmp_path: Path, python: TargetPython, stdlib: StdlibGraph, choice: Stdlib, whole: bool
) -> None:
    tool = install(
        tmp_path,
        "tool",
        {"tool/__init__.py": "import runpy, sys\ndef main(): runpy.run_path(sys.argv[1])", "tool/api.py": "x = 1"},
        entry_points="[console_scripts]\ntool = tool:main\n",
    )
    wanted = options(tmp_path, "tool", stdlib=choice)
    site = site_of(tmp_path, tool)
    reached = analyse(
        python, stdlib, resolve_plan(read_plan(wanted), site), site, wanted, hints=shipped_hints(), cache=None
    )
    assert ({"sqlite3", "decimal", "unittest.mock", "pdb"} <= reached.modules.keys()) is whole
    assert ("tool.api" in reached.modules) is whole
    assert not {"tkinter", "idlelib", "turtle"} & reached.modules.keys()
    assert ("outside-code" in [finding.code for finding in reached.findings]) is (choice is Stdlib.AUTO)
    if whole:
        assert next(step.name for step in chain(reached, "unittest.mock")) == "tool"


def test_a_lock_file_which_asks_for_all_does_not_make_a_tool_of_a_library(
    tmp_path: Path, python: TargetPython, stdlib: StdlibGraph
) -> None:
    tool = install(
        tmp_path,
        "tool",
        {"tool.py": "import library\ndef main(): library.f(1)"},
        entry_points="[console_scripts]\ntool = tool:main\n",
        requires=("library",),
    )
    library = install(tmp_path, "library", {"library.py": "import runpy\ndef f(path): runpy.run_path(path)"})
    wanted = options(tmp_path, "tool")
    site = site_of(tmp_path, tool, library)
    reached = analyse(
        python, stdlib, resolve_plan(read_plan(wanted), site), site, wanted, hints=shipped_hints(), cache=None
    )
    assert "library" in reached.modules
    assert "outside-code" not in [finding.code for finding in reached.findings]


def test_what_a_library_could_do_does_not_count(tmp_path: Path, python: TargetPython, stdlib: StdlibGraph) -> None:
    def trace(script: str) -> Reached:
        app = write(tmp_path / "app", {"app.py": script})
        library = install(tmp_path, "library", {"library.py": "import runpy\ndef f(path): runpy.run_path(path)"})
        wanted = options(app, "app.py")
        site = site_of(tmp_path, library)
        return analyse(
            python, stdlib, resolve_plan(read_plan(wanted), site), site, wanted, hints=shipped_hints(), cache=None
        )

    assert "sqlite3" not in trace("import library").modules
    assert "sqlite3" in trace("import library, runpy, sys\nrunpy.run_path(sys.argv[1])").modules


def test_a_module_that_is_excluded_stays_out(tmp_path: Path, python: TargetPython, stdlib: StdlibGraph) -> None:
    wanted = options(write(tmp_path, {"app.py": "pass"}), "app.py", stdlib=Stdlib.ALL, exclude=("sqlite3",))
    reached = analyse(
        python, stdlib, resolve_plan(read_plan(wanted), NO_SITE), NO_SITE, wanted, hints=shipped_hints(), cache=None
    )
    assert "sqlite3" not in reached.modules
    assert "decimal" in reached.modules


def test_the_whole_standard_library_is_what_a_pack_has(
    tmp_path: Path, python: TargetPython, stdlib: StdlibGraph
) -> None:
    wanted = options(write(tmp_path, {"app.py": "pass"}), "app.py", stdlib=Stdlib.ALL)
    reached = analyse(
        python, stdlib, resolve_plan(read_plan(wanted), NO_SITE), NO_SITE, wanted, hints=shipped_hints(), cache=None
    )
    assert {"dbm.dumb", "dbm.ndbm"} <= set(reached.modules)
    assert not {item.name for item in unavailable(python)} & set(reached.modules)
