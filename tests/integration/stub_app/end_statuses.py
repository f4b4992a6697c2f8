"""Ends by a status, an exception or a signal; the standard streams; functions that run at exit."""

import atexit
import os
import signal
import sys
import threading
import time

from ends_cases import case

KEPT = {}
"""Alive until the end."""


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
def at_exit_raises():
    atexit.register(lambda: 1 / 0)
    atexit.register(print, "before it")


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


@case
def at_exit_starts_a_thread():
    atexit.register(lambda: threading.Thread(target=print, args=["started"]).start())


@case
def at_exit_exits_again():
    atexit.register(sys.exit, 9)


@case
def exits_at_once():
    atexit.register(print, "not reached")
    KEPT["kept"] = open("at_once.txt", "w")
    KEPT["kept"].write("lost")
    os._exit(6)


@case
def output_before_exit_functions():
    atexit.register(os.write, 1, b"at exit\n")
    print("by the program, which has ended")
