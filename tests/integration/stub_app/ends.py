"""`ends NAME` ends in one of many ways.  Every one is the same as under an ordinary interpreter."""

import atexit
import gzip
import io
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def falls_off():
    print("done")


@case
def exit_three():
    sys.exit(3)


@case
def exit_message():
    sys.exit("a message")


@case
def exit_none():
    raise SystemExit


@case
def exit_large():
    sys.exit(2**40 + 5)


@case
def exit_negative():
    sys.exit(-2)


@case
def builtin_exit():
    exit(5)


@case
def exception():
    def inner(a, b):
        return a + b

    inner(1, "2")


@case
def chained():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise ValueError("wrapped") from error


@case
def group():
    raise ExceptionGroup("several", [ValueError(1), KeyError("x")])


@case
def module_raises():
    import raising


@case
def module_missing():
    import json.nothing_there


@case
def name_missing():
    from json import nothing_there


@case
def syntax_error():
    exec("x = = 3")


@case
def recursion():
    def again():
        again()

    again()


@case
def keyboard_interrupt():
    raise KeyboardInterrupt


@case
def interrupted():
    os.kill(os.getpid(), signal.SIGINT)
    time.sleep(10)


@case
def terminated():
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(10)


@case
def aborted():
    os.abort()


@case
def broken_pipe():
    assert signal.getsignal(signal.SIGPIPE) == signal.SIG_IGN
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(reader)
    print("nobody reads this")


@case
def full_disk():
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    print("no space for this")


@case
def full_disk_in_a_file():
    CASES["kept"] = open("/dev/full", "w")
    CASES["kept"].write("no space for this")


@case
def left_open():
    CASES["kept"] = file = open("left_open.txt", "w")
    file.write("flushed at the end")
    atexit.register(print, "atexit comes first")


@case
def left_open_gzip():
    CASES["kept"] = file = gzip.open("left_open.gz", "wb")
    file.write(b"with its trailer")


@case
def left_open_temporary():
    CASES["kept"] = tempfile.NamedTemporaryFile(dir=".", prefix="temporary")


@case
def left_open_database():
    import sqlite3

    CASES["kept"] = database = sqlite3.connect("left_open.db")
    database.execute("pragma journal_mode = wal")
    database.execute("create table t (a)")
    database.execute("insert into t values (1)")
    database.commit()


@case
def left_to_exit_of_c():
    import ctypes

    libc = ctypes.CDLL(None)
    libc.atexit(libc.abort)


@case
def finalizer():
    class Noisy:
        def __del__(self):
            print("finalized")

    CASES["kept"] = Noisy()


@case
def generator():
    def numbers():
        try:
            yield 1
        finally:
            print("cleaned up")

    CASES["kept"] = kept = numbers()
    next(kept)


@case
def at_exit_raises():
    atexit.register(lambda: 1 / 0)
    atexit.register(print, "before it")


@case
def thread():
    def late():
        time.sleep(0.2)
        print("joined")

    threading.Thread(target=late).start()


@case
def daemon():
    started = threading.Event()

    def endless():
        started.set()
        time.sleep(60)

    threading.Thread(target=endless, daemon=True).start()
    started.wait()
    time.sleep(0.1)  # a thread that only starts while the interpreter ends may crash any CPython
    print("not joined")


@case
def thread_raises():
    def fail():
        1 / 0

    worker = threading.Thread(target=fail, name="worker")
    worker.start()
    worker.join()


@case
def forked():
    child = os.fork()
    if child == 0:
        print("child")
        sys.exit(4)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


@case
def hook():
    sys.excepthook = lambda kind, *rest: print("hook", kind.__name__)
    1 / 0


@case
def unflushed():
    sys.stdout.write("no newline")
    sys.stderr.write("neither here")


@case
def lone_surrogate():
    print("\udc80")


@case
def reads():
    print(sys.stdin.read().upper(), input.__name__)


@case
def warns():
    import warnings

    warnings.warn("look", stacklevel=1)


@case
def no_streams():
    print(sys.stdin, file=sys.stderr)


if __name__ == "__main__":
    CASES[sys.argv[1]]()
