"""Threads get what threads before them left: stacks, and heaps of the allocator."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from castiron_runtime.stub import FOLDER, stub_settings, target_flags
from tests.support.linking import run, trace_and_link

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from castiron_runtime.model import Pack

pytestmark = pytest.mark.integration

PROGRAM = """
import os
import queue
import threading

def megabytes(name):
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith(name)) // 1024

def work(number, results, local=threading.local()):
    assert not hasattr(local, "number")
    local.number = number
    own = [bytes([number % 251]) * size for size in range(1, 3000, 70)]
    for other in (results.get_nowait() for _ in range(results.qsize() // 2)):
        assert other == [bytes([other[0][0]]) * size for size in range(1, 3000, 70)]
    results.put(own)
    assert local.number == number

def one_after_another(count, results):
    for number in range(count):
        thread = threading.Thread(target=work, args=(number, results))
        thread.start()
        thread.join()

def at_once(count, results):
    threads = [threading.Thread(target=work, args=(number, results)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

class Quiet(queue.Queue):
    def get_nowait(self):
        try:
            return super().get_nowait()
        except queue.Empty:
            return [bytes([7]) * size for size in range(1, 3000, 70)]

def deep(depth):
    return depth and 1 + deep(depth - 1)

def starts_a_child(results):
    child = os.fork()
    if child == 0:
        one_after_another(20, results)
        at_once(20, results)
        os._exit(0)
    assert os.waitpid(child, 0)[1] == 0

results = Quiet()
one_after_another(50, results)
before = megabytes("VmSize")
one_after_another(2000, results)
print("one after another:", "as much" if megabytes("VmSize") - before < 200 else megabytes("VmSize") - before)
for _ in range(10):
    at_once(40, results)
for size in (256 << 10, 1 << 20, 0):
    threading.stack_size(size)
    at_once(10, results)
    one_after_another(10, results)
threads = [threading.Thread(target=starts_a_child, args=(results,)) for _ in range(5)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
outcome = []
thread = threading.Thread(target=lambda: outcome.append(deep(900)))
thread.start()
thread.join()
print("deep:", outcome)
"""


def test_threads_find_stacks_and_heaps_as_new(each_pack: Pack, tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text(PROGRAM)
    binary = trace_and_link(["--python", each_pack.feature, "app.py"], cwd=tmp_path, name="app")
    outcome = run([binary], cwd=tmp_path)
    assert (outcome.stdout, outcome.status) == ("one after another: as much\ndeep: [900]\n", 0), outcome.stderr


STACKS = ("_Fork", "__copy_tls", "__mmap", "__mprotect", "__munmap", "__unmapself")
LOCKS = ("pthread_cond_broadcast", "pthread_cond_signal", "pthread_mutex_lock", "pthread_mutex_unlock")


def test_a_stack_is_its_threads_alone(pack: Pack, tmp_path: Path) -> None:
    counted = ["-D__real___mmap=counting_mmap", "-D__real___munmap=counting_munmap"]
    test, stacks = Path(__file__).with_name("stacks_test.c"), FOLDER / "libc" / "thread_stacks.c"
    program = _program(pack, tmp_path, {test: counted, stacks: [*counted, "-Dsyscall=slow_syscall"]}, STACKS)
    outcome = run([program], cwd=tmp_path)
    assert (outcome.stdout, outcome.status) == ("1 mapped, 0 unmapped\n", 0)


def test_locks_of_one_thread_and_of_several(pack: Pack, tmp_path: Path) -> None:
    files = (Path(__file__).with_name("locks_test.c"), FOLDER / "libc" / "locks.c", FOLDER / "libc" / "thread_stacks.c")
    program = _program(pack, tmp_path, dict.fromkeys(files, ()), (*STACKS, *LOCKS))
    assert set(LOCKS) < set(stub_settings().wrap)
    outcome = run([program], cwd=tmp_path)
    assert (outcome.stdout, outcome.status) == ("80000 turns\n", 0)


def _program(pack: Pack, folder: Path, sources: Mapping[Path, Sequence[str]], wrapped: Sequence[str]) -> Path:
    """Link a C program of its own from files of the stub and of the tests, each with flags."""
    toolchain = pack.toolchain
    flags = [
        *toolchain.cflags,
        *target_flags(pack.target),
        f"-I{FOLDER}",
        "-D_GNU_SOURCE",
        "-Wall",
        "-Wextra",
        "-Werror",
    ]
    for file, more in sources.items():
        subprocess.run([*toolchain.cc, *flags, *more, "-c", file, "-o", folder / f"{file.stem}.o"], check=True)
    objects = [
        toolchain.crt1,
        *(f"{file.stem}.o" for file in sources),
        "--start-group",
        *toolchain.libraries,
        "--end-group",
    ]
    argv = [*toolchain.linker, "-static", "-no-pie", *(f"--wrap={name}" for name in wrapped), *objects, "-o", "test"]
    subprocess.run([str(word) for word in argv], cwd=folder, check=True)
    return folder / "test"


FOLLOWING = """
import resource, threading

def work():
    parts = [bytearray(size) for size in (100, 1000, 9000, 40000) for _ in range(20)]
    return str(parts[0])

def faults():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

for count in (20, 300):
    before = faults()
    for _ in range(count):
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
print((faults() - before) // 300)
"""


def test_threads_that_follow_each_other_use_the_same_pages(tmp_path: Path) -> None:
    """Page faults of each thread, which takes 1 MB: 0 or 1; 249 where each gives back what it had."""
    (tmp_path / "app.py").write_text(FOLLOWING)
    binary = trace_and_link(["app.py"], cwd=tmp_path, name="app")
    done = run([binary], cwd=tmp_path)
    assert (done.status, done.stderr) == (0, "")
    assert int(done.stdout) < 50
