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
    CASES["kept"] = file = gzip.GzipFile("left_open.gz", "wb", mtime=0)
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


# --- what is alive at the end, and who is told of its destruction ---


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone:", self.name)


@case
def finalizer_without_attributes():
    class Bare:
        __slots__ = ()

        def __del__(self):
            print("gone, and no collector knew it")

    CASES["kept"] = Bare()


@case
def finalizer_of_a_number():
    class Number(int):
        __slots__ = ()

        def __del__(self):
            print("gone:", int(self))

    CASES["kept"] = Number(7)


@case
def finalizer_of_a_class():
    class Meta(type):
        def __del__(cls):
            print("gone:", cls.__name__)

    CASES["kept"] = Meta("Made", (), {})


@case
def finalizers_in_order():
    import gc

    import last_words

    # In which order the collector destroys cycles is an accident of when it was at work before.
    gc.disable()
    gc.collect()
    CASES["kept"] = Noisy("in a dictionary")
    globals()["_private"] = Noisy("private name")
    globals()["public"] = Noisy("public name")
    sys.kept = Noisy("in sys")
    sys.modules["made_up"] = module = type(sys)("made_up")
    module.kept = Noisy("in a module without a file")
    last_words.kept = Noisy("in another module")
    loop = [Noisy("in a cycle")]
    loop.append(loop)


@case
def finalizer_raises():
    class Failing:
        def __del__(self):
            raise ValueError("at the end")

    CASES["kept"] = Failing()


@case
def finalizer_prints_after_its_module():
    import last_words

    last_words.kept = last_words.Says()


@case
def thread_local_finalizer():
    CASES["kept"] = local = threading.local()
    local.kept = Noisy("in a thread-local")


@case
def weak_reference():
    import weakref

    class Thing:
        pass

    CASES["kept"] = thing = Thing()
    globals()["reference"] = weakref.ref(thing, lambda reference: print("gone:", reference() is None))


@case
def weak_reference_told_to_a_builtin():
    import weakref

    class Thing:
        pass

    globals()["reference"] = weakref.ref(Thing, print)


@case
def weak_method():
    import weakref

    class Thing:
        def method(self):
            pass

    CASES["kept"] = thing = Thing()
    globals()["reference"] = weakref.WeakMethod(thing.method, lambda reference: print("gone"))


@case
def weak_dictionaries():
    import weakref

    class Thing:
        pass

    CASES["kept"] = thing = Thing()
    globals()["tables"] = (
        weakref.WeakKeyDictionary({thing: 1}),
        weakref.WeakValueDictionary(x=thing),
        weakref.WeakSet([thing]),
    )


@case
def weak_finalizers():
    import weakref

    class Thing:
        pass

    CASES["kept"] = thing = Thing()
    weakref.finalize(thing, print, "first")
    weakref.finalize(thing, print, "second")
    weakref.finalize(thing, print, "not at exit").atexit = False


@case
def temporary_folder():
    CASES["kept"] = folder = tempfile.TemporaryDirectory(dir=".", prefix="temporary")
    open(os.path.join(folder.name, "file"), "w").close()


@case
def generator_that_delegates():
    class Closing:
        def __iter__(self):
            return self

        def __next__(self):
            return 1

        def close(self):
            print("closed")

    def numbers():
        yield from Closing()

    CASES["kept"] = kept = numbers()
    next(kept)


@case
def generator_not_begun():
    def numbers():
        with open("nothing"):
            yield 1

    CASES["kept"] = numbers()


@case
def coroutine_never_awaited():
    async def never():
        pass

    CASES["kept"] = never()


@case
def coroutine_begun():
    class Pause:
        def __await__(self):
            yield

    async def waits():
        await Pause()

    CASES["kept"] = kept = waits()
    kept.send(None)


@case
def async_generator():
    async def numbers():
        try:
            yield 1
        finally:
            print("cleaned up")

    sys.set_asyncgen_hooks(finalizer=lambda generator: print("finalizer of the hooks"))
    CASES["kept"] = kept = numbers()
    try:
        kept.asend(None).send(None)
    except StopIteration:
        pass


@case
def async_generator_of_asyncio():
    import asyncio

    async def numbers():
        try:
            yield 1
        finally:
            print("cleaned up")

    async def main():
        CASES["kept"] = kept = numbers()
        await anext(kept)

    asyncio.run(main())


@case
def exception_never_retrieved():
    import asyncio

    loop = asyncio.new_event_loop()
    CASES["kept"] = future = loop.create_future()
    future.set_exception(ValueError("nobody asked"))
    loop.close()


