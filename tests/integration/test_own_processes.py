"""A binary that starts `sys.executable`, and gives files of its own to other programs."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import run, trace_and_link
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

SCRIPT = """
import os, socket, subprocess, sys, zipfile

def start(*arguments, **options):
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, **options)
    print(done.returncode, done.stdout.strip(), done.stderr.strip())

if os.environ.get("STARTED") == "alone":  # with the standard input that its parent had
    sys.exit(f"alone {sys.stdin.readline()}")
if sys.argv[1:2] == ["again"]:
    sys.exit(f"again {sys.argv[2:]}")
if sys.argv[1:2] == ["replace"]:
    os.execv(sys.executable, [sys.executable, sys.argv[0], "again", "replaced"])
if sys.argv[1:]:
    sys.exit(f"mine {sys.argv[1:]}")
start("-c", "import sys; print(sys.argv, 6 * 7)", "x")
start("-m", "json.tool", "--compact", input="[1, 2]")
start("-W", "error", "-c", "import warnings; print(len(warnings.filters) > 0)")
start("-", input="print(5)")
start("-I", input="print(6)")
look = "import importlib.util as u, sys; print(sys.argv, u.find_spec('beside') is not None)"
with open("beside.py", "w") as file:
    file.write("print('beside')")
start(input=look)
with open("program", "w") as file:
    file.write("print(8)")
with open("program") as file:
    start(stdin=file)
ours, theirs = socket.socketpair()
with ours, theirs:
    ours.send(b"print(9)")
    ours.shutdown(socket.SHUT_WR)
    start(stdin=theirs)
start(env={**os.environ, "STARTED": "alone"})
start(stdin=subprocess.DEVNULL, env={**os.environ, "STARTED": "alone"})
start("-V")
with open("script.py", "w") as file:
    file.write("import sys; print('script', sys.argv[1:])")
start("script.py", "y")
with open("tool", "w") as file:
    file.write("#!/usr/bin/env python3\\nimport sys; print('tool', sys.argv)")
start("./tool", "y")
for name, module in (("packed.zip", "__main__.py"), ("compiled.zip", "__main__.pyc"), ("data.zip", "main/__main__.py")):
    with zipfile.ZipFile(name, "w") as file:
        file.writestr("first.txt", "not the first file")
        file.writestr(module, "import sys; print(__file__, sys.argv)")
start("packed.zip", "y")
start(os.path.abspath("compiled.zip"))  # it is no bytecode
start("data.zip", "y")
with open("image", "w") as file:
    file.write("#!/bin/sh")
start("./image", "y")
# Under other names: what a list of processes shows, and `os.execv(sys.executable, ["python", *sys.argv])`.
def renamed(*arguments, **options):
    done = subprocess.run(arguments, executable=sys.executable, capture_output=True, text=True, **options)
    print(done.returncode, done.stdout.strip(), done.stderr.strip())
renamed(sys.executable + "(worker)", input="print(11)")
renamed("python", "-c", "print(12)")
renamed("python", "script.py", "y")
renamed("python", sys.argv[0], "again", "-v")
renamed("worker", "y")
with open("beside.py", "w") as file:
    file.write("print('beside')")
look = "import importlib.util as u; print(u.find_spec('beside') is not None)"
start("-m", "beside")
start("-c", look)
start("-c", look, env={**os.environ, "PYTHONPATH": os.getcwd()})
start("-I", "-c", look, env={**os.environ, "PYTHONPATH": os.getcwd()})
start("-sE", "-c", look, env={**os.environ, "PYTHONPATH": os.getcwd()})
settings = "from sys import *; print(stdout.write_through, stdout.encoding, warnoptions, flags.hash_randomization)"
below = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {settings!r}])"
ours = {**os.environ, "PYTHONUNBUFFERED": "yes", "PYTHONHASHSEED": "0", "PYTHONHOME": "/no", "PYTHONSTARTUP": "/no"}
start("-c", settings)
start("-c", settings, env=ours)
start("-c", below, env=ours)
start("-E", "-c", settings, env=ours)
names = "{'PYTHONWARNINGS', 'PYTHONHOME', 'PYTHONUNBUFFERED'}"
start("-c", f"import os; print(sorted({names} & os.environ.keys()))", env=ours)
start(sys.argv[0], "again", "-v")
start("-Wd", sys.argv[0], "again")
start("again", "z")
print(subprocess.check_output(f"'{sys.executable}' -c 'print(7)' && true", shell=True, text=True).strip())
python = os.path.join(sys.prefix, "bin", "python3")
named = subprocess.check_output([python, "-c", "import sys; print(sys.executable)"], text=True)
print(os.access(python, os.X_OK), named.strip() == sys.executable)
with open("plain", "w") as file:
    file.write("import sys; print(sys.argv)")
