"""What stays in the memory of a process."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.support.linking import Outcome, run, trace_and_link

if TYPE_CHECKING:
    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration
KERNEL = tuple(int(part) for part in os.uname().release.split(".")[:2])


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


@pytest.mark.skipif(KERNEL < (5, 14), reason="older kernels map pages of data one by one")
def test_data_that_starts_write_to_is_mapped_at_once(each_pack: Pack, tmp_path: Path) -> None:
    """All writable pages of the executable itself are there, before anything could have touched each of them."""
    (tmp_path / "app.py").write_text(
        "sizes = []\n"
        "for line in open('/proc/self/smaps'):\n"
        "    first, second, *rest = line.split()\n"
        "    if '-' in first:\n"
        "        found = second == 'rw-p' and rest[-1].endswith('/app')\n"
        "    elif found and first in ('Size:', 'Rss:'):\n"
        "        sizes.append(int(second))\n"
        "size, resident = sizes\n"
        "print(size > 300, size - resident)\n"
    )
    assert _linked_and_run(each_pack, tmp_path) == "True 0\n"


def test_large_pages_are_for_the_first_memory_and_for_much(each_pack: Pack, tmp_path: Path) -> None:
    """The kernel is told which memory of the allocator's may have large pages: the first 2 MiB, and beyond 48 MiB."""
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
        "print(place(bytes(300_000)))\n"
        "many = [bytes(1000) for _ in range(80_000)]\n"
        "print(place(many[-1]), [start % (1 << 25) for start, _ in places('hg')])\n"
        "print([end - start == 2 << 20 for start, end in places('hg')])\n"
    )
    binary = trace_and_link(
        ["--python", each_pack.feature, "app.py"], cwd=tmp_path, name="app", options=["--no-report"]
    )
    large = Path("/sys/kernel/mm/transparent_hugepage").is_dir()
    expected = f"False\nTrue [0, {(48 << 20) % (1 << 25)}]\n[True, False]\n" if large else "False\nFalse []\n[]\n"
    assert run([binary], cwd=tmp_path) == Outcome(status=0, stdout=expected, stderr="")


RESIDENT = """\
def resident():
    with open('/proc/self/statm') as file:
        return int(file.read().split()[1]) * 4096 >> 20
"""


@pytest.mark.parametrize(
    "made",
    [
        "[{'a': number, 'b': str(number)} for number in range(330_000)]",
        "[[number, number + 1] for number in range(800_000)]",
        "[str(number) * 10 for number in range(800_000)]",
        "[bytes(100_000) for _ in range(1000)]",
        "bytearray(b'x') * 100_000_000",
    ],
    ids=["dicts", "lists", "strings", "blocks", "one-block"],
)
def test_freed_memory_goes_back_at_once(each_pack: Pack, tmp_path: Path, made: str) -> None:
    """A hundred megabytes that were in use once: the process gives them back, without waiting for anything."""
    (tmp_path / "app.py").write_text(
        RESIDENT
        + "before = resident()\n"
        + f"things = {made}\n"
        + "most = resident()\n"
        + "del things\n"
        + "after = resident()\n"
        + "print(most - before > 70, after - before < 25, f'({before}, {most}, {after})')\n"
    )
    outcome = _linked_and_run(each_pack, tmp_path)
    assert outcome.startswith("True True "), outcome


def test_memory_that_is_taken_again_is_kept(each_pack: Pack, tmp_path: Path) -> None:
    """A program that frees and takes much in turns does not have the kernel clear its pages each time."""
    (tmp_path / "app.py").write_text(
        "import resource\n"
        "def faults():\n"
        "    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt\n"
        "counts = [faults()]\n"
        "for _ in range(20):\n"
        "    things = [{'a': number, 'b': str(number)} for number in range(80_000)]\n"
        "    del things\n"
        "    counts.append(faults())\n"
        "first, together = counts[1] - counts[0], counts[-1] - counts[0]\n"
        "print(first > 3000, together < 10 * first, counts)\n"
    )
    outcome = _linked_and_run(each_pack, tmp_path)
    assert outcome.startswith("True True "), outcome


