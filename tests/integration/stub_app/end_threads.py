"""Threads at the end, above all those that nobody waits for."""

import os
import subprocess
import sys
import threading
import time

from ends_cases import Noisy, case

KEPT = {}
"""Alive until the end."""


@case
def thread():
    def late():
        time.sleep(0.2)
        print("joined")

    threading.Thread(target=late).start()


@case
def daemon():
    daemon_thread(lambda: time.sleep(300))
    print("not joined")


@case
def thread_raises():
    def fail():
        1 / 0

    worker = threading.Thread(target=fail, name="worker")
    worker.start()
    worker.join()


@case
def output_before_threads_end():
    def late():
        time.sleep(0.1)
        os.write(1, b"by the thread\n")

    threading.Thread(target=late).start()
    print("by the program, which has ended")


def daemon_thread(work, *, waits=True):
    """Start a thread, and wait until it is where it stays: one that only starts at the end may crash any CPython."""
    begun = threading.Event()

    def run():
        begun.set()
        work()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    begun.wait()
    while waits and not is_waiting(thread.native_id):
        pass


def is_waiting(thread):
    """Say whether a thread waits for something else than the interpreter's lock: who wants that, wakes every 5 ms."""
    before = state_and_switches(thread)
    time.sleep(0.05)
    return before[0].startswith("S") and before == state_and_switches(thread)


def state_and_switches(thread):
    """Return how the kernel calls the state of a thread, and how often it has gone to sleep: see proc(5)."""
    with open(f"/proc/self/task/{thread}/status") as file:
        values = dict(line.split(":\t", 1) for line in file if ":\t" in line)
    return values["State"], values["voluntary_ctxt_switches"]


def full_pipe(**options):
    """A file that blocks whoever writes much into it."""
    reader, writer = os.pipe()
    KEPT["reader"] = reader
    return open(writer, **options)


@case
def daemon_in_a_full_pipe():
    KEPT["kept"] = file = full_pipe(mode="wb")
    daemon_thread(lambda: file.write(bytes(10**6)))


@case
def daemon_in_a_full_pipe_of_text():
    KEPT["kept"] = file = full_pipe(mode="w")
    daemon_thread(lambda: file.write("x" * 10**6))


@case
def daemon_in_a_full_pipe_and_open_files():
    KEPT["kept"] = file = full_pipe(mode="wb")
    KEPT["other"] = other = open("other.txt", "w")
    other.write("flushed all the same")
    daemon_thread(lambda: file.write(bytes(10**6)))


@case
def daemon_holds_standard_output():
    file = full_pipe(mode="wb")
    os.dup2(file.fileno(), 1)
    daemon_thread(lambda: sys.stdout.buffer.write(bytes(10**6)))


@case
def daemon_reads_standard_input():
    reader, KEPT["writer"] = os.pipe()
    os.dup2(reader, 0)
    daemon_thread(lambda: sys.stdin.readline())


@case
def daemon_reads_a_pipe():
    reader, KEPT["writer"] = os.pipe()
    KEPT["kept"] = file = open(reader, "rb")
    daemon_thread(lambda: file.read())


@case
def daemon_in_c():
    reader, KEPT["writer"] = os.pipe()
    daemon_thread(lambda: os.read(reader, 1))


@case
def daemon_imports():
    sys.path.append(".")
    with open("slow_module.py", "w") as file:
        file.write("import time\ntime.sleep(300)\n")
    sys.dont_write_bytecode = True
    daemon_thread(lambda: __import__("slow_module"))


@case
def daemon_waits_for_a_condition():
    condition = KEPT["kept"] = threading.Condition()

    def wait():
        with condition:
            condition.wait()

    daemon_thread(wait)


@case
def daemon_waits_for_a_lock():
    lock = KEPT["kept"] = threading.Lock()
    lock.acquire()
    daemon_thread(lock.acquire)


@case
def daemon_waits_for_a_queue():
    import queue

    KEPT["kept"] = waiting = queue.Queue()
    daemon_thread(waiting.get)


@case
def daemon_waits_for_a_process():
    process = KEPT["kept"] = subprocess.Popen(["sleep", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    daemon_thread(lambda: os.waitpid(process.pid, 0))


@case
def daemon_never_waits():
    def work():
        while True:
            pass

    daemon_thread(work, waits=False)


@case
def daemon_has_a_finalizer():
    def work():
        kept = Noisy("in the frame of a thread")
        time.sleep(300)
        del kept

    daemon_thread(work)


@case
def daemon_has_a_file():
    def work():
        kept = open("of_a_thread.txt", "w")
        kept.write("in the frame of a thread")
        time.sleep(300)
        kept.close()

    daemon_thread(work)


@case
def daemon_and_finalizer():
    KEPT["kept"] = Noisy("with a thread alive")
    daemon_thread(lambda: time.sleep(300))


@case
def daemon_in_an_executor():
    from concurrent.futures import ThreadPoolExecutor

    executor = KEPT["kept"] = ThreadPoolExecutor(1)
    executor.submit(print, "from a pool")