@case
def pending_task():
    import asyncio

    async def endless():
        await asyncio.get_running_loop().create_future()

    CASES["loop"] = loop = asyncio.new_event_loop()
    CASES["kept"] = loop.create_task(endless())
    loop.call_soon(loop.stop)
    loop.run_forever()
    loop.close()


@case
def buffer_that_is_released():
    class Buffer:
        def __buffer__(self, flags):
            return memoryview(b"abc")

        def __release_buffer__(self, view):
            print("released")

    if sys.version_info >= (3, 12):
        CASES["kept"] = memoryview(Buffer())


@case
def collector_callbacks():
    import gc

    gc.callbacks.append(lambda phase, info: print(phase))


@case
def uncollectable():
    import gc

    gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
    gc.garbage.append([])


@case
def audited():
    write = os.write
    sys.addaudithook(lambda event, arguments: event.startswith("cpython.") and write(2, event.encode()))


@case
def profiled():
    sys.setprofile(lambda frame, event, argument: event == "call" and os.write(1, frame.f_code.co_name.encode() + b";"))


@case
def another_interpreter():
    try:
        import _interpreters
    except ImportError:
        import _xxsubinterpreters as _interpreters
    _interpreters.create()


# --- files ---


@case
def left_open_to_be_warned_of():
    import warnings

    warnings.simplefilter("always")
    CASES["kept"] = open(os.devnull)


@case
def folder_left_open_to_be_warned_of():
    import warnings

    open("file", "w").close()
    warnings.simplefilter("always")
    CASES["kept"] = os.scandir(".")
    next(CASES["kept"])


@case
def socket_left_open_to_be_warned_of():
    import socket
    import warnings

    warnings.simplefilter("always")
    CASES["kept"] = socket.socket()


@case
def one_file_twice():
    first = CASES["first"] = open("twice", "a")
    second = CASES["second"] = open("twice", "a")
    second.write("second, ")
    first.write("first, ")


@case
def left_open_text_over_bytes():
    CASES["kept"] = text = io.TextIOWrapper(open("layers", "wb"))
    text.write("in the upper layer")
    CASES["bytes"] = buffer = io.BufferedWriter(io.FileIO("bytes", "w"))
    buffer.write(b"in the lower layer")
    CASES["random"] = file = open("random", "w+b")
    file.write(b"either way")


@case
def left_open_in_a_cycle():
    file = open("cycle", "w")
    file.write("garbage that was never collected")
    file.itself = file


@case
def left_open_class_of_python():
    class Writer(io.RawIOBase):
        def writable(self):
            return True

        def write(self, data):
            print("written:", bytes(data))
            return len(data)

        def close(self):
            if not self.closed:
                print("closed")
            super().close()

    CASES["kept"] = kept = io.TextIOWrapper(io.BufferedWriter(Writer()))
    kept.write("through a class in Python")


@case
def left_open_shelf():
    import dbm.dumb
    import shelve

    CASES["kept"] = shelf = shelve.Shelf(dbm.dumb.open("shelf"), writeback=True)
    shelf["key"] = []
    shelf["key"].append("value")


@case
def left_open_mapping():
    import mmap

    with open("mapped", "w+b") as file:
        file.truncate(8)
        CASES["kept"] = mapping = mmap.mmap(file.fileno(), 8)
    mapping[:] = b"by pages"


@case
def left_open_rolled_back():
    import sqlite3

    CASES["kept"] = database = sqlite3.connect("rolled_back.db")
    database.execute("create table t (a)")
    database.commit()
    database.execute("insert into t values (1)")


@case
def standard_output_detached():
    CASES["kept"] = sys.stdout.detach()
    CASES["kept"].write(b"in the buffer")


@case
def standard_output_wrapped():
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, "utf-16")
    print("through the second wrapper")


@case
def standard_output_replaced():
    sys.__stdout__.write("in the first stream")
    sys.stdout = io.StringIO()
    print("in memory")


@case
def standard_output_of_python():
    class Stream:
        def write(self, text):
            pass

        def flush(self):
            print("flushed, finalizing:", sys.is_finalizing(), file=sys.stderr)

    sys.stdout = Stream()


@case
def standard_output_gone():
    del sys.stdout


@case
def full_disk_and_a_hook():
    def hook(unraisable):
        globals()["kept"] = Noisy("made by the hook")
        print("hook:", unraisable.exc_type.__name__, file=sys.stderr)

    sys.unraisablehook = hook
    os.dup2(os.open("/dev/full", os.O_WRONLY), 1)
    print("no space for this")


# --- functions that run at exit ---


@case
def at_exit_starts_a_thread():
    atexit.register(lambda: threading.Thread(target=print, args=["started"]).start())


@case
def at_exit_leaves_a_finalizer():
    atexit.register(lambda: CASES.update(kept=Noisy("made at exit")))


