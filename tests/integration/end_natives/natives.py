"""`natives NAME` ends with objects, functions and threads of an extension module alive: see witness.cc."""

import atexit
import gc
import os
import sys
import threading
import time

import witness

# In which order the collector destroys what the modules leave behind is an accident of when it was at work before.
gc.disable()

CASES = {}


def case(function):
    CASES[function.__name__] = function
    return function


@case
def nothing_but_the_module():
    print("done")


@case
def capsule():
    CASES["kept"] = witness.capsule("in a dictionary")


@case
def capsule_that_aborts():
    CASES["kept"] = witness.capsule("abort")


@case
def capsules_in_order():
    CASES["kept"] = witness.capsule("in a dictionary")
    globals()["_private"] = witness.capsule("private name")
    globals()["public"] = witness.capsule("public name")
    sys.kept = witness.capsule("in sys")
    witness.kept = witness.capsule("in the extension module")
    os.kept = witness.capsule("in a module of the standard library")
    cycle = [witness.capsule("in a cycle")]
    cycle.append(cycle)


@case
def capsule_behind_a_finalizer():
    class Noisy:
        def __init__(self):
            self.kept = witness.capsule("of an object")

        def __del__(self):
            os.write(2, b"__del__ comes first\n")

    CASES["kept"] = Noisy()


@case
def writer():
    CASES["kept"] = kept = witness.Writer("written")
    kept.add("all frames")


@case
def writer_in_a_class_of_python():
    class Video(witness.Writer):
        pass

    CASES["kept"] = kept = Video("written")
    kept.itself = kept
    kept.add("all frames")


@case
def writer_of_a_daemon():
    begun = threading.Event()

    def work():
        kept = witness.Writer("written")
        kept.add("all frames")
        begun.set()
        time.sleep(300)

    threading.Thread(target=work, daemon=True).start()
    begun.wait()
    time.sleep(0.2)


@case
def writer_and_exit_functions():
    CASES["kept"] = kept = witness.Writer("written")
    atexit.register(kept.add, "added by atexit")
    witness.at_interpreter_exit()
    witness.at_process_exit()


@case
def interpreter_exit_function():
    witness.at_interpreter_exit()


@case
def process_exit_function():
    witness.at_process_exit()


@case
def failure():
    CASES["kept"] = witness.capsule("after the traceback")
    1 / 0


@case
def frames_of_the_failure():
    def inner():
        local = witness.capsule("in a frame of the traceback")
        1 / 0

    inner()


@case
def exit_status():
    CASES["kept"] = witness.capsule("after sys.exit")
    sys.exit(5)


@case
def exits_at_once():
    CASES["kept"] = witness.capsule("never")
    witness.at_process_exit()
    os._exit(6)


@case
def unflushed_text():
    CASES["kept"] = file = open("text", "w")
    file.write("flushed at the end")
    sys.stdout.write("no newline")


@case
def broken_pipe():
    CASES["kept"] = witness.capsule("after the complaint")
    reader, writer = os.pipe()
    os.dup2(writer, 1)
    os.close(reader)
    print("nobody reads this")


@case
def forked():
    CASES["kept"] = witness.capsule("in both")
    child = os.fork()
    if child:
        os.waitpid(child, 0)


@case
def thread_that_calls_python():
    called = threading.Event()
    witness.thread_that_calls(called.set)
    called.wait()


@case
def thread_that_waits_in_c():
    witness.thread_that_waits()
    CASES["kept"] = witness.capsule("with a thread alive")


@case
def daemon_in_a_full_pipe():
    reader, writer = os.pipe()
    CASES["kept"] = reader, witness.capsule("with a thread alive")
    file = open(writer, "wb")
    threading.Thread(target=file.write, args=[bytes(10**6)], daemon=True).start()
    time.sleep(0.2)


if __name__ == "__main__":
    gc.collect()
    CASES[sys.argv[1]]()
