"""`examined NAME` ends with objects of examined extension modules alive, and with what does something at the end beside them.

Functions marked `early` leave nothing that can be noticed, those marked `full` do.  With the variable WITNESS, a capsule
tells whether objects were destroyed.
"""

import atexit
import gc
import io
import os
import sys
import threading
import weakref

import numpy as np
import pandas as pd

gc.disable()  # the order of what is destroyed does not depend on when the collector was at work
KEPT = {}
CASES = {}


def early(function):
    CASES[function.__name__] = function
    return function


full = alike = early


Plain = type("Plain", (), {"__del__": print})
"""Its objects print an empty line when they are destroyed, and refer to nothing that refers to them."""


class Noisy:
    """Its objects refer to the names of this module.  If an array, which the collector cannot look into, is in such a cycle,
    none of it is ever destroyed, under CPython too."""

    def __init__(self, name="an object"):
        self.name = name

    def __del__(self):
        os.write(2, f"{self.name} is destroyed\n".encode())


# --- nothing to notice ---


@early
def imports_alone():
    print("done")


@early
def many_kinds_of_arrays():
    KEPT["arrays"] = [
        np.arange(10),
        np.array([{"a": 1}, [2], None], dtype=object),
        np.array([(1, 2.5, "x")], dtype=[("a", "i4"), ("b", "f8"), ("c", "U3")]),
        np.array(["text", "more"], dtype="T") if hasattr(np.dtypes, "StringDType") else None,
        np.arange(12).reshape(3, 4).T.flat,
        np.asarray(np.arange(12).reshape(3, 4)[:, ::2].flat),
        np.broadcast(np.arange(3), np.arange(3)),
        np.frombuffer(bytearray(b"12345678"), dtype="i4"),
        np.float64(2.5),
        np.datetime64("2024-01-01"),
        np.frompyfunc(lambda a: a + 1, 1, 1),
        np.busdaycalendar(),
        np.from_dlpack(np.arange(3)),
        np.arange(3).__dlpack__(),
        np.ma.masked_array([1, 2], mask=[True, False]),
        np.linalg.inv(np.eye(3)),
        np.fft.fft(np.arange(8)),
        np.dtype("f8", metadata={"kept": [1]}),
    ]
    print(len(KEPT["arrays"]))


@early
def random_generators():
    KEPT["generators"] = [np.random.default_rng(1), np.random.RandomState(1), np.random.MT19937(1).jumped()]
    print(KEPT["generators"][0].integers(100))


@early
def a_class_of_arrays():
    class Own(np.ndarray):
        pass

    KEPT["array"] = np.arange(3).view(Own)
    KEPT["array"].more = "an attribute"


@early
def written_memory_map():
    KEPT["map"] = written = np.memmap("map.bin", dtype="u1", mode="w+", shape=(32,))
    written[:] = np.arange(32)


@early
def data_frames():
    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", None], "c": pd.date_range("2024-01-01", periods=3)})
    KEPT["frames"] = [
        frame,
        frame.groupby("a").sum(numeric_only=True),
        frame.set_index("c").index,
        frame["b"].str.upper(),
    ]
    KEPT["reader"] = pd.read_csv(io.StringIO("a,b\n1,2\n3,4\n"), chunksize=1)
    print(next(KEPT["reader"]).to_string())
    print(pd.Timestamp("2024-01-01") + pd.offsets.MonthEnd(), pd.Interval(0, 1), pd.Period("2024-01"))


@early
def exit_functions():
    KEPT["array"] = array = np.arange(4)
    atexit.register(lambda: print("sum", array.sum()))


@early
def exit_status():
    KEPT["array"] = np.arange(4)
    sys.exit(3)


@early
def uncaught_exception():
    KEPT["array"] = np.arange(4)
    raise ValueError(KEPT["array"])


@early
def threads_to_join():
    import time

    def work():
        time.sleep(0.2)
        print("thread", np.arange(4).sum())

    threading.Thread(target=work).start()


@early
def daemon_thread():
    import time

    started = threading.Event()

    def work():
        own = np.arange(4)
        started.set()
        while True:
            time.sleep(0.01)
            own.sum()

    threading.Thread(target=work, daemon=True).start()
    started.wait()


