from __future__ import annotations

import os
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from castiron_common.pools import thread_pool
from castiron_common.processes import descendants, process_name
from tests.support.marked import within
from tests.support.patience import PATIENCE

if TYPE_CHECKING:
    from concurrent.futures import Future

TREE = """
import subprocess, sys
from castiron_common.processes import adopt_orphans, descendants, kill_and_reap
import os
adopt_orphans()
# A child, its child, and an orphan in a session of its own.
subprocess.run(["sh", "-c", "setsid sleep 60 & exit 0"])
subprocess.Popen(["sh", "-c", "sleep 60; true"])
while len(descendants(os.getpid())) < 3:
    pass
print(len(descendants(os.getpid())))
kill_and_reap(10)
print(len(descendants(os.getpid())))
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print("no child, no zombie")
"""


def test_all_below_are_found_and_ended() -> None:
    done = subprocess.run([sys.executable, "-c", TREE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["3", "0", "no child, no zombie"]


def test_descendants_of_a_process_without_any() -> None:
    with subprocess.Popen(["sleep", "60"]) as child:
        assert child.pid in descendants(os.getpid())
        assert descendants(child.pid) == []
        assert process_name(child.pid) in ("sleep", "pytest", "python", "python3")
        child.kill()
    assert process_name(child.pid) == str(child.pid)


def test_a_pool_does_all_its_work() -> None:
    with thread_pool(2) as pool:
        found = list(pool.map(lambda number: number * number, range(20)))
    assert found == [number * number for number in range(20)]


def test_a_pool_begins_nothing_more_after_an_exception() -> None:
    done: list[int] = []
    waiting: list[Future[None]] = []
    begun = threading.Event()

    def work(number: int) -> None:
        begun.set()
        within(PATIENCE, lambda: len(waiting) == 50 and waiting[-1].cancelled())
        done.append(number)

    def fail() -> None:
        with thread_pool(1) as pool:
            waiting.extend([pool.submit(work, number) for number in range(50)])
            begun.wait()
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert done == [0]
