"""Executables of ``--profile small`` do what those of the default profile do."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
import zstandard

from castiron_link.payload import MAGIC, VERSION
from tests.support import needs
from tests.support.linking import command, run, trace_and_link

if TYPE_CHECKING:
    from pathlib import Path

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


@pytest.fixture(scope="module", params=["3.13", "3.11"])
def small(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    (folder / "app.py").write_text(APP)
    return trace_and_link(["app.py", "--python", request.param], cwd=folder, name="app", options=["--profile", "small"])


def test_sources_processes_threads_and_tracebacks(small: Path, tmp_path: Path) -> None:
    done = run([str(small)], cwd=tmp_path)
    assert (done.status, done.stderr) == (0, "")
    assert json.loads(done.stdout) == [[0, 1, 4, 9] * 2 + [True] * 4, True]


@needs.root
def test_runs_alone_in_a_read_only_root(small: Path, tmp_path: Path) -> None:
    """No /proc, no /tmp, no library, nothing that can be written to, and little stack and memory to lose."""
    root = tmp_path / "root"
    root.mkdir()
    shutil.copy(small, root / "app")
    for path in (root, root / "app"):
        path.chmod(0o555)
    tmp_path.chmod(0o755)
    script = (
        "import os, sys; os.chroot(sys.argv[1]); os.chdir('/'); os.setgid(65534); os.setuid(65534); "
        "os.execve('/app', ['/app', 'alone'], {})"
    )
    done = run([sys.executable, "-c", script, root], cwd=tmp_path)
    assert (done.status, done.stdout, done.stderr) == (0, '"True"\n', "")


def test_every_byte_of_the_file_is_told(small: Path, tmp_path: Path) -> None:
    told = command("castiron", "audit", "--format", "json", small, cwd=tmp_path)
    assert told.status == 0, told.stderr
    report = json.loads(told.stdout)
    sizes = [item["size"] for item in report["components"]] + [size for _, size in report["overhead"]]
    assert sum(sizes) == report["file_size"] == small.stat().st_size
    assert "zstd" in {item["name"] for item in report["components"]}


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
