"""Executables of ``--profile small`` do what those of the default profile do."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import zstandard
from elftools.elf.elffile import ELFFile

from castiron_link.payload import MAGIC, VERSION
from tests.support import needs
from tests.support.linking import COMMANDS, command, run, trace_and_link
from tests.support.shared import made_once

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.linking import Outcome

pytestmark = pytest.mark.integration

APP = """
import calendar, csv, fractions, inspect, json, mmap, multiprocessing, os, sys, textwrap, threading, traceback

def square(number):
    return number * number

def alone():
    import importlib.resources, unicodedata
    threading.stack_size(64 << 10)
    found = []
    decoder = importlib.resources.files("json") / "decoder.py"
    thread = threading.Thread(target=lambda: found.append(decoder.read_text()))
    thread.start()
    thread.join()
    print(json.dumps(str("class JSONDecoder" in found[0])))

def main():
    with open(inspect.__file__, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        source = mapped[:]
    assert source.decode() == inspect.getsource(inspect)
    assert os.stat(inspect.__file__).st_size == len(source)
    results = []
    for method in ("fork", "spawn"):
        with multiprocessing.get_context(method).Pool(2) as pool:
            results += pool.map(square, range(4))
    def read(name):
        with open(__import__(name).__file__) as file:
            results.append(len(file.read()) > 0)
    threads = [threading.Thread(target=read, args=[name]) for name in ("csv", "calendar", "textwrap", "fractions")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    try:
        json.loads("?")
    except ValueError as error:
        lines = "".join(traceback.format_exception(error))
    print(json.dumps([results, "return _default_decoder.decode(s)" in lines]))

if __name__ == "__main__":
    alone() if sys.argv[1:] == ["alone"] else main()
"""

NATIVE = """
import importlib, os, sys, threading

found, begin = [], threading.Barrier(8)

def use(number):
    begin.wait()
    if number % 2:
        escape = importlib.import_module("markupsafe._speedups")._escape_inner
        found.append(escape("<b>") == "&lt;b&gt;")
    else:
        greenlet = importlib.import_module("greenlet")
        def throw():
            raise KeyError(number)
        try:
            greenlet.greenlet(throw).switch()
        except KeyError as error:
            found.append(error.args == (number,))

threads = [threading.Thread(target=use, args=[number]) for number in range(8)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
child = os.fork()
if child == 0:
    import greenlet, markupsafe._speedups
    use_again = greenlet.greenlet(lambda: markupsafe._speedups._escape_inner(">"))
    os._exit(use_again.switch() != "&gt;")
print(found == [True] * 8, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
if os.path.exists("/proc/self/maps"):
    with open("/proc/self/maps") as maps:
        print("writable and executable:", sum("wx" in line.split()[1] for line in maps))
sys.exit(found != [True] * 8)
"""


@pytest.fixture(params=["3.13", "3.11"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:

    def make(folder: Path) -> None:
        (folder / "app.py").write_text(APP)
        asked = ["app.py", "--python", request.param]
        trace_and_link(asked, cwd=folder, name="app", options=["--profile", "small"])

    return made_once(tmp_path_factory, f"small-{request.param}", make) / "app"


def test_sources_processes_threads_and_tracebacks(small: Path, tmp_path: Path) -> None:
    done = run([str(small)], cwd=tmp_path)
    assert (done.status, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [[0, 1, 4, 9] * 2 + [True] * 4, True]


def run_alone(app: Path, folder: Path) -> Outcome:
    """Run a program as nobody: no /proc, no /tmp, no library, nothing that can be written to."""
    root = folder / "root"
    root.mkdir()
    shutil.copy(app, root / "app")
    for path in (root, root / "app"):
        path.chmod(0o555)
    folder.chmod(0o755)
    script = (
        "import os, sys; os.chroot(sys.argv[1]); os.chdir('/'); os.setgid(65534); os.setuid(65534); "
        "os.execve('/app', ['/app', 'alone'], {})"
    )
    return run([sys.executable, "-c", script, root], cwd=folder)


@needs.root
def test_runs_alone_in_a_read_only_root(small: Path, tmp_path: Path) -> None:
    done = run_alone(small, tmp_path)
    assert (done.status, done.stdout, done.stderr) == (0, '"True"\n', "")


@pytest.fixture(params=[("3.13",), ("3.11",), ("3.13", "--pie")], ids=" ".join)
def native(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    python, *options = request.param

    def make(folder: Path) -> None:
        (folder / "app.py").write_text(NATIVE)
        trace_and_link(
            ["app.py", "--python", python],
            cwd=folder,
            name="app",
            requirements=["markupsafe==3.0.3", "greenlet==3.2.4"],
            options=["--profile", "small", *options],
        )

    return made_once(tmp_path_factory, "-".join(("native", *request.param)), make) / "app"


@pytest.mark.network
def test_machine_code_is_compressed(native: Path, tmp_path: Path) -> None:
    done = run([native], cwd=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (0, "True 0\nwritable and executable: 0\n", "")
    with native.open("rb") as file:
        segments = list(ELFFile(file).iter_segments("PT_LOAD"))
    # The images, and four of interpreter, libraries and stub: constants, code, and two with data.
    assert [segment["p_filesz"] for segment in segments].count(0) == 5
    assert not any(segment["p_flags"] & 3 == 3 for segment in segments)


@pytest.mark.network
@needs.root
def test_machine_code_needs_no_system(native: Path, tmp_path: Path) -> None:
    done = run_alone(native, tmp_path)
    assert (done.status, done.stdout, done.stderr) == (0, "True 0\n", "")


@pytest.mark.network
def test_systems_that_forbid_written_code_are_told(native: Path, tmp_path: Path) -> None:
    """``prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN)``, of Linux 6.3, stands for all that forbid it."""
    script = (
        "import ctypes, os, sys\n"
        "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): sys.exit(77)\n"
        "os.execv(sys.argv[1], sys.argv[1:])"
    )
    done = run([sys.executable, "-c", script, native], cwd=tmp_path)
    if done.status == 77:
        pytest.skip("this kernel has no PR_SET_MDWE")
    assert done.status == 1
    assert done.stderr.startswith("castiron: this system forbids to execute memory that was written")


@pytest.mark.network
def test_damaged_machine_code_is_told(native: Path, tmp_path: Path) -> None:
    with native.open("rb") as file:
        packed = ELFFile(file).get_section_by_name(".castiron.packed")
        at, size = packed["sh_offset"], packed["sh_size"]
    data = bytearray(native.read_bytes())
    for offset in range(at + size // 8, at + size, 4096):
        data[offset] ^= 0xFF
    copy = tmp_path / "app"
    copy.write_bytes(data)
    copy.chmod(0o755)
    done = run([copy], cwd=tmp_path)
    assert done.status == 1
    assert "its bytes in the executable are damaged: copy or link it again" in done.stderr


@pytest.mark.network
def test_sizes_of_compressed_machine_code_are_told(native: Path, tmp_path: Path) -> None:
    check_sizes(native, tmp_path)


def test_every_byte_of_the_file_is_told(small: Path, tmp_path: Path) -> None:
    report = check_sizes(small, tmp_path)
    assert "zstd" in {item["name"] for item in report["components"]}


def check_sizes(small: Path, tmp_path: Path) -> dict[str, Any]:
    told = command("castiron", "audit", "--format", "json", small, cwd=tmp_path)
    assert told.status == 0, told.stderr
    report: dict[str, Any] = json.loads(told.stdout)
    sizes = [item["size"] for item in report["components"]] + [size for _, size in report["overhead"]]
    assert sum(sizes) == report["file_size"] == small.stat().st_size
    return report


def test_shares_of_what_is_compressed_together(small: Path, tmp_path: Path) -> None:
    """Whoever has more of the code has more of the frame: the interpreter most of it."""
    sizes = {item["name"]: item["size"] for item in check_sizes(small, tmp_path)["components"]}
    assert sizes["cpython"] > 10 * sizes["musl"] > sizes["mimalloc"] > 0
    assert 100_000 < sizes["zstd"] < 300_000


def test_the_interpreter_is_compressed(small: Path) -> None:
    with small.open("rb") as file:
        sections = {section.name: section for section in ELFFile(file).iter_sections()}
    filled = [sections[name] for name in (".text", ".rodata", ".data")]
    assert {section["sh_type"] for section in filled} == {"SHT_NOBITS"}
    assert 2 * sections[".castiron.frames"]["sh_size"] < sum(section["sh_size"] for section in filled)


@pytest.mark.network
def test_an_executable_that_was_damaged_or_cut_short_says_so(native: Path, tmp_path: Path) -> None:
    with native.open("rb") as file:
        frames = ELFFile(file).get_section_by_name(".castiron.frames")
        at, size = frames["sh_offset"], frames["sh_size"]
    data = native.read_bytes()
    flipped = bytearray(data)
    flipped[at + size // 2] ^= 0x10
    for content in (flipped, data[: at + size // 2], data[: at - size // 2]):
        copy = tmp_path / "app"
        copy.write_bytes(content)
        copy.chmod(0o755)
        done = run([copy], cwd=tmp_path)
        assert (done.status, done.stdout) == (1, "")
        assert done.stderr == "castiron: this executable is damaged: copy or link it again\n"


def test_debuggers_and_profilers_find_names(tmp_path: Path) -> None:
    gdb = needs.tool("gdb")
    (tmp_path / "waits.py").write_text(
        "import sys\ndef waits():\n    print(1, flush=True)\n    sys.stdin.readline()\nwaits()\n"
    )
    options = ["--profile", "small", "--symbols", "waits.debug"]
    app = trace_and_link(["waits.py"], cwd=tmp_path, name="waits", options=options)
    with subprocess.Popen([app], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        assert started.stdout.readline() == "1\n"
        named = ["-ex", "info symbol PyList_New", "-ex", "bt 3"]
        told = run([gdb, "-nx", "-batch", "-p", str(started.pid), *named], cwd=tmp_path)
        seen = run([COMMANDS / "py-spy", "dump", "--pid", str(started.pid)], cwd=tmp_path)
        started.communicate("\n")
    assert "PyList_New in section .text" in told.stdout, told.stdout + told.stderr
    assert " in _Py_read ()" in told.stdout
    assert "waits (waits.py:4)" in seen.stdout, seen.stdout + seen.stderr


def test_position_independent(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(APP)
    app = trace_and_link(["app.py"], cwd=tmp_path, name="app", options=["--profile", "small", "--pie"])
    done = run([str(app), "alone"], cwd=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (0, '"True"\n', "")


def test_damaged_bytecode_is_told(small: Path, tmp_path: Path) -> None:
    data = bytearray(small.read_bytes())
    at = data.index(MAGIC + VERSION.to_bytes(4, "little"))
    frames = 0
    while (at := data.find(zstandard.FRAME_HEADER, at + 1)) >= 0 and frames < 5000:
        data[at + 40] ^= 0xFF
        frames += 1
    assert frames > 50
    copy = tmp_path / "app"
    copy.write_bytes(data)
    copy.chmod(0o755)
    done = run([str(copy)], cwd=tmp_path)
    assert done.status == 1
    assert "damaged" in done.stderr
