"""Files, buffers and streams that are open at the end."""

import io
import os
import sys

from ends_cases import Noisy, case

KEPT = {}
"""Alive until the end."""


@case
def full_disk_in_a_file():
    KEPT["kept"] = open("/dev/full", "w")
    KEPT["kept"].write("no space for this")


@case
def left_open_to_be_warned_of():
    import warnings

    warnings.simplefilter("always")
    KEPT["kept"] = open(os.devnull)


@case
def folder_left_open_to_be_warned_of():
    import warnings

    open("file", "w").close()
    warnings.simplefilter("always")
    KEPT["kept"] = os.scandir(".")
    next(KEPT["kept"])


@case
def socket_left_open_to_be_warned_of():
    import socket
    import warnings

    warnings.simplefilter("always")
    KEPT["kept"] = socket.socket()


@case
def one_file_twice():
    first = KEPT["first"] = open("twice", "a")
    second = KEPT["second"] = open("twice", "a")
    second.write("second, ")
    first.write("first, ")


@case
def left_open_text_over_bytes():
    KEPT["kept"] = text = io.TextIOWrapper(open("layers", "wb"))
    text.write("in the upper layer")
    KEPT["bytes"] = buffer = io.BufferedWriter(io.FileIO("bytes", "w"))
    buffer.write(b"in the lower layer")
    KEPT["random"] = file = open("random", "w+b")
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

    KEPT["kept"] = kept = io.TextIOWrapper(io.BufferedWriter(Writer()))
    kept.write("through a class in Python")


@case
def left_open_shelf():
    import dbm.dumb
    import shelve

    KEPT["kept"] = shelf = shelve.Shelf(dbm.dumb.open("shelf"), writeback=True)
    shelf["key"] = []
    shelf["key"].append("value")


@case
def left_open_mapping():
    import mmap

    with open("mapped", "w+b") as file:
        file.truncate(8)
        KEPT["kept"] = mapping = mmap.mmap(file.fileno(), 8)
    mapping[:] = b"by pages"


@case
def left_open_rolled_back():
    import sqlite3

    KEPT["kept"] = database = sqlite3.connect("rolled_back.db")
    database.execute("create table t (a)")
    database.commit()
    database.execute("insert into t values (1)")


@case
def standard_output_detached():
    KEPT["kept"] = sys.stdout.detach()
    KEPT["kept"].write(b"in the buffer")


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
