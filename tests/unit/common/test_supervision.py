from __future__ import annotations

import subprocess
import sys

HELD = """
import os, signal
from castiron_common.supervision import Stopped, signals_held, supervise
supervise()
try:
    with signals_held():
        os.kill(os.getpid(), signal.SIGTERM)
        print("done", flush=True)
    print("never", flush=True)
except Stopped as stop:
    print("stopped by", stop.number, flush=True)
    raise SystemExit(stop.exit_code)
"""

CRASH = """
import os, signal, sys, time
from castiron_common.supervision import Stopped, supervise
front = os.getpid()
supervise()
if sys.argv[1] == "asked":
    try:
        os.kill(front, signal.SIGTERM)
        time.sleep(30)
    except Stopped:
        pass
os.abort()
"""


def test_signals_wait_where_an_exception_would_do_harm() -> None:
    done = subprocess.run([sys.executable, "-c", HELD], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (143, "done\nstopped by 15\n")


def test_a_crash_is_told() -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, "alone"], capture_output=True, text=True, check=False)
    assert done.returncode == 134
    assert "error: killed by SIGABRT; nothing was left half-written" in done.stderr


def test_a_crash_while_it_tidies_up_is_the_end_that_was_asked_for() -> None:
    done = subprocess.run([sys.executable, "-c", CRASH, "asked"], capture_output=True, text=True, check=False)
    assert done.returncode == 143
    assert done.stderr == "ended by SIGTERM; the next run removes what was left\n"


LATE = """
import os, signal, time, typer
from castiron_common import console
console.made = lambda: {"an entry"}
def keep_small(entries):
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(30)
console._keep_cache_small = keep_small
app = typer.Typer()
@app.command()
def command() -> None:
    pass
console.run_command(app, prog="command", args=[])
"""


def test_a_signal_when_all_is_done_but_the_tidying_of_the_cache() -> None:
    done = subprocess.run([sys.executable, "-c", LATE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (143, "terminated: nothing was left half-written\n")
