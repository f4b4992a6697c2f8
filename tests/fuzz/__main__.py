"""``python -m tests.fuzz PARSER --runs N``: fuzz, and print figures.  Exits with 1 if there are defects."""

from __future__ import annotations

import argparse
import math
import signal
import sys
import time
from pathlib import Path

from castiron_common.cache import cache_base
from tests.fuzz.engine import fuzz, make, save
from tests.fuzz.parsers import PARSERS
from tests.fuzz.worker import _on_alarm, attempt


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    arguments.add_argument("parser", choices=[*sorted(PARSERS), "all"])
    arguments.add_argument("--runs", type=int, default=10_000, help="how many inputs (default: 10000)")
    arguments.add_argument("--seconds", type=float, default=math.inf, help="end each parser after so long")
    arguments.add_argument("--seed", default="1", help="another seed gives other inputs")
    arguments.add_argument("--jobs", type=int, default=2, help="worker processes (default: 2)")
    arguments.add_argument("--reasons", action="store_true", help="list the reasons of refusals")
    arguments.add_argument("--save", type=Path, default=Path("build/fuzz"), help="folder for inputs that show defects")
    arguments.add_argument("--input", type=Path, help="run this one file, here, and show the whole traceback")
    arguments.add_argument("--write", type=int, metavar="NUMBER", help="write the input of this number into --save")
    given = arguments.parse_args()
    if given.write is not None:
        given.save.mkdir(parents=True, exist_ok=True)
        path = given.save / f"{given.parser}-{given.seed}-{given.write}{PARSERS[given.parser].suffix}"
        path.write_bytes(make(given.parser, given.seed, given.write))
        print(path)
        return 0
    if given.input is not None:
        return _one(given.parser, given.input)
    failed = 0
    for name in sorted(PARSERS) if given.parser == "all" else [given.parser]:
        started = time.perf_counter()
        figures = fuzz(name, runs=given.runs, seed=given.seed, jobs=given.jobs, seconds=given.seconds)
        print("\n".join(figures.lines(reasons=given.reasons)))
        print(f"  {time.perf_counter() - started:.0f} s", flush=True)
        for path in save(figures, given.save, given.seed):
            print(f"  saved {path}")
        failed += bool(figures.defects)
    return 1 if failed else 0


def _one(name: str, path: Path) -> int:
    import os
    import tempfile

    signal.signal(signal.SIGALRM, _on_alarm)
    with tempfile.TemporaryDirectory(prefix="castiron-fuzz-") as folder:
        os.environ["FUZZ_CACHE"] = str(cache_base())
        os.environ["CASTIRON_CACHE"] = f"{folder}/cache"
        place = Path(folder) / "parser"
        place.mkdir()
        parser = PARSERS[name](place)
        try:
            parser.prepare()
            seconds, kind, text = attempt(parser, path.read_bytes())
            print(f"{seconds:.3f} s: {kind}: {text}")
            if kind == "defect":
                parser.run(path.read_bytes())
        finally:
            parser.stop()
    return 1 if kind == "defect" else 0


if __name__ == "__main__":
    sys.exit(main())