@case
def at_exit_leaves_a_file():
    def leave():
        CASES["kept"] = file = open("at_exit.txt", "w")
        file.write("written at exit")

    atexit.register(leave)


@case
def at_exit_exits_again():
    atexit.register(sys.exit, 9)


@case
def exits_at_once():
    atexit.register(print, "not reached")
    CASES["kept"] = open("at_once.txt", "w")
    CASES["kept"].write("lost")
    os._exit(6)


@case
def left_to_exit_of_the_interpreter():
    import ctypes

    ctypes.pythonapi.Py_AtExit(ctypes.CDLL(None).abort)


@case
def capsule():
    import ctypes

    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    CASES["kept"] = new(1, None, ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p))


@case
def output_before_threads_end():
    def late():
        time.sleep(0.1)
        os.write(1, b"by the thread\n")

    threading.Thread(target=late).start()
    print("by the program, which has ended")


@case
def output_before_exit_functions():
    atexit.register(os.write, 1, b"at exit\n")
    print("by the program, which has ended")


# --- daemon threads ---


def daemon_thread(work):
    """Start a thread, and wait until it is where it stays."""
    threading.Thread(target=work, daemon=True).start()
    time.sleep(0.1)  # a thread that only starts while the interpreter ends may crash any CPython


def full_pipe(**options):
    """A file that blocks whoever writes much into it."""
    reader, writer = os.pipe()
    CASES["reader"] = reader
    return open(writer, **options)


@case
def daemon_in_a_full_pipe():
    CASES["kept"] = file = full_pipe(mode="wb")
    daemon_thread(lambda: file.write(bytes(10**6)))


@case
def daemon_in_a_full_pipe_of_text():
    CASES["kept"] = file = full_pipe(mode="w")
    daemon_thread(lambda: file.write("x" * 10**6))


@case
def daemon_in_a_full_pipe_and_open_files():
    CASES["kept"] = file = full_pipe(mode="wb")
    CASES["other"] = other = open("other.txt", "w")
    other.write("flushed all the same")
    daemon_thread(lambda: file.write(bytes(10**6)))


@case
def daemon_holds_standard_output():
    file = full_pipe(mode="wb")
    os.dup2(file.fileno(), 1)
    daemon_thread(lambda: sys.stdout.buffer.write(bytes(10**6)))


@case
def daemon_reads_standard_input():
    reader, CASES["writer"] = os.pipe()
    os.dup2(reader, 0)
    daemon_thread(lambda: sys.stdin.readline())


@case
def daemon_reads_a_pipe():
    reader, CASES["writer"] = os.pipe()
    CASES["kept"] = file = open(reader, "rb")
    daemon_thread(lambda: file.read())


@case
def daemon_in_c():
    reader, CASES["writer"] = os.pipe()
    daemon_thread(lambda: os.read(reader, 1))


@case
def daemon_imports():
    sys.path.append(".")
    with open("slow_module.py", "w") as file:
        file.write("import time\ntime.sleep(60)\n")
    sys.dont_write_bytecode = True
    daemon_thread(lambda: __import__("slow_module"))


@case
def daemon_waits_for_a_condition():
    condition = CASES["kept"] = threading.Condition()

    def wait():
        with condition:
            condition.wait()

    daemon_thread(wait)


@case
def daemon_waits_for_a_lock():
    lock = CASES["kept"] = threading.Lock()
    lock.acquire()
    daemon_thread(lock.acquire)


@case
def daemon_waits_for_a_queue():
    import queue

    CASES["kept"] = waiting = queue.Queue()
    daemon_thread(waiting.get)


@case
def daemon_waits_for_a_process():
    process = CASES["kept"] = subprocess.Popen(["sleep", "2"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    daemon_thread(lambda: os.waitpid(process.pid, 0))


@case
def daemon_never_waits():
    def work():
        while True:
            pass

    daemon_thread(work)


@case
def daemon_has_a_finalizer():
    def work():
        kept = Noisy("in the frame of a thread")
        time.sleep(60)
        del kept

    daemon_thread(work)


@case
def daemon_has_a_file():
    def work():
        kept = open("of_a_thread.txt", "w")
        kept.write("in the frame of a thread")
        time.sleep(60)
        kept.close()

    daemon_thread(work)


@case
def daemon_and_finalizer():
    CASES["kept"] = Noisy("with a thread alive")
    daemon_thread(lambda: time.sleep(60))


@case
def daemon_in_an_executor():
    from concurrent.futures import ThreadPoolExecutor

    executor = CASES["kept"] = ThreadPoolExecutor(1)
    executor.submit(print, "from a pool")


if __name__ == "__main__":
    CASES[sys.argv[1]]()