@early
def thread_locals():
    local = KEPT["local"] = threading.local()
    local.array = np.arange(3)


@early
def finalizers_that_run_before():
    KEPT["array"] = array = np.arange(3).view(type("Own", (np.ndarray,), {}))
    weakref.finalize(array, print, "finalize comes with atexit")


@early
def temporary_folder():
    import tempfile

    KEPT["folder"] = folder = tempfile.TemporaryDirectory(dir=".")
    np.save(os.path.join(folder.name, "array.npy"), np.arange(3))


@early
def closed_files():
    np.save("array.npy", np.arange(3))
    KEPT["array"] = np.load("array.npy", mmap_mode="r")
    np.savetxt("array.txt", KEPT["array"])


@early
def traced_memory():
    import faulthandler
    import tracemalloc

    tracemalloc.start()
    faulthandler.enable()
    KEPT["array"] = np.arange(1000)


@early
def memory_handler():
    import logging.handlers

    target = logging.StreamHandler(sys.stdout)
    handler = logging.handlers.MemoryHandler(100, target=target)
    logging.getLogger().addHandler(handler)
    logging.getLogger().warning("kept until %s", np.arange(2))


# --- what is noticed ---


@full
def a_class_of_arrays_with_a_finalizer():
    class Own(np.ndarray):
        def __del__(self):
            os.write(2, b"an array is destroyed\n")

    KEPT["array"] = np.arange(3).view(Own)


@full
def a_class_of_scalars_with_a_finalizer():
    class Own(np.float64):
        __slots__ = ()

        def __del__(self):
            os.write(2, b"a number is destroyed\n")

    KEPT["number"] = Own(2.5)


@full
def a_frame_with_a_finalizer():
    class Own(pd.DataFrame):
        def __del__(self):
            os.write(2, b"a frame is destroyed\n")

    KEPT["frame"] = Own({"a": [1]})


@full
def finalizer_in_an_array_of_objects():
    KEPT["array"] = np.array([Plain(), None], dtype=object)


@alike
def finalizer_in_an_array_of_objects_in_a_cycle():
    KEPT["array"] = np.array([Noisy("in an array"), None], dtype=object)


@full
def finalizer_in_metadata():
    KEPT["dtype"] = np.dtype("f8", metadata={"kept": Plain()})


@alike
def finalizer_in_metadata_in_a_cycle():
    KEPT["dtype"] = np.dtype("f8", metadata={"kept": Noisy("in metadata")})


@full
def finalizer_in_a_frame():
    KEPT["frame"] = pd.DataFrame({"a": [Plain()]})


@alike
def finalizer_in_a_frame_in_a_cycle():
    KEPT["frame"] = pd.DataFrame({"a": [Noisy("in a frame")]})


@full
def finalizer_of_a_user_function():
    KEPT["ufunc"] = np.frompyfunc(Noisy("in a ufunc").__eq__, 1, 1)


@full
def open_file():
    KEPT["file"] = file = open("open.txt", "w")
    np.savetxt(file, np.arange(3))


@full
def open_file_in_an_array():
    KEPT["array"] = array = np.empty(1, dtype=object)
    array[0] = open("open.txt", "w")
    array[0].write("flushed at the end")


@full
def open_archive():
    np.savez("archive.npz", a=np.arange(3))
    KEPT["archive"] = np.load("archive.npz")


@full
def open_csv():
    with open("table.csv", "w") as file:
        file.write("a,b\n1,2\n3,4\n")
    KEPT["reader"] = pd.read_csv("table.csv", chunksize=1)
    next(KEPT["reader"])


@full
def iterator_with_data_to_write_back():
    array = np.arange(6, dtype="i4")
    KEPT["array"] = array
    KEPT["iterator"] = iterator = np.nditer(
        [array], [], [["readwrite", "updateifcopy"]], casting="unsafe", op_dtypes=[np.dtype("f4")]
    )
    for value in iterator:
        value[...] = 7


@full
def nested_iterators():
    KEPT["iterators"] = np.nested_iters(np.arange(12).reshape(3, 4), [[0], [1]])