def test_more_memory_than_the_machine_has_is_refused(each_pack: Pack, tmp_path: Path) -> None:
    """As under the C library's own malloc, unless the system promises everything (``vm.overcommit_memory`` 1).

    The block is not written to: a program that got it would end the machine's memory.
    """
    if Path("/proc/sys/vm/overcommit_memory").read_text().strip() == "1":
        pytest.skip("this system grants any amount of memory")
    (tmp_path / "app.py").write_text(
        "import os\n"
        "size = 4 * os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')\n"
        "try:\n"
        "    print('made', len(bytes(size)))\n"
        "except MemoryError:\n"
        "    print('refused', len(bytes(1 << 30)))\n"
    )
    assert _linked_and_run(each_pack, tmp_path) == f"refused {1 << 30}\n"


@pytest.mark.parametrize("number", [100_000, 330_000], ids=["its-heap-waits", "its-heap-is-gone"])
def test_what_a_thread_made_goes_back_when_another_frees_it(each_pack: Pack, tmp_path: Path, number: int) -> None:
    """Which happens when threads that still run take memory: here the first thread works until it has happened."""
    (tmp_path / "app.py").write_text(
        "import threading, time\n" + RESIDENT + "things = []\n"
        "def make():\n"
        f"    things.append([{{'a': number, 'b': str(number)}} for number in range({number})])\n"
        "before = resident()\n"
        "thread = threading.Thread(target=make)\n"
        "thread.start()\n"
        "thread.join()\n"
        "most = resident()\n"
        "things.clear()\n"
        "end = time.monotonic() + 60\n"
        "while resident() - before > (most - before) // 2 and time.monotonic() < end:\n"
        "    for _ in range(100):\n"
        "        texts = [str(number) for number in range(100)]\n"
        "    time.sleep(0.02)\n"
        "after = resident()\n"
        "print(most - before > 20, after - before < (most - before) // 2 + 1, f'({before}, {most}, {after})')\n"
    )
    outcome = _linked_and_run(each_pack, tmp_path)
    assert outcome.startswith("True True "), outcome


def test_large_blocks_that_are_freed_and_taken_in_turns(each_pack: Pack, tmp_path: Path) -> None:
    """Each thread keeps the large block that it freed last: it is nobody else's meanwhile, and ends with the thread."""
    (tmp_path / "app.py").write_text(
        "import random, threading\n" + RESIDENT + "wrong = []\n"
        "def work(seed):\n"
        "    choose = random.Random(seed)\n"
        "    blocks = []\n"
        "    for _ in range(300):\n"
        "        size, byte = choose.choice((100, 70_000, 140_000, 270_000, 500_000, 700_000)), choose.randbytes(1)\n"
        "        if blocks and choose.random() < 0.5:\n"
        "            block, before, old = blocks.pop(choose.randrange(len(blocks)))\n"
        "            if size > before:\n"
        "                block.extend(old * (size - before))\n"
        "            else:\n"
        "                del block[size:]\n"
        "            wrong.extend([size] if block != old * size else [])\n"
        "        block = bytearray(byte * size)\n"
        "        blocks.append((block, size, byte))\n"
        "        if len(blocks) > 3:\n"
        "            block, size, byte = blocks.pop(choose.randrange(len(blocks)))\n"
        "            wrong.extend([size] if block != byte * size else [])\n"
        "            del block\n"
        "def end(barrier):\n"
        "    barrier.wait()\n"
        "    bytearray(b'x') * 400_000\n"
        "    barrier.wait()\n"
        "def all_of(target, number, *arguments):\n"
        "    threads = [threading.Thread(target=target, args=arguments or (n,)) for n in range(number)]\n"
        "    for thread in threads:\n"
        "        thread.start()\n"
        "    for thread in threads:\n"
        "        thread.join()\n"
        "all_of(work, 4)\n"
        "for _ in range(3):\n"
        "    all_of(end, 50, threading.Barrier(50))\n"
        "before = resident()\n"
        "for _ in range(20):\n"
        "    all_of(end, 50, threading.Barrier(50))\n"
        "after = resident()\n"
        "print(wrong, after - before < 15, f'({before}, {after})')\n"
    )
    outcome = _linked_and_run(each_pack, tmp_path)
    assert outcome.startswith("[] True "), outcome


def _linked_and_run(pack: Pack, folder: Path) -> str:
    """Return what the program ``app.py`` in a folder prints, linked for a pack's Python."""
    binary = trace_and_link(["--python", pack.feature, "app.py"], cwd=folder, name="app", options=["--no-report"])
    outcome = run([binary], cwd=folder)
    assert (outcome.status, outcome.stderr) == (0, "")
    return outcome.stdout
