"""What stays in the memory of a process."""

from __future__ import annotations

import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import Outcome, run, trace_and_link

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration


def test_bytecode_that_was_read_is_not_kept_in_memory(pack: Pack, tmp_path: Path) -> None:
    """What the kernel counts of the executable's read-only pages, before and after 7 MB of bytecode."""
    del pack
    package = tmp_path / "large"
    package.mkdir()
    (package / "__init__.py").touch()
    for number in range(12):
        (package / f"part{number}.py").write_text(f"CONTENT = '{random.Random(number).randbytes(300_000).hex()}'\n")
    (tmp_path / "app.py").write_text(
        "import sys\n"
        "def kilobytes(found=False, total=0):\n"
        "    for line in open('/proc/self/smaps'):\n"
        "        first, second, *rest = line.split()\n"
        "        if '-' in first:\n"
        "            found = second == 'r--p' and rest[-1].endswith('/app')\n"
        "        elif found and first == 'Rss:':\n"
        "            total += int(second)\n"
        "    return total\n"
        "before = kilobytes()\n"
        + "".join(f"import large.part{number}\nassert large.part{number}.CONTENT\n" for number in range(12))
        + "print(before > 100, kilobytes() - before < 4000)\n"
    )
    binary = trace_and_link(["app.py"], cwd=tmp_path, name="app", options=["--no-report"])
    assert run([binary], cwd=tmp_path) == Outcome(status=0, stdout="True True\n", stderr="")


def test_large_pages_are_for_programs_with_much_memory(each_pack: Pack, tmp_path: Path) -> None:
    """The kernel is told which of the allocator's memory may have large pages: what comes after the first 48 MiB."""
    (tmp_path / "app.py").write_text(
        "def places(flag):\n"
        "    for line in open('/proc/self/smaps'):\n"
        "        first, *rest = line.split()\n"
        "        if '-' in first:\n"
        "            start, end = (int(word, 16) for word in first.split('-'))\n"
        "        elif first == 'VmFlags:' and flag in rest:\n"
        "            yield start, end\n"
        "def place(thing):\n"
        "    return any(start <= id(thing) < end for start, end in places('hg'))\n"
        "small = [object()]\n"
        "print(place(small))\n"
        "many = [bytes(1000) for _ in range(80_000)]\n"
        "print(place(many[-1]), [start % (1 << 25) for start, _ in places('hg')])\n"
    )
    binary = trace_and_link(
        ["--python", each_pack.feature, "app.py"], cwd=tmp_path, name="app", options=["--no-report"]
    )
    large = Path("/sys/kernel/mm/transparent_hugepage").is_dir()
    expected = f"False\nTrue [{(48 << 20) % (1 << 25)}]\n" if large else "False\nFalse []\n"
    assert run([binary], cwd=tmp_path) == Outcome(status=0, stdout=expected, stderr="")
