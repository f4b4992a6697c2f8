"""One worker process: makes inputs, runs them under limits, and writes a line for each on its standard output.

A line is ``index TAB seconds TAB kind TAB text``.  Kind is ``ready`` (the first line), ``ok``, ``refused``, ``defect``
or ``peak`` (the last line: text is the peak of resident memory in KiB).  What ends the process itself, or keeps it from
answering - a crash, a hang in C - the engine sees.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING

from castiron_common.cache import cache_base
from tests.fuzz.parsers import find

if TYPE_CHECKING:
    from types import FrameType

    from tests.fuzz.parser import Parser

MEMORY = 512 << 20
"""Bytes of memory that the process may have."""


def seconds_allowed(parser: type[Parser]) -> float:
    """Return the seconds that one input may take."""
    return float(os.environ.get("FUZZ_SECONDS", parser.seconds))


class HangError(BaseException):
    """An input takes too long; not an `Exception`, so that no code under test swallows it."""


def _on_alarm(_number: int, _frame: FrameType | None) -> None:
    raise HangError


def _limit_memory() -> None:
    pages = [int(field) * resource.getpagesize() for field in Path("/proc/self/statm").read_text().split()]
    limit = pages[0] + max(0, MEMORY - pages[1])
    resource.setrlimit(resource.RLIMIT_AS, (limit, resource.getrlimit(resource.RLIMIT_AS)[1]))


def reason(error: BaseException) -> str:
    """Return an error's class and message without what differs between inputs."""
    text = str(getattr(error, "what", error)).split("@ $")[0]
    text = re.sub(r"'[^']*'|\"[^\"]*\"|\b0x[0-9a-f]+|\d+", "_", text)
    return f"{type(error).__name__}: {' '.join(text.split())[:100]}"


def _where(error: BaseException) -> str:
    """Return the innermost places of an error's traceback."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.name != _on_alarm.__name__][-4:]
    return " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames))


def attempt(parser: Parser, data: bytes) -> tuple[float, str, str]:
    """Run one input; return seconds, kind and text as `worker` writes them."""
    started = time.perf_counter()
    try:
        signal.setitimer(signal.ITIMER_REAL, seconds_allowed(type(parser)))
        try:
            with contextlib.redirect_stderr(io.StringIO()):
                kind, text = "ok", parser.run(data)
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
    except parser.expected as error:
        kind, text = "refused", reason(error)
    except HangError as error:
        kind, text = "defect", f"hang at {_where(error)}"
    except (Exception, SystemExit) as error:
        kind, text = "defect", f"{reason(error)} at {_where(error)}"
    return time.perf_counter() - started, kind, " ".join(text.split())


def main() -> None:
    """Run ``worker PARSER SEED FIRST STEP LAST``: every STEPth input from FIRST up to LAST, without it."""
    name, seed, *numbers = sys.argv[1:]
    first, step, last = map(int, numbers)
    signal.signal(signal.SIGALRM, _on_alarm)
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell that started us in the background ignores it
    out = os.dup(1)  # What the code under test prints goes nowhere.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    with tempfile.TemporaryDirectory(prefix="castiron-fuzz-") as folder:
        os.environ["FUZZ_CACHE"] = str(cache_base())
        os.environ["CASTIRON_CACHE"] = f"{folder}/cache"
        place = Path(folder) / "parser"
        place.mkdir()
        parser = find(name)(place)
        try:
            parser.prepare()
            _limit_memory()
            os.write(out, b"-1\t0\tready\t\n")
            for index in range(first, last, step):
                seconds, kind, text = attempt(parser, parser.make(Random(f"{seed}/{index}")))
                os.write(out, f"{index}\t{seconds:.4f}\t{kind}\t{text}\n".encode("utf-8", "replace"))
        finally:
            parser.stop()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    os.write(out, f"-1\t0\tpeak\t{peak}\n".encode())


if __name__ == "__main__":
    main()
