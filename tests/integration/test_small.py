"""Executables of ``--profile small`` do what those of the default profile do."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import zstandard

from tests.support.linking import run, trace_and_link

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

APP = """
import calendar, csv, fractions, inspect, json, mmap, multiprocessing, os, textwrap, threading, traceback

def square(number):
    return number * number

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
    main()
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


def test_damaged_bytecode_is_told(small: Path, tmp_path: Path) -> None:
    data = bytearray(small.read_bytes())
    at = data.index(b"CASTIRON\x03\0\0\0")
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