print(subprocess.check_output([python, "plain", "-v"], text=True).strip())
data = os.path.join(os.path.dirname(__file__), "data.txt")
print(subprocess.run(["cat", data], capture_output=True, text=True).stdout)
sys.stdout.flush()
os.posix_spawn(sys.executable, [sys.executable, "-c", "print('spawned')"], os.environ)
os.wait()
"""
EXPECTED = """\
0 ['-c', 'x'] 42 \n0 [1,2] \n0 True \n0 5 \n0 6 \n\
0 [''] False \n0 8 \n0 9 \n1  alone print(10)\n1  alone\n0 Python {version} \n0 script ['y'] \n\
0 tool ['./tool', 'y'] \n0 {folder}/packed.zip/__main__.py ['packed.zip', 'y'] \n\
1  {executable}: can't find '__main__' module in '{folder}/compiled.zip'
1  mine ['data.zip', 'y']
1  mine ['./image', 'y']
0 11 \n0 12 \n0 script ['y'] \n1  again ['-v']
1  mine ['y']
0 beside \n0 False \n0 True \n0 False \n0 False \n\
0 False utf-8 [] 1 \n0 True utf-8 [] 0 \n0 True utf-8 [] 0 \n0 False utf-8 [] 1 \n\
0 ['PYTHONHOME', 'PYTHONUNBUFFERED', 'PYTHONWARNINGS'] \n\
1  again ['-v']
1  again []
1  again ['z']
7
True True
['plain', '-v']
the data
spawned
"""


@pytest.fixture(scope="module")
def binary(tmp_path_factory: pytest.TempPathFactory, pack: Pack) -> Path:
    del pack
    folder = tmp_path_factory.mktemp("own")
    (folder / "own.py").write_text(SCRIPT)
    (folder / "data.txt").write_text("the data")
    (folder / "requirements.txt").write_text("")
    entry = [
        "own.py",
        "-r",
        "requirements.txt",
        "--include-data",
        "data.txt",
        "--include",
        "json.tool",
        "--include",
        "importlib.util",
    ]
    return trace_and_link(entry, cwd=folder, name="own", options=["--no-report"])


def test_its_own_processes_are_python(binary: Path, tmp_path: Path, pack: Pack) -> None:
    inherited = {"PYTHONWARNINGS": "error", "PYTHONIOENCODING": "latin-1"}
    done = run([binary], cwd=tmp_path, stdin="print(10)\n", env={**os.environ, **inherited})
    places = {"version": pack.python_version, "folder": tmp_path, "executable": binary}
    expected = EXPECTED
    for name, value in places.items():
        expected = expected.replace(f"{{{name}}}", str(value))
    assert done.stdout == expected, done.stderr


def test_it_replaces_itself(binary: Path, tmp_path: Path) -> None:
    assert run([binary, "replace"], cwd=tmp_path).stderr.strip() == "again ['replaced']"


def test_a_path_that_the_program_only_inherited_is_not_searched(binary: Path, tmp_path: Path) -> None:
    """PYTHONPATH of whoever started the program; that the program hands it on does not make it the program's."""
    done = run([binary], cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(tmp_path)})
    assert done.status == 0, done.stderr
    assert "0 beside \n0 False \n0 False \n0 False \n" in done.stdout


@pytest.mark.parametrize("arguments", [["-c", "print(1)"], ["-m", "json.tool"], ["-V"], ["-I"]])
def test_for_others_it_is_the_application(binary: Path, tmp_path: Path, arguments: list[str]) -> None:
    assert run([binary, *arguments], cwd=tmp_path).stderr.strip() == f"mine {arguments}"


@pytest.mark.parametrize("options", [("--children", "all"), ("--children", "all", "--obey-environment")])
def test_an_interpreter_for_all_ignores_the_path_that_its_option_tells_it_to(
    pack: Pack, options: tuple[str, ...], tmp_path: Path
) -> None:
    assert pack.root.is_dir()
    (tmp_path / "app.py").write_text("import os, subprocess, sys\n")
    program = trace_and_link(["app.py"], cwd=tmp_path, name="app", options=options)
    code = (
        "import os, subprocess, sys\n"
        "look = \"import sys; print('/given' in sys.path)\"\n"
        "for option in ('-s', '-E', '-I'):\n"
        "    subprocess.run([sys.executable, option, '-c', look], env={**os.environ, 'PYTHONPATH': '/given'})\n"
    )
    done = run([program, "-c", code], cwd=tmp_path, timeout=PATIENCE)
    assert (done.stdout.split(), done.stderr) == (["True", "False", "False"], "")