@full
def generator_with_cleanup():
    def generator():
        array = np.arange(3)
        try:
            yield array
        finally:
            os.write(2, b"closed\n")

    KEPT["generator"] = kept = generator()
    next(kept)


@full
def generator_of_cython():
    KEPT["generator"] = kept = pd._libs.internals.get_blkno_placements(np.array([0, 0, 1]))
    next(kept)


@full
def weak_reference_with_a_callback():
    KEPT["array"] = array = np.arange(3)
    KEPT["reference"] = weakref.ref(array, lambda _: os.write(2, b"the array is gone\n"))


@full
def finalizer_that_does_not_run_before():
    KEPT["array"] = array = np.arange(3)
    weakref.finalize(array, os.write, 2, b"the array is gone\n").atexit = False


@full
def uncommitted_database():
    import sqlite3

    KEPT["database"] = database = sqlite3.connect("table.db")
    pd.DataFrame({"a": [1]}).to_sql("t", database, index=False)
    database.execute("insert into t values (2)")


@full
def child_process():
    import subprocess

    KEPT["child"] = subprocess.Popen(["sleep", "0.1"])


@full
def called_c_function():
    import ctypes

    KEPT["array"] = array = np.arange(3, dtype="f8")
    ctypes.memset(array.ctypes.data_as(ctypes.c_void_p), 0, 8)
    print(array.sum())


@full
def pointer_made_by_hand():
    import ctypes

    KEPT["number"] = ctypes.c_int(5)


@full
def pointer_of_a_derived_metaclass():
    import ctypes

    class Meta(type(ctypes.Structure)):
        def __init__(cls, name, bases, names):
            super().__init__(name, bases, names)

    class Own(ctypes.Structure, metaclass=Meta):
        _fields_ = [("a", ctypes.c_int)]

    KEPT["structure"] = Own.from_buffer(bytearray(8))


@full
def number_of_the_other_order_of_bytes():
    import ctypes

    KEPT["number"] = ctypes.c_int.__ctype_be__(5)


@full
def ctypes_imported_again():
    import ctypes

    first = ctypes.Structure
    for name in [name for name in sys.modules if name == "_ctypes" or name.split(".")[0] == "ctypes"]:
        del sys.modules[name]
    import ctypes

    class Own(first):
        _fields_ = []

    class Other(ctypes.Structure):
        _fields_ = [("a", ctypes.c_int)]

    KEPT["structures"] = [Own(), Other(3)]
    print(KEPT["structures"][1].a)


@alike
def callback_of_the_collector():
    gc.callbacks.append(lambda phase, info: None)


@alike
def collector_that_reports():
    KEPT["array"] = cycle = np.empty(1, dtype=object)
    cycle[0] = [cycle]
    gc.set_debug(gc.DEBUG_SAVEALL)


@full
def output_that_cannot_be_flushed():
    class Output(io.StringIO):
        def flush(self):
            raise ValueError("never")

    KEPT["array"] = np.arange(3)
    sys.stdout = Output()


@full
def shown_warnings():
    import warnings

    warnings.simplefilter("always")
    KEPT["array"] = np.memmap("map.bin", mode="w+", shape=(4,))


# --- the same, in whatever way it ends ---


@alike
def pool_of_processes():
    import multiprocessing

    KEPT["pool"] = pool = multiprocessing.get_context("fork").Pool(2)
    print(pool.map(np.sum, [np.arange(3), np.arange(4)]))


@alike
def shared_memory_left_behind():
    from multiprocessing.shared_memory import SharedMemory

    KEPT["shared"] = shared = SharedMemory(create=True, size=64)
    KEPT["array"] = np.ndarray((8,), dtype="f8", buffer=shared.buf)
    KEPT["array"][:] = 1.5
    atexit.register(shared.unlink)


@alike
def pool_of_threads():
    from concurrent.futures import ThreadPoolExecutor

    KEPT["pool"] = pool = ThreadPoolExecutor(2)
    print(list(pool.map(np.sum, [np.arange(3), np.arange(4)])))


if "WITNESS" in os.environ:
    import witness

    KEPT["witness"] = witness.capsule("the witness")

CASES[sys.argv[1]]()
