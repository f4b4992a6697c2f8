"""`ends NAME` ends in one of many ways.  Every one is the same as under an ordinary interpreter.

Here is what is alive at the end in `__main__`, and who is told of its destruction; the others are in modules beside it.
"""

import atexit
import gzip
import os
import sys
import tempfile
import threading

import end_files  # their cases put themselves into the table
import end_statuses
import end_threads
from ends_cases import CASES, Noisy, case

KEPT = {}
"""Alive until the end."""


@case
def left_open():
    KEPT["kept"] = file = open("left_open.txt", "w")
    file.write("flushed at the end")
    atexit.register(print, "atexit comes first")


@case
def left_open_gzip():
    KEPT["kept"] = file = gzip.GzipFile("left_open.gz", "wb", mtime=0)
    file.write(b"with its trailer")


@case
def left_open_temporary():
    KEPT["kept"] = tempfile.NamedTemporaryFile(dir=".", prefix="temporary")


@case
def left_open_database():
    import sqlite3

    KEPT["kept"] = database = sqlite3.connect("left_open.db")
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

    KEPT["kept"] = Noisy()


@case
def generator():
    def numbers():
        try:
            yield 1
        finally:
            print("cleaned up")

    KEPT["kept"] = kept = numbers()
    next(kept)


@case
def finalizer_without_attributes():
    class Bare:
        __slots__ = ()

        def __del__(self):
            print("gone, and no collector knew it")

    KEPT["kept"] = Bare()


@case
def finalizer_of_a_number():
    class Number(int):
        __slots__ = ()

        def __del__(self):
            print("gone:", int(self))

    KEPT["kept"] = Number(7)


@case
def finalizer_of_a_class():
    class Meta(type):
        def __del__(cls):
            print("gone:", cls.__name__)

    KEPT["kept"] = Meta("Made", (), {})


@case
def finalizers_in_order():
    import gc

    import last_words

    # In which order the collector destroys cycles is an accident of when it was at work before.
    gc.disable()
    gc.collect()
    KEPT["kept"] = Noisy("in a dictionary")
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

    KEPT["kept"] = Failing()


@case
def finalizer_prints_after_its_module():
    import last_words

    last_words.kept = last_words.Says()


@case
def thread_local_finalizer():
    KEPT["kept"] = local = threading.local()
    local.kept = Noisy("in a thread-local")


@case
def weak_reference():
    import weakref

    class Thing:
        pass

    KEPT["kept"] = thing = Thing()
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

    KEPT["kept"] = thing = Thing()
    globals()["reference"] = weakref.WeakMethod(thing.method, lambda reference: print("gone"))


@case
def weak_dictionaries():
    import weakref

    class Thing:
        pass

    KEPT["kept"] = thing = Thing()
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

    KEPT["kept"] = thing = Thing()
    weakref.finalize(thing, print, "first")
    weakref.finalize(thing, print, "second")
    weakref.finalize(thing, print, "not at exit").atexit = False


@case
def temporary_folder():
    KEPT["kept"] = folder = tempfile.TemporaryDirectory(dir=".", prefix="temporary")
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

    KEPT["kept"] = kept = numbers()
    next(kept)


@case
def generator_not_begun():
    def numbers():
        with open("nothing"):
            yield 1

    KEPT["kept"] = numbers()


@case
def coroutine_never_awaited():
    async def never():
        pass

    KEPT["kept"] = never()


@case
def coroutine_begun():
    class Pause:
        def __await__(self):
            yield

    async def waits():
        await Pause()

    KEPT["kept"] = kept = waits()
    kept.send(None)


@case
def async_generator():
    async def numbers():
        try:
            yield 1
        finally:
            print("cleaned up")

    sys.set_asyncgen_hooks(finalizer=lambda generator: print("finalizer of the hooks"))
    KEPT["kept"] = kept = numbers()
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
        KEPT["kept"] = kept = numbers()
        await anext(kept)

    asyncio.run(main())


@case
def exception_never_retrieved():
    import asyncio

    loop = asyncio.new_event_loop()
    KEPT["kept"] = future = loop.create_future()
    future.set_exception(ValueError("nobody asked"))
    loop.close()


@case
def pending_task():
    import asyncio

    async def endless():
        await asyncio.get_running_loop().create_future()

    KEPT["loop"] = loop = asyncio.new_event_loop()
    KEPT["kept"] = loop.create_task(endless())
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
        KEPT["kept"] = memoryview(Buffer())


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


@case
def at_exit_leaves_a_finalizer():
    atexit.register(lambda: KEPT.update(kept=Noisy("made at exit")))


@case
def at_exit_leaves_a_file():
    def leave():
        KEPT["kept"] = file = open("at_exit.txt", "w")
        file.write("written at exit")

    atexit.register(leave)


@case
def left_to_exit_of_the_interpreter():
    import ctypes

    ctypes.pythonapi.Py_AtExit(ctypes.CDLL(None).abort)


@case
def capsule():
    import ctypes

    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p]
    KEPT["kept"] = new(1, None, ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p))


if __name__ == "__main__":
    CASES[sys.argv[1]]()
